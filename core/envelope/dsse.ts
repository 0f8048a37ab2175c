/**
 * DSSE envelopes with exactly one signature: a text, its type, who signed. What is signed is the
 * type and the text together, so that neither can be taken for another.
 *
 * Source: github.com/secure-systems-lab/dsse, protocol.md 1.0; key ids as in TUF 1.0.31, 4.2.
 */
import type { KeyObject } from "node:crypto";
import { parseObject } from "./json-object.js";
import { sha256 } from "./key-derivation.js";
import { readPublicKey, toPublicDer, toRawPublic } from "./key-form.js";
import { isSignedBy } from "./signature.js";

/** A public key as TUF metadata carry it. */
export interface DirectorKey {
  readonly keytype: string;
  readonly scheme: string;
  readonly keyval: { readonly public: string };
}

/** Keys by their ids. */
export type DirectorKeys = Readonly<Record<string, DirectorKey>>;

/** Signs as a director, wherever the key lies. */
export type DirectorSigner = (
  bytes: Uint8Array,
) => Promise<{ readonly keyId: string; readonly signature: Uint8Array }>;

const HEX_KEY = /^[0-9a-f]{64}$/;
const SIGNATURE_BYTES = 64;

/** The bytes that are signed: the Pre-Authentication Encoding. */
export function preAuthentication(type: string, payload: Uint8Array): Buffer {
  const head = `DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.length} `;
  return Buffer.concat([Buffer.from(head), payload]);
}

/** Public key and id of an Ed25519 key, as a root lists it. */
export function describeDirectorKey(publicKey: KeyObject): { keyId: string; key: DirectorKey } {
  const key = {
    keytype: "ed25519",
    keyval: { public: toRawPublic(publicKey).toString("hex") },
    scheme: "ed25519",
  };
  // Members stand in the order of their names: this is the canonical form already.
  return { keyId: sha256(Buffer.from(JSON.stringify(key))).toString("hex"), key };
}

/** The envelope's text. */
export async function sealDsse(
  type: string,
  payload: Uint8Array,
  sign: DirectorSigner,
): Promise<string> {
  const { keyId, signature } = await sign(preAuthentication(type, payload));
  return toText(type, payload, keyId, signature);
}

function toText(type: string, payload: Uint8Array, keyid: string, signature: Uint8Array): string {
  return JSON.stringify({
    payloadType: type,
    payload: Buffer.from(payload).toString("base64"),
    signatures: [{ keyid, sig: Buffer.from(signature).toString("base64") }],
  });
}

/** Why an envelope is refused. */
export interface DsseRefusal {
  readonly refusal: string;
  /** A newer list of keys may know who signed it. */
  readonly isUnknownKey?: boolean;
}

/**
 * The payload, or why it is refused. The envelope is written again from its parts and compared, so
 * that it has one spelling; then its one signature is verified.
 */
export function openDsse(
  text: string,
  type: string,
  keys: DirectorKeys,
): { readonly payload: Buffer } | DsseRefusal {
  const parts = readParts(text);
  if (parts === undefined) return { refusal: "not an envelope with one signature" };
  const { payload, keyid, signature } = parts;
  if (parts.type !== type) return { refusal: "another type" };
  if (toText(type, payload, keyid, signature) !== text) return { refusal: "another spelling" };
  const key = findKey(keys, keyid);
  if (key === undefined) return { refusal: "no key of a director", isUnknownKey: true };
  return isSignedBy("ed25519", key, preAuthentication(type, payload), signature)
    ? { payload }
    : { refusal: "the signature does not verify" };
}

function readParts(text: string) {
  const envelope = parseObject(text);
  const { payloadType: type, payload, signatures } = envelope ?? {};
  if (!Array.isArray(signatures) || signatures.length !== 1) return undefined;
  const { keyid, sig } = (signatures[0] ?? {}) as Record<string, unknown>;
  const texts = [type, payload, keyid, sig];
  if (!texts.every((one): one is string => typeof one === "string")) return undefined;
  const signature = Buffer.from(sig as string, "base64");
  if (signature.length !== SIGNATURE_BYTES) return undefined;
  return {
    type: type as string,
    payload: Buffer.from(payload as string, "base64"),
    keyid: keyid as string,
    signature,
  };
}

/** The key of this id, if it is what its id says. */
function findKey(keys: DirectorKeys, keyId: string): KeyObject | undefined {
  const key = Object.hasOwn(keys, keyId) ? keys[keyId] : undefined;
  const raw = key?.keyval.public ?? "";
  if (key?.keytype !== "ed25519" || key.scheme !== "ed25519" || !HEX_KEY.test(raw))
    return undefined;
  const publicKey = readPublicKey("ed25519", {
    der: toPublicDer("ed25519", Buffer.from(raw, "hex")),
  });
  if (publicKey === undefined) return undefined;
  return describeDirectorKey(publicKey).keyId === keyId ? publicKey : undefined;
}
