/**
 * What this machine knows about its identity: which keys count, the certificate it was given, and
 * what its owner's consent is to the backend. The private keys lie elsewhere; nothing here is secret.
 */
import { X509Certificate } from "node:crypto";
import { HeatpoolError } from "#core/errors.js";

/** Names of a pair of keys in the key store. */
export interface KeyNames {
  readonly tls: string;
  readonly kem: string;
}

/** The record. Immutable: a change is a new object. */
export interface IdentityRecord {
  /** `undefined`: not enrolled yet. */
  readonly present?: {
    readonly keys: KeyNames;
    /** PEM: the installation's certificate, then that of its issuer. */
    readonly certificate: string;
    readonly enrolledAtMs: number;
    readonly renewedAtMs: number;
  };
  /** Keys that were asked to be certified; the answer may have been lost. */
  readonly pending?: KeyNames;
  /** When each KEM key was made, by its name. */
  readonly kemMadeAtMs: Readonly<Record<string, number>>;
  /** Canonical JSON of the consent that the backend has, base64. Empty: none. */
  readonly recordedConsent: string;
  /** Proofs of consent: the same that the backend keeps. */
  readonly proofs: readonly ConsentProof[];
}

/** A consent as it was signed. */
export interface ConsentProof {
  /** Canonical JSON, base64. */
  readonly record: string;
  /** ECDSA, base64. */
  readonly signature: string;
  /** The key that signed it: SPKI, base64. */
  readonly spki: string;
}

/** Where the record is kept. */
export interface RecordFile {
  readonly path: string;
  read(): string | undefined;
  write(text: string): void;
}

const FORMAT = 1;
const NOTHING: IdentityRecord = { kemMadeAtMs: {}, recordedConsent: "", proofs: [] };

/** @throws HeatpoolError `STATE_INVALID` the file is no record */
export function readRecord(file: RecordFile): IdentityRecord {
  const text = file.read();
  if (text === undefined) return NOTHING;
  try {
    const { format, ...record } = JSON.parse(text) as { format: unknown } & IdentityRecord;
    const isRecord =
      format === FORMAT && Array.isArray(record.proofs) && typeof record.kemMadeAtMs === "object";
    if (isRecord) {
      if (record.present !== undefined) new X509Certificate(record.present.certificate);
      return record;
    }
  } catch {
    // Told below: not even JSON, or no certificate in it.
  }
  throw new HeatpoolError("STATE_INVALID", `${file.path}: not an identity`, {
    hint: "Restore the file from a backup. Nothing is sent without it.",
  });
}

export function writeRecord(file: RecordFile, record: IdentityRecord): void {
  file.write(`${JSON.stringify({ format: FORMAT, ...record }, null, 2)}\n`);
}
