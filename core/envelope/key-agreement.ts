/**
 * Diffie-Hellman that never agrees on nothing: points of low order give no secret (RFC 7748 6.1),
 * P-256 takes points of the named curve only.
 */
import {
  createECDH,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  type KeyObject,
} from "node:crypto";
import { sha256 } from "./key-derivation.js";
import { readPublicKey, toPrivateDer } from "./key-form.js";

/**
 * The secret of an X25519 key pair of ours and somebody's public key; `undefined` when the other
 * key is of low order, so that the secret would be known to everybody.
 */
export function agreeX25519(ours: KeyObject, theirs: KeyObject): Buffer | undefined {
  try {
    const secret = diffieHellman({ privateKey: ours, publicKey: theirs });
    return secret.every((byte) => byte === 0) ? undefined : secret;
  } catch {
    return undefined;
  }
}

/**
 * The P-256 secret, or `undefined` when `theirs` (DER) is no point in its one accepted form.
 *
 * @internal the vectors of Wycheproof go through it
 */
export function agreeP256(ours: Uint8Array, theirs: Uint8Array): Buffer | undefined {
  const key = readPublicKey("p256", { der: theirs });
  if (key === undefined) return undefined;
  const pair = createECDH("prime256v1");
  pair.setPrivateKey(ours);
  // The point follows the fixed beginning of the key.
  return pair.computeSecret(theirs.subarray(-POINT_BYTES));
}

/** Uncompressed: one byte 04, x and y. */
const POINT_BYTES = 65;

/** Any scalar shows a low order, since X25519 clamps it to a multiple of the cofactor. */
const TRIAL_SCALAR = Buffer.alloc(32, 0x55);
const TRIAL_KEY = createPrivateKey({
  key: toPrivateDer("x25519", TRIAL_SCALAR),
  format: "der",
  type: "pkcs8",
});

/** Whether an X25519 public key can be sealed to: its form is right and its order is not low. */
export function isUsableX25519(spki: Uint8Array): boolean {
  const key = readPublicKey("x25519", { der: spki });
  return key !== undefined && agreeX25519(TRIAL_KEY, key) !== undefined;
}

/** Name of a device key: SHA-256 of its SPKI, lower-case hex. */
export function kidOf(spki: Uint8Array): string {
  return sha256(spki).toString("hex");
}

/** Both halves of an X25519 key. */
export interface X25519Pair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/**
 * The key pair of 32 random bytes.
 *
 * @internal for whoever makes or loads device keys
 */
export function createX25519Pair(random: Uint8Array): X25519Pair {
  const key = toPrivateDer("x25519", random);
  const privateKey = createPrivateKey({ key, format: "der", type: "pkcs8" });
  return createX25519PairOf(privateKey);
}

/** The key pair of a private X25519 key. */
export function createX25519PairOf(privateKey: KeyObject): X25519Pair {
  return { privateKey, publicKey: createPublicKey(privateKey) };
}
