/**
 * A history as one stream of bytes, for a backup: a mark, then a frame per record, then how many
 * they were. Every frame carries the CRC-32 of its content; what was cut or changed is refused.
 *
 * A frame is u32 length of the key, u32 length of the value, u32 CRC-32 of both, key, value; the
 * last one has no key, and the count as eight bytes. Numbers are big-endian.
 */
import { crc32 } from "node:zlib";
import { HeatpoolError } from "#core/errors.js";
import type { HistoryRecord } from "./history.js";

const MARK = Buffer.from("heatpool history 1\n", "latin1");
const HEAD_BYTES = 12;
const COUNT_BYTES = 8;
/** A day of a heat pump with 256 channels that is polled each second stays below. */
const FRAME_BYTES_MAX = 16 * 1024 * 1024;
const NO_KEY = Buffer.alloc(0);

export async function* encodeRecords(
  records: AsyncIterable<HistoryRecord>,
): AsyncGenerator<Buffer, void, undefined> {
  yield MARK;
  let count = 0n;
  for await (const { key, value } of records) {
    count++;
    yield toFrame(key, value);
  }
  const end = Buffer.alloc(COUNT_BYTES);
  end.writeBigUInt64BE(count);
  yield toFrame(NO_KEY, end);
}

/** @throws HeatpoolError `STORE_DAMAGED` it is not what `encodeRecords` made, or not all of it */
export async function* decodeRecords(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<HistoryRecord, void, undefined> {
  let count = 0n;
  let isEnded = false;
  for await (const { key, value } of readFrames(chunks)) {
    if (isEnded) throw damaged("it goes on after its end");
    isEnded = key.length === 0;
    if (!isEnded) {
      count++;
      yield { key, value };
    } else if (value.length !== COUNT_BYTES || value.readBigUInt64BE() !== count) {
      throw damaged("records are missing");
    }
  }
  if (!isEnded) throw damaged("it was cut");
}

async function* readFrames(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<HistoryRecord> {
  let rest: Buffer = Buffer.alloc(0);
  let isMarked = false;
  for await (const chunk of chunks) {
    rest = Buffer.concat([rest, chunk]);
    if (!isMarked) {
      if (rest.length < MARK.length) continue;
      if (!rest.subarray(0, MARK.length).equals(MARK)) throw damaged("it is none");
      isMarked = true;
      rest = rest.subarray(MARK.length);
    }
    for (let found = takeFrame(rest); found !== undefined; found = takeFrame(rest)) {
      rest = rest.subarray(found.bytes);
      yield found.record;
    }
  }
  if (rest.length > 0) throw damaged("it was cut");
}

/** The first frame; `undefined`: it is not there wholly. */
function takeFrame(bytes: Buffer): { bytes: number; record: HistoryRecord } | undefined {
  if (bytes.length < HEAD_BYTES) return undefined;
  const keyEnd = HEAD_BYTES + bytes.readUInt32BE(0);
  const end = keyEnd + bytes.readUInt32BE(4);
  if (end > FRAME_BYTES_MAX) throw damaged(`a record of ${end} bytes`);
  if (bytes.length < end) return undefined;
  const record = { key: bytes.subarray(HEAD_BYTES, keyEnd), value: bytes.subarray(keyEnd, end) };
  if (bytes.readUInt32BE(8) !== crc32(record.value, crc32(record.key))) {
    throw damaged("a checksum differs");
  }
  return { bytes: end, record };
}

function toFrame(key: Buffer, value: Buffer): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt32BE(key.length, 0);
  head.writeUInt32BE(value.length, 4);
  head.writeUInt32BE(crc32(value, crc32(key)), 8);
  return Buffer.concat([head, key, value]);
}

function damaged(what: string): HeatpoolError {
  return new HeatpoolError("STORE_DAMAGED", `the kept history cannot be used: ${what}`, {
    hint: "Use another backup, or restore with --no-history.",
  });
}
