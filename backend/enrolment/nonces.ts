/** Nonces of challenges: good for a minute, for one call. */
import type { Chance, Clock } from "#core/clock.js";
import { NONCE_BYTES } from "#core/enrolment/statement.js";

/** Nonces that were given out. */
export interface Nonces {
  issue(): Buffer;
  /** Uses it up. Whether it was good. */
  take(nonce: Uint8Array): boolean;
}

export const NONCE_LIFETIME_MS = 60_000;
/** Above the global cap of calls an hour; the oldest goes first. */
const NONCES_MAX = 10_000;

export function createNonces(chance: Chance, clock: Pick<Clock, "monotonicMs">): Nonces {
  const issued = new Map<string, number>();
  const forget = (): void => {
    const nowMs = clock.monotonicMs();
    // Issued in the order of time, so the first ones end first.
    for (const [nonce, untilMs] of issued) {
      if (untilMs > nowMs && issued.size < NONCES_MAX) break;
      issued.delete(nonce);
    }
  };
  return {
    issue() {
      forget();
      const nonce = Buffer.from(chance(NONCE_BYTES));
      issued.set(nonce.toString("hex"), clock.monotonicMs() + NONCE_LIFETIME_MS);
      return nonce;
    },
    take(nonce) {
      const name = Buffer.from(nonce).toString("hex");
      const untilMs = issued.get(name);
      issued.delete(name);
      return untilMs !== undefined && clock.monotonicMs() < untilMs;
    },
  };
}
