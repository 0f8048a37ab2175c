/**
 * Time as an argument. `core` and the rooms never read a clock themselves; `host/` implements this
 * for real, `test/support` for tests.
 */

/** What a program may know about time. */
export interface Clock {
  /** Wall clock, Unix milliseconds. May step; decides nothing alone. */
  nowMs(): number;
  /** Monotonic milliseconds since the boot of the machine; never steps, one origin per boot. */
  monotonicMs(): number;
  /** Whether the wall clock is believed to be right. */
  isSynced(): boolean;
  /** Resolves after `ms` on the monotonic clock, or at once when `signal` aborts; never rejects. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** Random bytes as an argument; `node:crypto` in programs, seeded in tests. */
export type Chance = (byteCount: number) => Uint8Array;

/** Resolves when `signal` fires, or at once when it has. */
export function fired(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
