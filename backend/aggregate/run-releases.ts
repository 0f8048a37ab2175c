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

/**
 * Lives until the signal. A release that was missed while nothing ran is made up for at the start;
 * the very first one waits for its time, because an empty pool has nothing to release.
 */
export async function runReleases(deps: ReleaseSchedule, signal: AbortSignal): Promise<void> {
  const { community, clock, minuteOfDay, onFault } = deps;
  let dueMs = firstDue(clock.nowMs(), minuteOfDay, community.averages("", []).releasedAtMs);
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

/** Today's time, when today's release is missing and its time has passed; else the next. */
function firstDue(nowMs: number, minuteOfDay: number, releasedAtMs: number): number {
  const nextMs = nextDue(nowMs, minuteOfDay);
  const isMissed = releasedAtMs > 0 && nowMs - releasedAtMs > DAY_MS;
  const todayMs = nextMs - DAY_MS;
  return isMissed && isSameDay(todayMs, nowMs) ? todayMs : nextMs;
}

function isSameDay(oneMs: number, otherMs: number): boolean {
  return Math.floor(oneMs / DAY_MS) === Math.floor(otherMs / DAY_MS);
}

/** The next time of day after `nowMs`. */
export function nextDue(nowMs: number, minuteOfDay: number): number {
  const today = Math.floor(nowMs / DAY_MS) * DAY_MS + minuteOfDay * 60_000;
  return today > nowMs ? today : today + DAY_MS;
}
