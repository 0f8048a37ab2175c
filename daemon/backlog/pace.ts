/**
 * When work runs: one piece after the other, and planned work at its time on the monotonic clock.
 */
import type { Clock } from "#core/clock.js";

/** Runs asynchronous work one piece at a time, in order. */
export class OneAtATime {
  #last: Promise<unknown> = Promise.resolve();

  run<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#last.then(work);
    this.#last = next.catch(() => undefined);
    return next;
  }
}

/** Calls `wake` once at the earliest of the planned times. */
export class Alarm {
  readonly #clock: Clock;
  readonly #wake: () => void;
  #dueMs: number | undefined;
  #sleep: AbortController | undefined;

  constructor(clock: Clock, wake: () => void) {
    this.#clock = clock;
    this.#wake = wake;
  }

  /** @param atMs on the monotonic clock */
  plan(atMs: number): void {
    if (this.#dueMs !== undefined && this.#dueMs <= atMs) return;
    this.cancel();
    this.#dueMs = atMs;
    const sleep = new AbortController();
    this.#sleep = sleep;
    const waitMs = atMs - this.#clock.monotonicMs();
    if (waitMs <= 0) this.#ring(sleep.signal);
    else void this.#clock.sleep(waitMs, sleep.signal).then(() => this.#ring(sleep.signal));
  }

  cancel(): void {
    this.#sleep?.abort();
    this.#sleep = undefined;
    this.#dueMs = undefined;
  }

  #ring(signal: AbortSignal): void {
    if (signal.aborted) return;
    this.#dueMs = undefined;
    this.#wake();
  }
}
