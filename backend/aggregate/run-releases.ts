/** Releases statistics once a day at a fixed time, whoever asks in between. */
import type { Clock } from "#core/clock.js";
import { HeatpoolError } from "#core/errors.js";
import type { Community } from "./community.js";

const DAY_MS = 86_400_000;

/** The wall clock may step: it is looked at this often. */
const LOOK_MS = 10 * 60_000;

/** What the daily release works with. */
export interface ReleaseSchedule {
  readonly community: Community;
  readonly clock: Clock;
  /** Minutes after midnight UTC. */
  readonly minuteOfDay: number;
  /** A release that failed; the next day tries again. */
  readonly onFault: (fault: unknown) => void;
}

/** Lives until the signal. A time that was missed is not made up for: the next day's comes. */
export async function runReleases(deps: ReleaseSchedule, signal: AbortSignal): Promise<void> {
  const { community, clock, minuteOfDay, onFault } = deps;
  let dueMs = nextDue(clock.nowMs(), minuteOfDay);
  while (!signal.aborted) {
    const nowMs = clock.nowMs();
    if (nowMs < dueMs) {
      await clock.sleep(Math.min(LOOK_MS, dueMs - nowMs), signal);
      continue;
    }
    await community.release().catch((fault: unknown) => {
      const isEarly = fault instanceof HeatpoolError && fault.code === "TOO_SOON";
      if (!isEarly) onFault(fault);
    });
    dueMs = nextDue(clock.nowMs(), minuteOfDay);
  }
}

/** The next time of day after `nowMs`. */
export function nextDue(nowMs: number, minuteOfDay: number): number {
  const today = Math.floor(nowMs / DAY_MS) * DAY_MS + minuteOfDay * 60_000;
  return today > nowMs ? today : today + DAY_MS;
}
