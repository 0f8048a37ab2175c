/**
 * Metadata files of the catalogue: their roles, their limits, and the one form they have.
 *
 * Both ends read them here before anything else looks at them: bytes that are not canonical, too
 * long, not exactly of the role's shape, without a real expiry date or a sane version, with a key
 * under two ids or with delegations are refused. Signatures, versions and expiry are judged later,
 * by who knows the trusted root.
 */
import { createHash, verify } from "node:crypto";
import { HeatpoolError } from "#core/errors.js";
import { canonicalJson, parseCanonicalJson } from "./canonical-json.js";
import { fileSchema, type Role, type SignatureEntry, type Signed } from "./metadata-schema.js";
import { type PublicKey, toKeyObject } from "./public-key.js";

export type { Role, Signed };

/** Longest file of each role, in bytes. */
export const BYTES_MAX: Readonly<Record<Role, number>> = {
  root: 512 * 1024,
  timestamp: 16 * 1024,
  snapshot: 1024 * 1024,
  targets: 4 * 1024 * 1024,
};

/** All roles, in the order in which they are trusted. */
export const ROLES: readonly Role[] = ["root", "timestamp", "snapshot", "targets"];

/** A file whose form is right; nothing is said about who signed it. */
export interface MetadataFile<R extends Role> {
  readonly role: R;
  readonly bytes: Buffer;
  readonly signed: Signed<R>;
  readonly signatures: readonly SignatureEntry[];
  readonly version: number;
  readonly expiresAtMs: number;
}

/**
 * Reads a file of `role`.
 *
 * @throws HeatpoolError `CATALOGUE_REFUSED` with the first thing that is wrong
 */
export function readMetadata<R extends Role>(role: R, bytes: Uint8Array): MetadataFile<R> {
  if (bytes.length > BYTES_MAX[role]) {
    throw refuse(role, `${bytes.length} bytes, ${BYTES_MAX[role]} at most`);
  }
  const own = Buffer.from(bytes);
  const parsed = fileSchema(role).safeParse(parseCanonicalJson(own.toString("latin1")));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw refuse(role, `${issue?.path.join(".").slice(0, 120)}: ${issue?.message.slice(0, 120)}`);
  }
  const signed = parsed.data.signed as Signed<R>;
  const { version, expires } = signed;
  return {
    role,
    bytes: own,
    signed,
    signatures: parsed.data.signatures,
    version,
    expiresAtMs: Date.parse(expires),
  };
}

/** The bytes of a file, as they are carried. */
export function writeMetadata(file: { signed: unknown; signatures: readonly unknown[] }): Buffer {
  const { signed, signatures } = file;
  return Buffer.from(canonicalJson({ signed, signatures }), "latin1");
}

/** What a role's signatures are judged by. */
export interface Signers {
  readonly keys: Readonly<Record<string, PublicKey>>;
  readonly keyids: readonly string[];
  readonly threshold: number;
}

/** Who signs for `role`, as `root` says. */
export function signersOf(root: MetadataFile<"root">, role: Role): Signers {
  return { keys: root.signed.keys, ...root.signed.roles[role] };
}

/** Key ids whose signature of `file` is good. */
export function goodSignatures(file: MetadataFile<Role>, { keys, keyids }: Signers): string[] {
  const bytes = Buffer.from(canonicalJson(file.signed), "latin1");
  return file.signatures
    .filter(({ keyid, sig }) => {
      const key = keyids.includes(keyid) ? keys[keyid] : undefined;
      if (key === undefined) return false;
      return isGood(bytes, key, sig);
    })
    .map(({ keyid }) => keyid);
}

/** @throws HeatpoolError `CATALOGUE_REFUSED` fewer good signatures than the threshold */
export function demandThreshold(file: MetadataFile<Role>, signers: Signers): void {
  const good = goodSignatures(file, signers).length;
  if (good >= signers.threshold) return;
  throw refuse(file.role, `${good} of ${signers.threshold} signatures are good`);
}

/**
 * Every signature that a file carries must be good by one of its roles' keys: what is not looked at
 * could be changed unseen.
 *
 * @throws HeatpoolError `CATALOGUE_REFUSED`
 */
export function demandAllGood(file: MetadataFile<Role>, by: readonly Signers[]): void {
  const good = new Set(by.flatMap((signers) => goodSignatures(file, signers)));
  const bad = file.signatures.find(({ keyid }) => !good.has(keyid));
  if (bad !== undefined) {
    throw refuse(file.role, `the signature of ${bad.keyid.slice(0, 12)} is not good`);
  }
}

export function sha256Hex(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function isGood(bytes: Buffer, key: PublicKey, sig: string): boolean {
  try {
    return verify(undefined, bytes, toKeyObject(key), Buffer.from(sig, "hex"));
  } catch {
    // Bytes that are no point of the curve.
    return false;
  }
}

function refuse(role: Role, what: string): HeatpoolError {
  return new HeatpoolError("CATALOGUE_REFUSED", `${role}: ${what}`);
}
