/**
 * What an installation signs with its TLS key, and what its authority signs for it: each statement begins with its own name and a zero
 * byte, so that a signature for one can never stand for another.
 *
 * ECDSA on P-256 with SHA-256. A signature's bytes are never an identifier: ECDSA has several for
 * one statement.
 */
import { createHash, type KeyObject, sign, verify } from "node:crypto";
import { HeatpoolError } from "#core/errors.js";
import { parseUuid } from "#core/uuid.js";

/** Bytes of a challenge's nonce. */
export const NONCE_BYTES = 32;
/** A signature in DER has 72 bytes at most. */
export const SIGNATURE_BYTES_MAX = 80;

/** "This KEM key is mine": by the key of the request. */
export function kemStatement(installationId: string, kemSpki: Uint8Array): Buffer {
  return Buffer.concat([label("heatpool-kem/v1"), uuid(installationId), sha256(kemSpki)]);
}

/** "Give me a certificate for this new key": by the old key. */
export function renewStatement(nonce: Uint8Array, csr: Uint8Array, kemSpki: Uint8Array): Buffer {
  return Buffer.concat([label("heatpool-renew/v1"), nonce, sha256(csr), sha256(kemSpki)]);
}

/** "I agree to this": by the key of the installation. @param record canonical JSON */
export function consentStatement(record: Uint8Array): Buffer {
  return Buffer.concat([label("heatpool-consent/v1"), sha256(record)]);
}

/** "I take it back": names the consent, so that it withdraws no later one. */
export function withdrawalStatement(installationId: string, record: Uint8Array): Buffer {
  return Buffer.concat([label("heatpool-withdrawal/v1"), uuid(installationId), sha256(record)]);
}

/** "This was erased": by the authority that issued the installation's certificate. */
export function erasureStatement(receipt: Uint8Array): Buffer {
  return Buffer.concat([label("heatpool-erasure/v1"), sha256(receipt)]);
}

export function signStatement(statement: Uint8Array, privateKey: KeyObject): Buffer {
  return sign("sha256", statement, privateKey);
}

export function isSignedBy(
  statement: Uint8Array,
  publicKey: KeyObject,
  signature: Uint8Array,
): boolean {
  return (
    signature.length <= SIGNATURE_BYTES_MAX && verify("sha256", statement, publicKey, signature)
  );
}

function label(name: string): Buffer {
  return Buffer.from(`${name}\0`, "ascii");
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash("sha256").update(bytes).digest();
}

function uuid(installationId: string): Uint8Array {
  const bytes = parseUuid(installationId);
  if (bytes === undefined) throw new HeatpoolError("INVALID_ARGUMENT", "not an installation id");
  return bytes;
}
