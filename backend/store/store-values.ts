/**
 * Values of the embedded store. Each begins with the CRC-32 of its key and payload, because LevelDB
 * hands out changed bytes without an error; a value whose CRC fails is never used.
 *
 * Small records are JSON. A block has a header of fixed layout with a version, and its bytes as
 * they came: nothing is decoded or compressed again.
 */
import { crc32 } from "node:zlib";
import { HeatpoolError } from "#core/errors.js";
import { readBlockKey } from "./store-keys.js";
import type { StoredBlock } from "./snapshot-store.js";

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

/** Layout of a block's header, after the checksum. */
const HEADER = {
  version: 0,
  codec: 1,
  modelBytes: 2,
  stepMs: 4,
  rows: 8,
  readings: 12,
  plainBytes: 16,
  slot: 20,
  receivedAtMs: 28,
  firstMs: 36,
  lastMs: 44,
  tableId: 52,
  digest: 60,
  model: 76,
} as const;

/** Version of header and block layout together. */
const BLOCK_VERSION = 1;

/** A block with its header as a value. */
export function sealBlock(key: Buffer, stored: StoredBlock): Buffer {
  const { batch } = stored;
  const model = Buffer.from(stored.heatpumpModel, "utf8");
  const at = CRC_BYTES;
  const value = Buffer.allocUnsafe(at + HEADER.model + model.length + batch.block.length);
  value[at + HEADER.version] = BLOCK_VERSION;
  value[at + HEADER.codec] = batch.codec;
  value.writeUInt16LE(model.length, at + HEADER.modelBytes);
  value.writeUInt32LE(batch.stepMs, at + HEADER.stepMs);
  value.writeUInt32LE(batch.rows, at + HEADER.rows);
  value.writeUInt32LE(batch.readings, at + HEADER.readings);
  value.writeUInt32LE(batch.plainBytes, at + HEADER.plainBytes);
  value.writeDoubleLE(batch.slot, at + HEADER.slot);
  value.writeDoubleLE(stored.receivedAtMs, at + HEADER.receivedAtMs);
  value.writeDoubleLE(stored.firstMs, at + HEADER.firstMs);
  value.writeDoubleLE(stored.lastMs, at + HEADER.lastMs);
  value.set(batch.tableId, at + HEADER.tableId);
  value.set(batch.digest, at + HEADER.digest);
  value.set(model, at + HEADER.model);
  value.set(batch.block, at + HEADER.model + model.length);
  return signValue(key, value);
}

/** Reads what `sealBlock` wrote. @throws HeatpoolError `STORE_DAMAGED` */
export function openBlock(key: Buffer, value: Buffer): StoredBlock {
  const bytes = openValue(key, value);
  if (bytes[HEADER.version] !== BLOCK_VERSION) {
    throw new HeatpoolError("STORE_DAMAGED", `block version ${bytes[HEADER.version]} is unknown`);
  }
  const place = readBlockKey(key);
  const block = HEADER.model + bytes.readUInt16LE(HEADER.modelBytes);
  return {
    installationId: place.installationId,
    epochId: place.epochId,
    sequence: place.sequence,
    heatpumpModel: bytes.toString("utf8", HEADER.model, block),
    receivedAtMs: bytes.readDoubleLE(HEADER.receivedAtMs),
    firstMs: bytes.readDoubleLE(HEADER.firstMs),
    lastMs: bytes.readDoubleLE(HEADER.lastMs),
    batch: {
      deviceId: place.deviceId,
      tableId: bytes.subarray(HEADER.tableId, HEADER.tableId + 8),
      stepMs: bytes.readUInt32LE(HEADER.stepMs),
      slot: bytes.readDoubleLE(HEADER.slot),
      rows: bytes.readUInt32LE(HEADER.rows),
      readings: bytes.readUInt32LE(HEADER.readings),
      codec: bytes[HEADER.codec] ?? 0,
      plainBytes: bytes.readUInt32LE(HEADER.plainBytes),
      digest: bytes.subarray(HEADER.digest, HEADER.digest + 16),
      block: bytes.subarray(block),
    },
  };
}

function signValue(key: Buffer, value: Buffer): Buffer {
  value.writeUInt32LE(crc32(value.subarray(CRC_BYTES), crc32(key)), 0);
  return value;
}
