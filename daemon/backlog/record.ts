/**
 * Records at rest: version byte, CRC-32 over key and payload, payload.
 *
 * LevelDB hands out changed values without an error (97 of 100 flipped bits in a table), so nothing
 * read from disk is believed before its own checksum agrees. The key is part of the sum: a value
 * that turns up under a foreign key is damage too.
 */
import { crc32 } from "node:zlib";

const VERSION = 1;
const HEADER_BYTES = 5;

/** The value stored under `key`. */
export function frameRecord(key: Uint8Array, payload: Uint8Array): Buffer {
  const value = Buffer.allocUnsafe(HEADER_BYTES + payload.length);
  value[0] = VERSION;
  value.writeUInt32BE(crc32(payload, crc32(key)), 1);
  value.set(payload, HEADER_BYTES);
  return value;
}

/** The payload of a stored value; `undefined` when it is not what was written under `key`. */
export function openRecord(key: Uint8Array, value: Buffer): Buffer | undefined {
  if (value.length < HEADER_BYTES || value[0] !== VERSION) return undefined;
  const payload = value.subarray(HEADER_BYTES);
  return value.readUInt32BE(1) === crc32(payload, crc32(key)) ? payload : undefined;
}
