/**
 * Secrets at rest, each under a key of its own: `nonce(12) | ChaCha20-Poly1305 | tag(16)`.
 *
 * The name of a record is part of what is authenticated, so that one record cannot be put in
 * another's place.
 */
import { createCipheriv, createDecipheriv, hkdfSync } from "node:crypto";
import { HeatpoolError } from "#core/errors.js";

/** Whose records: the daemon's private keys, or secrets of the backend. */
export type Purpose = "heatpool-keys/v1" | "heatpool-store/v1";

export const SECRET_BYTES = 32;
export const SEAL_NONCE_BYTES = 12;
const TAG_BYTES = 16;
const CIPHER = "chacha20-poly1305";

/** Seals records under one secret. */
export interface RecordSeal {
  /** @param nonce 12 random bytes, never twice */
  seal(name: string, plain: Uint8Array, nonce: Uint8Array): Buffer;
  /** @throws HeatpoolError `STATE_INVALID` another secret, another name, or changed bytes */
  open(name: string, sealed: Uint8Array): Buffer;
}

/** @param secret 32 bytes */
export function createRecordSeal(secret: Uint8Array, purpose: Purpose): RecordSeal {
  const key = Buffer.from(hkdfSync("sha256", secret, new Uint8Array(), purpose, SECRET_BYTES));
  const aad = (name: string) => Buffer.from(`${purpose}\0${name}`, "utf8");
  const options = { authTagLength: TAG_BYTES };
  return {
    seal(name, plain, nonce) {
      const cipher = createCipheriv(CIPHER, key, nonce, options);
      cipher.setAAD(aad(name), { plaintextLength: plain.length });
      return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    },
    open(name, sealed) {
      const end = sealed.length - TAG_BYTES;
      if (end < SEAL_NONCE_BYTES) throw unreadable(name);
      const bytes = Buffer.from(sealed);
      const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, SEAL_NONCE_BYTES), options);
      decipher.setAuthTag(bytes.subarray(end));
      decipher.setAAD(aad(name), { plaintextLength: end - SEAL_NONCE_BYTES });
      const plain = decipher.update(bytes.subarray(SEAL_NONCE_BYTES, end));
      try {
        decipher.final();
      } catch (cause) {
        plain.fill(0);
        throw unreadable(name, cause);
      }
      return plain;
    },
  };
}

function unreadable(name: string, cause?: unknown): HeatpoolError {
  return new HeatpoolError("STATE_INVALID", `${name}: sealed under another secret, or changed`, {
    cause,
    hint: "Restore the secret that belongs to this state; without it the keys in it are lost.",
  });
}
