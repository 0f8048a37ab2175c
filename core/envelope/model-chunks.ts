/**
 * The STREAM construction of a model file: chunks that cannot be swapped, dropped, doubled or cut
 * off, because each is sealed under its number and whether it is the last.
 *
 * Source: Hoang, Reyhanitabar, Rogaway, Vizar, "Online Authenticated-Encryption and its
 * Nonce-Reuse Misuse-Resistance" (2015); the form is the one of age (C2SP age.md).
 */
import { NONCE_BYTES } from "./aead.js";
import { deriveKey, sha256 } from "./key-derivation.js";

const INFO = "heatpool-model/v3/payload";
const KEY_BYTES = 32;
const LAST = 1;

/** The key of a file's chunks: of the content key and of everything before them. */
export function payloadKey(cek: Uint8Array, start: Uint8Array): Buffer {
  return deriveKey("sha256", { secret: cek, salt: sha256(start), info: INFO }, KEY_BYTES);
}

/** 11 bytes of number, one that says whether the chunk is the last. */
export function chunkNonce(index: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(NONCE_BYTES);
  // 64 MiB are 1,024 chunks: the upper bytes stay zero.
  nonce.writeUInt32BE(index, NONCE_BYTES - 1 - 4);
  nonce[NONCE_BYTES - 1] = isLast ? LAST : 0;
  return nonce;
}
