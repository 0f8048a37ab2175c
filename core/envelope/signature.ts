/**
 * Signatures: made with Ed25519 or P-256, verified in a few schemes more. A verdict, never an
 * exception, whatever the bytes are. A signature's bytes identify nothing: several may be right.
 */
import { constants, type KeyObject, sign, verify } from "node:crypto";

/** RSA-PSS with a salt as long as the hash, as TLS and JOSE use it. */
const SALT_BYTES = 32;

/** Bytes of every Ed25519 signature, and of r and s together in P1363 form. */
const FIXED_BYTES = 64;

const SCHEMES = {
  ed25519: { type: "ed25519", hash: null, options: {}, bytes: FIXED_BYTES },
  "ecdsa-p256": { type: "ec", hash: "sha256", options: { dsaEncoding: "der" }, bytes: undefined },
  "ecdsa-p256-p1363": {
    type: "ec",
    hash: "sha256",
    options: { dsaEncoding: "ieee-p1363" },
    bytes: FIXED_BYTES,
  },
  "rsa-pkcs1-sha256": {
    type: "rsa",
    hash: "sha256",
    options: { padding: constants.RSA_PKCS1_PADDING },
    bytes: undefined,
  },
  "rsa-pss-sha256": {
    type: "rsa",
    hash: "sha256",
    options: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: SALT_BYTES },
    bytes: undefined,
  },
} as const;

/** A scheme that may be used. */
export type SignatureScheme = keyof typeof SCHEMES;

/** Whether `signature` of `message` was made with the private half of `key`. */
export function isSignedBy(
  scheme: SignatureScheme,
  key: KeyObject,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  const { type, hash, options, bytes } = SCHEMES[scheme];
  if (key.asymmetricKeyType !== type) return false;
  if (bytes !== undefined && signature.length !== bytes) return false;
  try {
    return verify(hash, message, { key, ...options }, signature);
  } catch {
    return false;
  }
}

/**
 * Signs with Ed25519: the same bytes for the same message.
 *
 * @internal for whoever holds a key of a director
 */
export function signEd25519(key: KeyObject, message: Uint8Array): Buffer {
  return sign(null, message, key);
}
