/**
 * Installation ids in logs: a tag that tells two installations apart for two weeks and names none.
 */
import { createHmac } from "node:crypto";
import type { Chance, Clock } from "#core/clock.js";

/** An id as it may stand in a log. */
export type TagId = (installationId: string) => string;

const KEY_BYTES = 32;
const KEY_LIFE_MS = 14 * 86_400_000;
const TAG_HEX_DIGITS = 16;

/** Keys live in memory only and are replaced every 14 days. */
export function createTagger(chance: Chance, clock: Pick<Clock, "monotonicMs">): TagId {
  let key = chance(KEY_BYTES);
  let madeAtMs = clock.monotonicMs();
  return (installationId) => {
    if (clock.monotonicMs() - madeAtMs >= KEY_LIFE_MS) {
      key = chance(KEY_BYTES);
      madeAtMs = clock.monotonicMs();
    }
    const tag = createHmac("sha256", key).update(installationId).digest("hex");
    return tag.slice(0, TAG_HEX_DIGITS);
  };
}
