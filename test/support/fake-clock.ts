/** A clock that stands still until a test moves it. Sleepers wake in the order of their time. */
import type { Clock } from "#core/clock.js";

/** The clock and the hand that moves it. */
export interface FakeClock extends Clock {
  /** Moves both clocks on and lets everything that woke up run. */
  advance(ms: number): Promise<void>;
  /** Sets only the wall clock, as NTP does. */
  stepWall(toMs: number): void;
  setSynced(synced: boolean): void;
  /** Sleepers that wait. */
  readonly waiting: number;
}

/** Lets promises and I/O callbacks that are ready run. */
export async function settle(): Promise<void> {
  for (let round = 0; round < 20; round++) {
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  }
}

/** @param startMs wall clock at the start, Unix milliseconds */
export function createFakeClock(startMs = Date.UTC(2026, 10, 1)): FakeClock {
  let wallOffsetMs = startMs;
  let monotonicMs = 0;
  let synced = true;
  const sleepers = new Set<{ at: number; wake: () => void }>();
  return {
    nowMs: () => wallOffsetMs + monotonicMs,
    monotonicMs: () => monotonicMs,
    isSynced: () => synced,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve();
        const sleeper = {
          at: monotonicMs + ms,
          wake: () => {
            sleepers.delete(sleeper);
            signal.removeEventListener("abort", sleeper.wake);
            resolve();
          },
        };
        sleepers.add(sleeper);
        signal.addEventListener("abort", sleeper.wake, { once: true });
      }),
    async advance(ms) {
      const target = monotonicMs + ms;
      await settle();
      for (;;) {
        const next = [...sleepers].sort((a, b) => a.at - b.at)[0];
        if (next === undefined || next.at > target) break;
        monotonicMs = Math.max(monotonicMs, next.at);
        next.wake();
        await settle();
      }
      monotonicMs = target;
      await settle();
    },
    stepWall(toMs) {
      wallOffsetMs = toMs - monotonicMs;
    },
    setSynced(value) {
      synced = value;
    },
    get waiting() {
      return sleepers.size;
    },
  };
}
