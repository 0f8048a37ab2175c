/**
 * The key to which models are sealed for one installation: X25519, as the 44 bytes of its SPKI.
 *
 * Points of low order are refused: with them anybody could work the shared secret out. One trial
 * exchange with a key that is thrown away shows them, because OpenSSL refuses an all-zero secret.
 *
 * Source: RFC 7748, 6.1; RFC 8410, 4.
 */
import { createHash, createPublicKey, diffieHellman, type KeyObject } from "node:crypto";
import { HeatpoolError } from "#core/errors.js";

export const KEM_SPKI_BYTES = 44;
const KEM_SPKI_PREFIX = Buffer.from("302a300506032b656e032100", "hex");

/**
 * @param trial a private X25519 key that is used for nothing else
 * @throws HeatpoolError `INVALID_ARGUMENT` another form, or a point of low order
 */
export function readKemKey(spki: Uint8Array, trial: KeyObject): KeyObject {
  const bytes = Buffer.from(spki);
  const isPlain = bytes.subarray(0, KEM_SPKI_PREFIX.length).equals(KEM_SPKI_PREFIX);
  if (bytes.length !== KEM_SPKI_BYTES || !isPlain) {
    throw new HeatpoolError("INVALID_ARGUMENT", `kem_spki: not the SPKI of an X25519 key`);
  }
  try {
    const key = createPublicKey({ key: bytes, format: "der", type: "spki" });
    diffieHellman({ privateKey: trial, publicKey: key });
    return key;
  } catch (cause) {
    throw new HeatpoolError("INVALID_ARGUMENT", "kem_spki: a point of low order", { cause });
  }
}

/** SHA-256 of the SPKI, hexadecimal: the name of a KEM key. */
export function kidOf(kemSpki: Uint8Array): string {
  return createHash("sha256").update(kemSpki).digest("hex");
}
