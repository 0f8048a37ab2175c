/**
 * Models at start: what was installed is opened again in memory, if its grant still holds. Needs no
 * network. What cannot be opened is told and left; the next push mends it.
 */
import { openDsse } from "#core/envelope/dsse.js";
import { decodeGrant, GRANT_TYPE } from "#core/envelope/grant.js";
import { type Refusal, refuse } from "#core/envelope/refusal.js";
import type { ActiveModel } from "./model.js";
import type { InstalledModel } from "./model-book.js";
import { openCached, type ReceiverParts } from "./receive-models.js";

type RestoreParts = Pick<
  ReceiverParts,
  "book" | "cache" | "catalogue" | "device" | "effectiveNowS" | "learnTime" | "log"
>;

/** The models that may be used. */
export async function restoreModels(parts: RestoreParts): Promise<readonly ActiveModel[]> {
  const active: ActiveModel[] = [];
  for (const [modelId, installed] of Object.entries(parts.book.memory.installed)) {
    if (installed === undefined) continue;
    const opened = await restore(parts, installed);
    const { target } = installed;
    const { grantedUntilS } = installed;
    if ("plain" in opened) active.push({ target, plain: opened.plain, grantedUntilS });
    else parts.log("warn", "model.not-used", { model: modelId, ...opened });
  }
  return active;
}

async function restore(
  parts: RestoreParts,
  { target, grant: envelope }: InstalledModel,
): Promise<{ readonly plain: Buffer } | Refusal> {
  const { catalogue, cache } = parts;
  const opened = openDsse(envelope, GRANT_TYPE, catalogue.directorKeys);
  if ("refusal" in opened) return refuse("signature", opened.refusal);
  const grant = decodeGrant(opened.payload);
  if (grant === undefined) return refuse("schema", "not a grant of version 1");
  if (grant.encSha256 !== target.sha256 || grant.release !== target.release)
    return refuse("catalogue", "another file");
  // A machine without a clock starts no earlier than what it was granted last.
  parts.learnTime(grant.issuedAt);
  if (grant.notAfter <= parts.effectiveNowS()) return refuse("validity", "over");
  const listed = catalogue.findTarget(grant.targetPath);
  if (listed?.revoked === true) return refuse("catalogue", "revoked");
  if (!cache.has(target)) return refuse("file", "not in the cache");
  return openCached(parts, grant, target);
}
