/** A clock that runs some times faster than the machine's, so that time limits can be waited out. */
import { setTimeout as pause } from "node:timers/promises";
import type { Clock } from "#core/clock.js";

/** @param factor how much faster */
export function createQuickClock(factor: number, startMs = Date.UTC(2026, 10, 1)): Clock {
  const beganMs = performance.now();
  const elapsedMs = (): number => (performance.now() - beganMs) * factor;
  return {
    nowMs: () => Math.round(startMs + elapsedMs()),
    monotonicMs: elapsedMs,
    isSynced: () => true,
    async sleep(ms, signal) {
      if (signal.aborted) return;
      await pause(ms / factor, undefined, { signal }).catch(() => undefined);
    },
  };
}
