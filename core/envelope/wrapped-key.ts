/**
 * Secrets at rest: `nonce(12) | ChaCha20-Poly1305 | tag(16)` under a key that only the machine's
 * service has. The name of a record is authenticated with it, so that two records cannot be
 * exchanged; the domain keeps the daemon's keys and the backend's store apart.
 */
import { NONCE_BYTES, openAead, sealAead } from "./aead.js";
import { deriveKey } from "./key-derivation.js";

/** What kind of record it is. */
export type WrapDomain = "heatpool-keys/v1" | "heatpool-store/v1";

/** Where a record belongs. */
export interface WrapPlace {
  readonly domain: WrapDomain;
  /** 32 bytes: `device-key` of the daemon, `store-key` of the backend. */
  readonly secret: Uint8Array;
  readonly name: string;
}

const KEY_BYTES = 32;

/** @param nonce 12 random bytes */
export function wrapKey(place: WrapPlace, plain: Uint8Array, nonce: Uint8Array): Buffer {
  return Buffer.concat([nonce, sealAead("chacha20-poly1305", { ...bind(place), nonce }, plain)]);
}

/** The secret, or `undefined` when the record is another's, was changed, or is cut. */
export function unwrapKey(place: WrapPlace, record: Uint8Array): Buffer | undefined {
  if (record.length < NONCE_BYTES) return undefined;
  const nonce = record.subarray(0, NONCE_BYTES);
  return openAead("chacha20-poly1305", { ...bind(place), nonce }, record.subarray(NONCE_BYTES));
}

function bind({ domain, secret, name }: WrapPlace) {
  const key = deriveKey("sha256", { secret, info: domain }, KEY_BYTES);
  return { key, aad: Buffer.from(`${domain}\0${name}`) };
}
