/**
 * Keys and tags from secrets: HKDF (RFC 5869), HMAC (RFC 2104), PBKDF2 (RFC 8018). Lengths that the
 * functions cannot give are refused.
 */
import { createHash, createHmac, hkdfSync, pbkdf2Sync, timingSafeEqual } from "node:crypto";
import { HeatpoolError } from "../errors.js";

const HASH_BYTES = { sha256: 32, sha512: 64 } as const;

/** A hash that may be used. */
export type Hash = keyof typeof HASH_BYTES;

/** HKDF gives at most 255 blocks (RFC 5869 2.3). */
const HKDF_BLOCKS_MAX = 255;

/** What a key is derived from. */
export interface HkdfInput {
  readonly secret: Uint8Array;
  readonly salt?: Uint8Array;
  readonly info: Uint8Array | string;
}

/** A key of `bytes` bytes. @throws HeatpoolError `INVALID_ARGUMENT` more than HKDF can give */
export function deriveKey(hash: Hash, input: HkdfInput, bytes: number): Buffer {
  if (bytes > HKDF_BLOCKS_MAX * HASH_BYTES[hash])
    throw new HeatpoolError("INVALID_ARGUMENT", `HKDF-${hash} cannot give ${bytes} bytes`);
  const { secret, salt = new Uint8Array(), info } = input;
  return Buffer.from(hkdfSync(hash, secret, salt, info, bytes));
}

/** SHA-256. */
export function sha256(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** HMAC-SHA256. */
export function mac(key: Uint8Array, message: Uint8Array | string): Buffer {
  return createHmac("sha256", key).update(message).digest();
}

/** Whether `tag` is the HMAC-SHA256 of `message`, whole or cut to at least 128 bits. */
export function isMacOf(key: Uint8Array, message: Uint8Array | string, tag: Uint8Array): boolean {
  return tag.length >= TAG_BYTES_MIN && isSame(mac(key, message).subarray(0, tag.length), tag);
}

const TAG_BYTES_MIN = 16;

/** Whether two secrets are equal; the time tells only their lengths. */
export function isSame(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && timingSafeEqual(left, right);
}

/**
 * A key from a password.
 *
 * @internal the vectors of Wycheproof go through it
 */
export function stretchPassword(
  password: Uint8Array,
  { salt, rounds, bytes }: { salt: Uint8Array; rounds: number; bytes: number },
): Buffer {
  return pbkdf2Sync(password, salt, rounds, bytes, "sha256");
}
