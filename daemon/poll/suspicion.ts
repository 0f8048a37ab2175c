/**
 * Which ranges deserve a search for bad registers: those refused twice in a row while another range
 * of the device was answered both times. A rebooting device refuses everything; that proves nothing.
 */
import type { PlannedRange } from "#core/profile/read-plan.js";
import { describeRange } from "#core/profile/register-range.js";

/** A range and the exception code it was refused with. */
export interface RefusedRange {
  readonly range: PlannedRange;
  readonly code: number;
}

/** Remembers from poll to poll. */
export interface Suspicion {
  /** Ranges to search, given what a poll refused of what it asked for. Call it when one answered. */
  judge(refused: readonly RefusedRange[], asked: readonly PlannedRange[]): readonly RefusedRange[];
  /** Nothing answered in a poll: what was refused before proves nothing any more. */
  forget(): void;
}

const POLLS_IN_A_ROW = 2;

/** One per device. */
export function createSuspicion(): Suspicion {
  const inARow = new Map<string, number>();
  return {
    judge(refused, asked) {
      const refusedNow = new Set(refused.map(({ range }) => describeRange(range)));
      for (const range of asked) {
        const key = describeRange(range);
        if (!refusedNow.has(key)) inARow.delete(key);
      }
      return refused.filter(({ range }) => {
        const key = describeRange(range);
        const count = (inARow.get(key) ?? 0) + 1;
        if (count < POLLS_IN_A_ROW) inARow.set(key, count);
        else inARow.delete(key);
        return count >= POLLS_IN_A_ROW;
      });
    },
    forget: () => inARow.clear(),
  };
}
