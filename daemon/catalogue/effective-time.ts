/**
 * What time it is, for things that expire: a Pi before the 5 has no clock of its own.
 *
 * The effective time is never before the package was built nor before anything that somebody
 * trusted has signed. While the clock was never set and nothing signed was seen, there is no
 * effective time, and nothing counts as expired.
 */
import type { Clock } from "#core/clock.js";

/** Time for judging expiry. */
export interface EffectiveTime {
  /** `undefined`: nobody knows. */
  nowMs(): number | undefined;
  /** The clock, when it is believed to be right. */
  syncedNowMs(): number | undefined;
  /** Somebody trusted has signed at `atMs`; earlier times change nothing. */
  learn(atMs: number): void;
}

/** @param builtAtMs when the package was built; 0: not known */
export function createEffectiveTime(
  clock: Pick<Clock, "nowMs" | "isSynced">,
  builtAtMs: number,
): EffectiveTime {
  let signedMs = 0;
  return {
    nowMs() {
      if (signedMs === 0 && !clock.isSynced()) return undefined;
      return Math.max(clock.nowMs(), builtAtMs, signedMs);
    },
    syncedNowMs: () => (clock.isSynced() ? clock.nowMs() : undefined),
    learn(atMs) {
      signedMs = Math.max(signedMs, atMs);
    },
  };
}
