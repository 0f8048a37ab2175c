/**
 * Waits until something happened or a time has passed. One waiter; a wake that comes while nobody
 * waits is kept, so that nothing is missed between looking and sleeping.
 */
import type { Clock } from "#core/clock.js";

/** Sleeps and is woken. */
export interface Waker {
  wake(): void;
  /** Resolves after `ms`, or at once when woken since the last wait. */
  wait(ms: number): Promise<void>;
}

export function createWaker(clock: Clock): Waker {
  let isWoken = false;
  let nap = new AbortController();
  return {
    wake() {
      isWoken = true;
      nap.abort();
    },
    async wait(ms) {
      if (!isWoken) await clock.sleep(Math.max(0, ms), nap.signal);
      isWoken = false;
      nap = new AbortController();
    },
  };
}
