/**
 * The machine's clocks. The monotonic one decides about waiting; the wall clock only names times.
 *
 * Source: systemd-timesyncd(8): the file exists once the clock was set; adjtimex is out of reach of
 * Node, so a machine with another time service counts as right as long as its year is possible.
 */
import { existsSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import type { Clock } from "#core/clock.js";

const TIMESYNC_FOLDER = "/run/systemd/timesync";
const SYNCED_FILE = `${TIMESYNC_FOLDER}/synchronized`;
/** No clock that is right shows an earlier time than this program's. */
const EARLIEST_MS = Date.UTC(2026, 0, 1);
/** Node takes a longer timer for one of 1 ms. */
const TIMER_MAX_MS = 2 ** 31 - 1;

export function createSystemClock(): Clock {
  const monotonicMs = (): number => Number(process.hrtime.bigint() / 1000n) / 1000;
  return {
    nowMs: () => Date.now(),
    monotonicMs,
    isSynced() {
      if (Date.now() < EARLIEST_MS) return false;
      return !existsSync(TIMESYNC_FOLDER) || existsSync(SYNCED_FILE);
    },
    async sleep(ms, signal) {
      const untilMs = monotonicMs() + ms;
      while (!signal.aborted && monotonicMs() < untilMs) {
        const partMs = Math.min(Math.max(untilMs - monotonicMs(), 1), TIMER_MAX_MS);
        await pause(partMs, undefined, { signal }).catch(() => undefined);
      }
    },
  };
}
