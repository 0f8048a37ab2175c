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
/** As they are made; it is also the name of a file. */
const KEY_NAME = /^(tls|kem)-\d{1,6}$/;
const NOTHING: IdentityRecord = { kemMadeAtMs: {}, recordedConsent: "", proofs: [] };

/** @throws HeatpoolError `STATE_INVALID` the file is no record */
export function readRecord(file: RecordFile): IdentityRecord {
  const text = file.read();
  if (text === undefined) return NOTHING;
  let isNewer = false;
  try {
    const { format, ...record } = JSON.parse(text) as { format: unknown } & IdentityRecord;
    if (format === FORMAT && isRecord(record)) return record;
    isNewer = typeof format === "number" && format > FORMAT;
  } catch {
    // Told below: not even JSON, or no certificate in it.
  }
  if (isNewer) {
    throw new HeatpoolError("STATE_INVALID", `${file.path}: of a newer version of heatpool`, {
      hint: "Install that version of heatpool again. Nothing is sent, and the keys are untouched.",
    });
  }
  throw new HeatpoolError("STATE_INVALID", `${file.path}: not an identity`, {
    hint:
      "Nothing is sent, and the keys are untouched. Put back a copy of the file; without one remove " +
      "it, and ask the operator before you run `heatpool enrol`: the backend knows this id.",
  });
}

/** @throws no certificate in it */
function isRecord({ proofs, kemMadeAtMs, recordedConsent, present, pending }: IdentityRecord) {
  if (present !== undefined) new X509Certificate(present.certificate);
  return (
    Array.isArray(proofs) &&
    typeof recordedConsent === "string" &&
    Object(kemMadeAtMs) === kemMadeAtMs &&
    [present?.keys, pending].every((keys) => keys === undefined || areNames(keys)) &&
    (present === undefined || Number.isFinite(present.renewedAtMs + present.enrolledAtMs))
  );
}

function areNames({ tls, kem }: KeyNames): boolean {
  return KEY_NAME.test(tls) && KEY_NAME.test(kem);
}

export function writeRecord(file: RecordFile, record: IdentityRecord): void {
  file.write(`${JSON.stringify({ format: FORMAT, ...record }, null, 2)}\n`);
}
