/** Erasure across the rooms. What a power cut interrupted is finished here, before anybody may come in. */
import { removeBearerTokens } from "../enrolment/bearer-tokens.js";
import type { HeldIngest } from "../ingest/create-ingest.js";
import { createErasure, type Erasure } from "../privacy/erasure.js";
import { forgetMonths } from "../train/kept-months.js";
import { type Registers, toShared } from "./open-registers.js";
import type { BackendParts } from "./parts.js";

export async function openErasing(
  parts: BackendParts,
  registers: Registers,
  ingest: Pick<HeldIngest, "keepOut">,
  forgetPushed: (installationId: string) => void,
): Promise<Erasure["erase"]> {
  const { places, clock } = parts;
  const { store, kept, identities, tombstones, processes } = registers;
  const nowMs = (): number => clock.nowMs();
  const erasure = createErasure({
    ...toShared(parts, registers),
    ...{ tombstones, identities, nowMs },
    saveRollups: kept.save,
    keepOut: ingest.keepOut,
    alsoForget: [(id) => removeBearerTokens(places.httpTokensFile, id), forgetPushed],
  });
  // An identity that was to go with its data and is still here: the power went in between.
  for (const id of identities.ids()) if (tombstones.has(id)) await identities.remove(id, nowMs());
  const again = await erasure.resume();
  if (again > 0) parts.log("warn", "backend.erased-again", { installations: again });
  return async (id, closeStreams) => {
    const receipt = await erasure.erase(id, closeStreams);
    await forgetMonths(store, id);
    await processes.tell("erased", id);
    return receipt;
  };
}
