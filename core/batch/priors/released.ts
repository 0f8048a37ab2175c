/**
 * Every prior that was ever released. Stored blocks name the one they were coded with, so nothing
 * is taken from this list; a better prior is another entry. They are unpacked when first used.
 */
import { inflateRawSync } from "node:zlib";
import { NO_PRIOR, type Prior, type PriorId, readPrior } from "../prior.js";
import { IDM_1 } from "./idm-1.js";
import { KINDS_1 } from "./kinds-1.js";
import type { PackedPrior } from "./packed-prior.js";

const RELEASED: readonly PackedPrior[] = [KINDS_1, IDM_1];

/** The prior by kind that new blocks start from. */
export const KIND_PRIOR: PriorId = KINDS_1.id;

/** Priors that know the channels of some profiles. */
const OF_PROFILE: ReadonlyMap<string, PriorId> = new Map([
  ["idm/navigator-10", IDM_1.id],
  ["idm/navigator-2.0", IDM_1.id],
]);

/** What new blocks of a device with this profile start from. */
export function priorOfProfile(profile: string): PriorId {
  return OF_PROFILE.get(profile) ?? KIND_PRIOR;
}

/** Names of all released priors, the newest by kind first. */
export const PRIOR_IDS: readonly PriorId[] = RELEASED.map(({ id }) => id);

const unpacked = new Map<PriorId, Prior>();

/** Whether blocks that start from this prior, or from none, can be read. */
export function isPrior(id: PriorId): boolean {
  return id === NO_PRIOR || RELEASED.some((one) => one.id === id);
}

/** A released prior; `undefined` for one that is not known. */
export function findPrior(id: PriorId): Prior | undefined {
  const known = unpacked.get(id);
  const released = RELEASED.find((one) => one.id === id);
  if (known !== undefined || released === undefined) return known;
  const limits = { maxOutputLength: released.bytes };
  const prior = readPrior(inflateRawSync(Buffer.from(released.packed, "base64"), limits));
  unpacked.set(id, prior);
  return prior;
}
