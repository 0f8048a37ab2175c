/** What a watch remembers, in its file: a damaged one begins the watch anew. */
import { deserialize, serialize } from "node:v8";
import { crc32 } from "node:zlib";
import type { DeviceMemory } from "./device-watch.js";
import type { DeviceFiles } from "./scorer-parts.js";

/** State of one device, with room to spare. */
const STATE_BYTES_MAX = 8 * 1024 * 1024;
const STATE_FORMAT = 1;
const CRC_BYTES = 4;

/** Typed arrays as they are, behind a checksum. Of this file alone, written by this user. */
export function writeMemory(file: DeviceFiles["state"], memory: DeviceMemory): void {
  const body = serialize({ format: STATE_FORMAT, memory });
  const sum = Buffer.alloc(CRC_BYTES);
  sum.writeUInt32LE(crc32(body));
  file.write(Buffer.concat([sum, body]));
}

/** `undefined`: there is none that can be read; the watch begins anew. */
export function readMemory(file: DeviceFiles["state"]): DeviceMemory | undefined {
  const bytes = file.readBytes();
  if (bytes === undefined || bytes.length <= CRC_BYTES || bytes.length > STATE_BYTES_MAX)
    return undefined;
  const body = bytes.subarray(CRC_BYTES);
  if (crc32(body) !== bytes.readUInt32LE(0)) return undefined;
  try {
    const { format, memory } = deserialize(body) as { format: number; memory: DeviceMemory };
    return format === STATE_FORMAT ? memory : undefined;
  } catch {
    return undefined;
  }
}
