/**
 * Unsigned LEB128 of 32-bit numbers, in the one shortest form. Writers know that there is room;
 * readers believe nothing.
 */
import { HeatpoolError } from "#core/errors.js";

/** Most bytes a varint takes. */
export const VARINT_BYTES_MAX = 5;

/** Bytes and how far they were read. */
export interface Cursor {
  readonly bytes: Uint8Array;
  at: number;
}

/** A block that does not follow its format; `what` names the fault and its values. */
export function malformed(what: string): HeatpoolError {
  return new HeatpoolError("BATCH_MALFORMED", what);
}

/** Writes `value`, 0 to 2^32 - 1, at `at`. Returns the position after it. */
export function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  let rest = value >>> 0;
  let next = at;
  while (rest > 0x7f) {
    bytes[next++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[next++] = rest;
  return next;
}

/** @throws HeatpoolError `BATCH_MALFORMED` cut off, longer than needed, or above 32 bits */
export function readVarint(from: Cursor): number {
  const { bytes } = from;
  let at = from.at;
  let value = 0;
  for (let shift = 0; shift <= 28; shift += 7) {
    const byte = bytes[at++];
    if (byte === undefined) throw malformed(`ends within a number at byte ${from.at}`);
    if (byte > 0x7f) {
      value |= (byte & 0x7f) << shift;
      continue;
    }
    if (byte === 0 && shift > 0) throw malformed(`number longer than needed at byte ${from.at}`);
    if (shift === 28 && byte > 0x0f) break;
    from.at = at;
    return (value | (byte << shift)) >>> 0;
  }
  throw malformed(`number above 32 bits at byte ${from.at}`);
}
