/**
 * Authenticated encryption, narrowed to what this product may do: keys of the cipher's length,
 * nonces of 96 bits, tags of 128 bits. Nothing of a plaintext is given out before its tag held.
 *
 * Other nonce lengths are legal for AES-GCM (NIST SP 800-38D 5.2.1.1) and are refused all the same:
 * nobody needs them, and libraries differ in them.
 */
import { type CipherGCMTypes, createCipheriv, createDecipheriv } from "node:crypto";
import { HeatpoolError } from "../errors.js";

/** Bytes of key per cipher. */
const KEY_BYTES = {
  "chacha20-poly1305": 32,
  "aes-128-gcm": 16,
  "aes-192-gcm": 24,
  "aes-256-gcm": 32,
} as const;

/** A cipher that may be used. */
export type AeadCipher = keyof typeof KEY_BYTES;

/** What one message is sealed under. A key must never see the same nonce twice. */
export interface AeadSecret {
  readonly key: Uint8Array;
  readonly nonce: Uint8Array;
  /** Authenticated, not encrypted. */
  readonly aad?: Uint8Array;
}

/** Bytes of every nonce. */
export const NONCE_BYTES = 12;
/** Bytes that a seal adds. */
export const TAG_BYTES = 16;

const OPTIONS = { authTagLength: TAG_BYTES };
const NOTHING = new Uint8Array();

/** Encrypts. @throws HeatpoolError `INVALID_ARGUMENT` a key or nonce of another length */
export function sealAead(cipher: AeadCipher, secret: AeadSecret, plain: Uint8Array): Buffer {
  checkLengths(cipher, secret);
  const sealer = createCipheriv(cipher as CipherGCMTypes, secret.key, secret.nonce, OPTIONS);
  sealer.setAAD(secret.aad ?? NOTHING, { plaintextLength: plain.length });
  return Buffer.concat([sealer.update(plain), sealer.final(), sealer.getAuthTag()]);
}

/**
 * Decrypts what `sealAead` made; `undefined` when anything of it is not as it was sealed.
 *
 * @throws HeatpoolError `INVALID_ARGUMENT` a key or nonce of another length
 */
export function openAead(
  cipher: AeadCipher,
  secret: AeadSecret,
  sealed: Uint8Array,
): Buffer | undefined {
  checkLengths(cipher, secret);
  const length = sealed.length - TAG_BYTES;
  if (length < 0) return undefined;
  const opener = createDecipheriv(cipher as CipherGCMTypes, secret.key, secret.nonce, OPTIONS);
  opener.setAAD(secret.aad ?? NOTHING, { plaintextLength: length });
  opener.setAuthTag(sealed.subarray(length));
  const plain = opener.update(sealed.subarray(0, length));
  try {
    opener.final();
    return plain;
  } catch {
    plain.fill(0);
    return undefined;
  }
}

function checkLengths(cipher: AeadCipher, { key, nonce }: AeadSecret): void {
  if (key.length !== KEY_BYTES[cipher]) {
    throw new HeatpoolError("INVALID_ARGUMENT", `${cipher}: a key of ${key.length} bytes`);
  }
  if (nonce.length !== NONCE_BYTES) {
    throw new HeatpoolError("INVALID_ARGUMENT", `${cipher}: a nonce of ${nonce.length} bytes`);
  }
}
