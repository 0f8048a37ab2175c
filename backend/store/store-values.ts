/**
 * Values of the embedded store. Each begins with the CRC-32 of its key and payload, because LevelDB
 * hands out changed bytes without an error; a value whose CRC fails is never used.
 *
 * Small records are JSON. A block is the record at rest of `core/batch` with its bytes as they came:
 * nothing is decoded or compressed again.
 */
import { crc32 } from "node:zlib";
import { decodeStoredBatch, encodeSealedBatch } from "#core/batch/records.js";
import { HeatpoolError } from "#core/errors.js";
import type { StoredBlock } from "./snapshot-store.js";
import { readBlockKey } from "./store-keys.js";

const CRC_BYTES = 4;

/** Puts the checksum before the payload. */
export function sealValue(key: Buffer, payload: Uint8Array): Buffer {
  const value = Buffer.allocUnsafe(CRC_BYTES + payload.length);
  value.set(payload, CRC_BYTES);
  return signValue(key, value);
}

/** The payload of a value. @throws HeatpoolError `STORE_DAMAGED` */
export function openValue(key: Buffer, value: Buffer): Buffer {
  const payload = value.subarray(CRC_BYTES);
  if (value.length < CRC_BYTES || value.readUInt32LE(0) !== crc32(payload, crc32(key))) {
    const what = `${key.toString("latin1", 0, 2)} record of ${value.length} bytes: checksum differs`;
    throw new HeatpoolError("STORE_DAMAGED", what, {
      hint: "Restore the store from a backup; the medium may be failing.",
    });
  }
  return payload;
}

/** A small record as a value. */
export function sealJson(key: Buffer, record: unknown): Buffer {
  return sealValue(key, Buffer.from(JSON.stringify(record), "utf8"));
}

/** Reads what `sealJson` wrote. */
export function openJson<T>(key: Buffer, value: Buffer): T {
  return JSON.parse(openValue(key, value).toString("utf8")) as T;
}

/** Keys of a group's blocks as a value. */
export function sealJournal(at: Buffer, keys: readonly Buffer[]): Buffer {
  return sealValue(at, Buffer.concat(keys.flatMap((one) => [Buffer.from([one.length]), one])));
}

/** Reads what `sealJournal` wrote. */
export function openJournal(at: Buffer, value: Buffer): Buffer[] {
  const payload = openValue(at, value);
  const keys: Buffer[] = [];
  for (let next = 0; next < payload.length; ) {
    const end = next + 1 + (payload[next] ?? 0);
    keys.push(payload.subarray(next + 1, end));
    next = end;
  }
  return keys;
}

/** What stands before the record of a block, after the checksum. */
const PREFIX = { version: 0, modelBytes: 2, firstMs: 4, lastMs: 12, model: 20 } as const;

/** Version of that prefix; the record after it has its own. */
const PREFIX_VERSION = 1;

/** A block as a value: cohort and times, then the batch as a record at rest. */
export function sealBlock(key: Buffer, stored: StoredBlock): Buffer {
  const model = Buffer.from(stored.heatpumpModel, "utf8");
  const record = encodeSealedBatch(stored.batch, stored.receivedAtMs);
  const at = CRC_BYTES;
  const value = Buffer.allocUnsafe(at + PREFIX.model + model.length + record.length);
  value.writeUInt16LE(PREFIX_VERSION, at + PREFIX.version);
  value.writeUInt16LE(model.length, at + PREFIX.modelBytes);
  value.writeDoubleLE(stored.firstMs, at + PREFIX.firstMs);
  value.writeDoubleLE(stored.lastMs, at + PREFIX.lastMs);
  value.set(model, at + PREFIX.model);
  value.set(record, at + PREFIX.model + model.length);
  return signValue(key, value);
}

/** Reads what `sealBlock` wrote. @throws HeatpoolError `STORE_DAMAGED` */
export function openBlock(key: Buffer, value: Buffer): StoredBlock {
  const bytes = openValue(key, value);
  const version = bytes.readUInt16LE(PREFIX.version);
  if (version !== PREFIX_VERSION) {
    throw new HeatpoolError("STORE_DAMAGED", `block version ${version} is unknown`, {
      hint: "The store was written by a newer version of this program.",
    });
  }
  const { installationId, epochId, sequence } = readBlockKey(key);
  const record = PREFIX.model + bytes.readUInt16LE(PREFIX.modelBytes);
  const { sealed, receivedAtMs } = decodeStoredBatch(bytes.subarray(record));
  return {
    installationId,
    epochId,
    sequence,
    heatpumpModel: bytes.toString("utf8", PREFIX.model, record),
    receivedAtMs,
    firstMs: bytes.readDoubleLE(PREFIX.firstMs),
    lastMs: bytes.readDoubleLE(PREFIX.lastMs),
    batch: sealed,
  };
}

function signValue(key: Buffer, value: Buffer): Buffer {
  value.writeUInt32LE(crc32(value.subarray(CRC_BYTES), crc32(key)), 0);
  return value;
}
