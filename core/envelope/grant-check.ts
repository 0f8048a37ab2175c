/**
 * What a daemon checks of a grant before it looks at a file, in this order, stopping at the first
 * failure. Pure: everything the daemon knows is an argument, and nothing is remembered between two
 * judgements.
 */
import type { Release } from "#core/catalogue/release.js";
import { type DirectorKeys, openDsse } from "./dsse.js";
import { isMeantFor, isVersionAtLeast } from "./fit.js";
import { decodeGrant, GRANT_BYTES_MAX, GRANT_TYPE, type Grant, NO_NONCE } from "./grant.js";
import { isSame } from "./key-derivation.js";
import { type Refusal, refuse } from "./refusal.js";

/** What a grant is held against of a release that the trusted catalogue lists. */
export type TrustedTarget = Omit<Release, "path" | "schema" | "kInstallations" | "trainedAtMs">;

/** All that a daemon knows when it judges. */
export interface GrantState {
  /** Effective time, Unix seconds. */
  readonly now: number;
  readonly installationId: string;
  /** SHA-256 of our device key's SPKI, lower-case hex. */
  readonly kid: string;
  /** 32 random bytes of this stream. */
  readonly helloNonce: Uint8Array;
  /** Highest number of a grant that was taken; 0: none. */
  readonly storedSeq: number;
  readonly directorKeys: DirectorKeys;
  /** Version of the trusted targets metadata. */
  readonly catalogueVersion: number;
  findTarget(path: string): TrustedTarget | undefined;
  /** Highest release of a model that was ever taken; 0: none. */
  highestRelease(modelId: string): number;
  /** Heat pump models of this installation. */
  readonly heatpumpModels: readonly string[];
  /** Own version, e.g. `1.2.0`. */
  readonly daemonVersion: string;
}

/** A grant that may be used, and the file it is for. */
export interface CheckedGrant {
  readonly grant: Grant;
  readonly target: TrustedTarget;
}

/** Longest life of a grant that is believed. */
const LIFE_MAX_SECONDS = 90 * 86_400;
/** A director's clock may run ahead of ours by this much. */
const SKEW_MAX_SECONDS = 300;

/** A refused envelope. */
export interface GrantRefusal extends Refusal {
  /** A newer catalogue may change the verdict. */
  readonly isCatalogueOld?: boolean;
  /** What was refused; left out: nothing that a director signed. */
  readonly grant?: Grant;
}

/** What becomes of an envelope. */
export type GrantVerdict = CheckedGrant | GrantRefusal;

/** Judges an envelope. */
export function checkGrant(envelope: string, state: GrantState): GrantVerdict {
  const bytes = Buffer.byteLength(envelope);
  if (bytes > GRANT_BYTES_MAX) return refuse("size", `${bytes} bytes`);
  const opened = openDsse(envelope, GRANT_TYPE, state.directorKeys);
  if ("refusal" in opened) {
    const { refusal, isUnknownKey } = opened;
    return { ...refuse("signature", refusal), ...(isUnknownKey && { isCatalogueOld: true }) };
  }
  const grant = decodeGrant(opened.payload);
  if (grant === undefined) return refuse("schema", "not a grant of version 1");
  const verdict = checkFreshness(grant, state) ?? checkTarget(grant, state);
  return "step" in verdict ? { ...verdict, grant } : verdict;
}

/** Steps 4 to 7: for us, newer than the last, of this stream, in its time. */
function checkFreshness(grant: Grant, state: GrantState): Refusal | undefined {
  if (grant.installationId !== state.installationId) return refuse("recipient", "another id");
  if (grant.kid !== state.kid) return refuse("recipient", "another device key");
  if (grant.seq <= state.storedSeq)
    return refuse("sequence", `${grant.seq}, known is ${state.storedSeq}`);
  const isOurs = isSame(grant.helloNonce, state.helloNonce);
  if (!isOurs && !isSame(grant.helloNonce, NO_NONCE)) return refuse("nonce", "another stream");
  return checkTimes(grant, state.now);
}

function checkTimes({ issuedAt, notAfter }: Grant, now: number): Refusal | undefined {
  if (notAfter <= now) return refuse("validity", "over");
  if (notAfter > now + LIFE_MAX_SECONDS) return refuse("validity", "too long");
  if (issuedAt > notAfter) return refuse("validity", "over before it was issued");
  if (issuedAt > now + SKEW_MAX_SECONDS) return refuse("validity", "issued in the future");
  return undefined;
}

/** Steps 8 to 10: what the catalogue lists, never older than what we had, and meant for us. */
function checkTarget(grant: Grant, state: GrantState): GrantVerdict {
  if (grant.catalogueVersion > state.catalogueVersion) {
    const reason = `version ${grant.catalogueVersion}, known is ${state.catalogueVersion}`;
    return { ...refuse("catalogue", reason), isCatalogueOld: true };
  }
  const target = state.findTarget(grant.targetPath);
  if (target === undefined) return refuse("catalogue", `no ${grant.targetPath}`);
  if (target.revoked) return refuse("catalogue", `${grant.targetPath} is revoked`);
  const { sha256, length, release, modelId } = target;
  const isSameFile = sha256 === grant.encSha256 && length === grant.encLen;
  if (!isSameFile || release !== grant.release) return refuse("catalogue", "another file");
  const highest = state.highestRelease(modelId);
  if (release < highest) return refuse("rollback", `${release}, known is ${highest}`);
  if (!isMeantFor(target.heatpumpModels, state.heatpumpModels))
    return refuse("fit", `for ${target.heatpumpModels.join(", ")}`);
  if (!isVersionAtLeast(state.daemonVersion, target.minDaemon))
    return refuse("fit", `needs version ${target.minDaemon}`);
  return { grant, target };
}
