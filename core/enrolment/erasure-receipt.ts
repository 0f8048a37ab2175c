/**
 * Proof of an erasure, in the one form in which it is signed: canonical JSON, members sorted by code
 * point, no white space. It is signed by the authority that made the installation, so that its owner
 * can show it years later to somebody who never saw the connection.
 */
import { HeatpoolError } from "#core/errors.js";
import { parseUuid } from "#core/uuid.js";

/** What was removed. The names are those of the record that is signed. */
export interface ErasureRecord {
  /** Stored batches removed. */
  readonly batches: number;
  /** ISO 8601, by the clock of the backend. */
  readonly erased_at: string;
  readonly installation_id: string;
  /** Reported losses removed. */
  readonly losses: number;
  /** Refused batches removed. */
  readonly refused_batches: number;
}

/** A record of ours has about 160 bytes. */
export const RECEIPT_BYTES_MAX = 512;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z$/;

/** The bytes that are signed, sent and kept. */
export function encodeReceipt(record: ErasureRecord): Buffer {
  const { batches, erased_at, installation_id, losses, refused_batches } = record;
  return Buffer.from(
    JSON.stringify({ batches, erased_at, installation_id, losses, refused_batches }),
    "utf8",
  );
}

/** @throws HeatpoolError `PROTOCOL` not a receipt in its one form */
export function parseReceipt(bytes: Uint8Array): ErasureRecord {
  if (bytes.length > RECEIPT_BYTES_MAX) throw wrong(`${bytes.length} bytes`);
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch (cause) {
    throw wrong("not JSON", cause);
  }
  if (!isRecord(value)) throw wrong("a member is missing or not what it should be");
  if (!encodeReceipt(value).equals(bytes)) throw wrong("not in its canonical form");
  return value;
}

function isRecord(value: unknown): value is ErasureRecord {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const record = value as Record<string, unknown>;
  const { batches, erased_at, installation_id, losses, refused_batches } = record;
  return (
    [batches, losses, refused_batches].every(
      (one) => Number.isSafeInteger(one) && Number(one) >= 0,
    ) &&
    typeof erased_at === "string" &&
    TIME.test(erased_at) &&
    typeof installation_id === "string" &&
    parseUuid(installation_id) !== undefined
  );
}

function wrong(why: string, cause?: unknown): HeatpoolError {
  return new HeatpoolError("PROTOCOL", `receipt of an erasure: ${why}`, { cause });
}
