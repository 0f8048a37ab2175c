/**
 * Rows of a day as bytes: channel by channel in float32, only those that have a value, deflated.
 * Before it a CRC-32, so that a damaged record is seen.
 */
import { crc32, deflateRawSync, inflateRawSync } from "node:zlib";
import { CELLS_PER_DAY, CHANNEL_COUNT } from "#core/anomaly/channel.js";
import { createRowBlock, type RowBlock } from "#core/anomaly/operating-row.js";

const FORMAT = 1;
/** Format, length, channels that are there. */
const HEAD_BYTES = 1 + 2 + 4;
const CRC_BYTES = 4;
/** A full day with all channels is half of this. */
const PLAIN_BYTES_MAX = 128 * 1024;

/** Packs rows of one day. */
export function packRows(rows: RowBlock): Buffer {
  const count = rows.length;
  const there = channelsOf(rows);
  const plain = Buffer.alloc(HEAD_BYTES + count * 4 + there.length * count * 4);
  plain.writeUInt8(FORMAT, 0);
  plain.writeUInt16LE(count, 1);
  plain.writeUInt32LE(
    there.reduce((mask, channel) => mask + 2 ** channel, 0),
    3,
  );
  let at = HEAD_BYTES;
  for (let row = 0; row < count; row++, at += 4) {
    plain.writeUInt16LE((rows.cells[row] ?? 0) % CELLS_PER_DAY, at);
    plain.writeUInt8(rows.modes[row] ?? 0, at + 2);
    plain.writeUInt8(rows.steady[row] ?? 0, at + 3);
  }
  for (const channel of there)
    for (let row = 0; row < count; row++, at += 4)
      plain.writeFloatLE(rows.values[row * CHANNEL_COUNT + channel] ?? Number.NaN, at);
  const packed = deflateRawSync(plain);
  const sum = Buffer.alloc(CRC_BYTES);
  sum.writeUInt32LE(crc32(packed));
  return Buffer.concat([sum, packed]);
}

/** Unpacks rows of `day`; `undefined`: damaged, or of a later format. */
export function unpackRows(day: number, bytes: Uint8Array): RowBlock | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (buffer.length < CRC_BYTES) return undefined;
  const packed = buffer.subarray(CRC_BYTES);
  if (crc32(packed) !== buffer.readUInt32LE(0)) return undefined;
  const plain = inflateRawSync(packed, { maxOutputLength: PLAIN_BYTES_MAX });
  if (plain.length < HEAD_BYTES || plain.readUInt8(0) !== FORMAT) return undefined;
  const count = plain.readUInt16LE(1);
  const mask = plain.readUInt32LE(3);
  const there = Array.from({ length: CHANNEL_COUNT }, (_, channel) => channel).filter(
    (channel) => Math.floor(mask / 2 ** channel) % 2 === 1,
  );
  if (plain.length !== HEAD_BYTES + count * 4 + there.length * count * 4) return undefined;
  const rows = createRowBlock(count);
  let at = HEAD_BYTES;
  for (let row = 0; row < count; row++, at += 4) {
    rows.cells[row] = day * CELLS_PER_DAY + plain.readUInt16LE(at);
    rows.modes[row] = plain.readUInt8(at + 2);
    rows.steady[row] = plain.readUInt8(at + 3);
  }
  for (const channel of there)
    for (let row = 0; row < count; row++, at += 4)
      rows.values[row * CHANNEL_COUNT + channel] = plain.readFloatLE(at);
  return rows;
}

function channelsOf(rows: RowBlock): number[] {
  const there = new Set<number>();
  for (let at = 0; at < rows.values.length; at++)
    if (!Number.isNaN(rows.values[at])) there.add(at % CHANNEL_COUNT);
  return [...there].sort((a, b) => a - b);
}
