/**
 * One epoch while it is being delivered: what is taken, what is durable, what will never come.
 *
 * `takenThrough` runs ahead of `ackedThrough` by what is being written. Numbers that a loss report
 * voided are passed over as soon as everything before them is taken.
 */
import type { EpochState } from "../store/snapshot-store.js";

/** Taken batches whose check is remembered here; older ones are in the store. */
const CHECKS_KEPT = 64;

/** Void ranges beyond the next number; more than a ledger of the daemon's size can name. */
export const VOIDS_MAX = 1_024;

/** A range of sequences, both ends included. */
type Range = EpochState["voids"][number];

/** An epoch that is being delivered. */
export interface EpochWork {
  readonly epochId: string;
  takenThrough: number;
  ackedThrough: number;
  voids: readonly Range[];
  /** Check by sequence, of what was taken lately. */
  readonly checks: Map<number, number>;
}

/** Goes on where the store stands. */
export function resumeEpoch(epochId: string, stored: EpochState | undefined): EpochWork {
  const through = stored?.ackedThrough ?? 0;
  const voids = stored?.voids ?? [];
  return { epochId, takenThrough: through, ackedThrough: through, voids, checks: new Map() };
}

/** Takes the next number, and passes over what will never come after it. */
export function takeNext(epoch: EpochWork, check: number): void {
  epoch.takenThrough++;
  epoch.checks.set(epoch.takenThrough, check);
  epoch.checks.delete(epoch.takenThrough - CHECKS_KEPT);
  passVoids(epoch);
}

/** Notes that a range will never come. Returns whether there was room; if not, nothing changed. */
export function voidRange(epoch: EpochWork, range: Range): boolean {
  const voids = mergeRanges([...epoch.voids, range]);
  if (voids.length > VOIDS_MAX) return false;
  epoch.voids = voids;
  passVoids(epoch);
  return true;
}

/** The state to be written. */
export function toEpochState({ epochId, takenThrough, voids }: EpochWork): EpochState {
  return { epochId, ackedThrough: takenThrough, voids };
}

function passVoids(epoch: EpochWork): void {
  while (epoch.voids[0] !== undefined && epoch.voids[0].from <= epoch.takenThrough + 1) {
    const [first, ...rest] = epoch.voids;
    epoch.takenThrough = Math.max(epoch.takenThrough, first.to);
    epoch.voids = rest;
  }
}

function mergeRanges(ranges: readonly Range[]): Range[] {
  const merged: Range[] = [];
  for (const range of [...ranges].sort((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (last === undefined || range.from > last.to + 1) merged.push(range);
    else merged[merged.length - 1] = { from: last.from, to: Math.max(last.to, range.to) };
  }
  return merged;
}
