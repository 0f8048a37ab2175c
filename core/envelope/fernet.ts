/**
 * Fernet tokens, for clients of the earlier server only: version, time, IV, AES-128-CBC, HMAC.
 *
 * Source: github.com/fernet/spec, Spec.md. A key is 44 characters of URL-safe base64: 16 bytes that
 * sign and 16 that encrypt.
 */
import { createCipheriv, createDecipheriv } from "node:crypto";
import { HeatpoolError } from "../errors.js";
import { isMacOf, mac } from "./key-derivation.js";

/** Both halves of a key. */
export interface FernetKey {
  readonly signing: Uint8Array;
  readonly encryption: Uint8Array;
}

/** What a token needs beside key and message. */
export interface FernetStamp {
  /** Unix seconds. */
  readonly at: number;
  /** 16 random bytes. */
  readonly iv: Uint8Array;
}

const CIPHER = "aes-128-cbc";
const VERSION = 0x80;
const HALF_BYTES = 16;
const KEY_TEXT = /^[A-Za-z0-9_-]{43}=$/;
const HEAD_BYTES = 1 + 8;
const IV_BYTES = 16;
const BLOCK_BYTES = 16;
const TAG_BYTES = 32;
const TOKEN_TEXT = /^[A-Za-z0-9_-]+={0,2}$/;

/** @throws HeatpoolError `CONFIG_INVALID` no Fernet key */
export function readFernetKey(text: string): FernetKey {
  const bytes = Buffer.from(text, "base64url");
  if (!KEY_TEXT.test(text) || bytes.length !== 2 * HALF_BYTES) {
    throw new HeatpoolError("CONFIG_INVALID", "the legacy envelope key is no Fernet key", {
      hint: "A Fernet key is 44 characters of URL-safe base64.",
    });
  }
  return { signing: bytes.subarray(0, HALF_BYTES), encryption: bytes.subarray(HALF_BYTES) };
}

export function sealFernet(key: FernetKey, plain: Uint8Array, stamp: FernetStamp): string {
  if (stamp.iv.length !== IV_BYTES)
    throw new HeatpoolError("INVALID_ARGUMENT", `an IV of ${stamp.iv.length} bytes`);
  const head = Buffer.alloc(HEAD_BYTES);
  head[0] = VERSION;
  head.writeBigUInt64BE(BigInt(Math.floor(stamp.at)), 1);
  const signed = Buffer.concat([head, stamp.iv, encryptCbc(key.encryption, stamp.iv, plain)]);
  // Python's urlsafe_b64encode pads.
  const token = Buffer.concat([signed, mac(key.signing, signed)]).toString("base64");
  return token.replaceAll("+", "-").replaceAll("/", "_");
}

/** The message, or `undefined` when the token was not made with this key. Its age is not judged. */
export function openFernet(key: FernetKey, token: string): Buffer | undefined {
  const bytes = Buffer.from(token, "base64url");
  const blocks = bytes.length - HEAD_BYTES - IV_BYTES - TAG_BYTES;
  const isFormed = TOKEN_TEXT.test(token) && blocks >= BLOCK_BYTES && blocks % BLOCK_BYTES === 0;
  if (!isFormed || bytes[0] !== VERSION) return undefined;
  const signed = bytes.subarray(0, -TAG_BYTES);
  if (!isMacOf(key.signing, signed, bytes.subarray(-TAG_BYTES))) return undefined;
  const iv = signed.subarray(HEAD_BYTES, HEAD_BYTES + IV_BYTES);
  return decryptCbc(key.encryption, iv, signed.subarray(HEAD_BYTES + IV_BYTES));
}

/** AES-CBC with PKCS#7 padding. It hides nothing from who can change it: only under a MAC. */
export function encryptCbc(key: Uint8Array, iv: Uint8Array, plain: Uint8Array): Buffer {
  const cipher = createCipheriv(cipherOf(key), key, iv);
  return Buffer.concat([cipher.update(plain), cipher.final()]);
}

/** The plaintext, or `undefined` when its padding is wrong or there is none. */
export function decryptCbc(
  key: Uint8Array,
  iv: Uint8Array,
  sealed: Uint8Array,
): Buffer | undefined {
  if (sealed.length === 0) return undefined;
  try {
    const cipher = createDecipheriv(cipherOf(key), key, iv);
    return Buffer.concat([cipher.update(sealed), cipher.final()]);
  } catch {
    return undefined;
  }
}

function cipherOf(key: Uint8Array): string {
  return key.length === HALF_BYTES ? CIPHER : `aes-${8 * key.length}-cbc`;
}
