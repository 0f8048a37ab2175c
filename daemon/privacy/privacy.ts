/**
 * What owners may ask of the backend about their own installation, and the proof that they get.
 *
 * A receipt is checked before it is believed: its form, that it is about us, and its signature. It
 * is ours for good when the authority that signed it is the one that issued our certificate.
 */
import { X509Certificate } from "node:crypto";
import { type ErasureRecord, parseReceipt } from "#core/enrolment/erasure-receipt.js";
import { erasureStatement, isSignedBy } from "#core/enrolment/statement.js";
import { HeatpoolError } from "#core/errors.js";

/** A receipt as it came. */
export interface SignedReceipt {
  readonly receipt: Uint8Array;
  readonly signature: Uint8Array;
  /** Certificate of the authority that signed it, DER. */
  readonly signer: Uint8Array;
}

/** The backend's service, where the connection shows a certificate. */
export interface PrivacyPort {
  /** All that is held, in pieces of text. */
  export(installationId: string): AsyncIterable<Uint8Array>;
  erase(installationId: string): Promise<SignedReceipt>;
  renewRecoveryCode(installationId: string): Promise<string>;
}

/** A receipt as the owner keeps it. */
export interface KeptReceipt {
  readonly record: ErasureRecord;
  /** Canonical JSON, base64: the bytes that are signed. */
  readonly receipt: string;
  readonly signature: string;
  readonly signer: string;
  /** Whether the authority that issued our certificate signed it. */
  readonly isByOurAuthority: boolean;
}

/**
 * @param chain PEM of our certificate, then of its issuer
 * @throws HeatpoolError `PROTOCOL` no receipt, of another installation, or not signed
 */
export function checkReceipt(
  { receipt, signature, signer }: SignedReceipt,
  installationId: string,
  chain: string,
): KeptReceipt {
  const record = parseReceipt(receipt);
  if (record.installation_id !== installationId) throw wrong("is about another installation");
  const authority = readCertificate(signer);
  if (!isSignedBy(erasureStatement(receipt), authority.publicKey, signature)) {
    throw wrong("has no good signature");
  }
  const toText = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");
  return {
    record,
    receipt: toText(receipt),
    signature: toText(signature),
    signer: toText(signer),
    isByOurAuthority: chain.replace(/\s/g, "").includes(toText(signer)),
  };
}

function readCertificate(der: Uint8Array): X509Certificate {
  try {
    return new X509Certificate(der);
  } catch (cause) {
    throw wrong("names no authority", cause);
  }
}

function wrong(what: string, cause?: unknown): HeatpoolError {
  return new HeatpoolError("PROTOCOL", `the receipt of the erasure ${what}`, { cause });
}
