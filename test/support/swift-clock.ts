/**
 * A clock for tests on real sockets: short sleeps take no time but move the clock, long ones (time
 * limits that should not be reached) end only when they are aborted.
 */
import type { Clock } from "#core/clock.js";

/** The clock, what it slept, and a way to let time pass. */
export interface SwiftClock extends Clock {
  readonly sleptMs: number[];
  pass(ms: number): void;
}

/** @param limitMs sleeps from this length on end only by their signal */
export function createSwiftClock(limitMs = 10_000): SwiftClock {
  let monotonicMs = 1_000_000;
  const wallOffsetMs = Date.UTC(2026, 10, 1);
  const sleptMs: number[] = [];
  return {
    sleptMs,
    pass: (ms) => {
      monotonicMs += ms;
    },
    nowMs: () => wallOffsetMs + monotonicMs,
    monotonicMs: () => monotonicMs,
    isSynced: () => true,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve();
        if (ms >= limitMs) return signal.addEventListener("abort", () => resolve(), { once: true });
        sleptMs.push(ms);
        monotonicMs += ms;
        setImmediate(resolve);
      }),
  };
}
