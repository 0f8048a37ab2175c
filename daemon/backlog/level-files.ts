/**
 * LevelDB's files, read without LevelDB.
 *
 * The library checks no block of a table before it merges it, and ends the process by an assertion
 * when a flipped bit has put a key out of order; its own repair does the same. So tables are checked
 * here before it opens them, and damaged databases are read here.
 *
 * Source: LevelDB `doc/table_format.md`, `doc/log_format.md`, `db/write_batch.cc`, `db/dbformat.h`,
 * `db/version_edit.cc`.
 */
import { maskedCrc32c } from "./crc32c.js";

/** One write of one key; a later `order` replaces an earlier one. */
export interface StoredWrite {
  readonly key: Buffer;
  /** `undefined`: the key was deleted. */
  readonly value: Buffer | undefined;
  readonly order: bigint;
  /** Whether the checksum around it agrees. What does not must prove itself otherwise. */
  readonly isSound: boolean;
}

const FOOTER_BYTES = 48;
const MAGIC = 0xdb4775248b80fb57n;
/** Kind of compression and checksum behind each block. */
const TRAILER_BYTES = 5;
const UNCOMPRESSED = 0;
const LOG_BLOCK_BYTES = 32 * 1024;
const LOG_HEADER_BYTES = 7;
const BATCH_HEADER_BYTES = 12;
/** Sequence number and kind at the end of a key. */
const TAG_BYTES = 8;
const DELETION = 0;
const VALUE = 1;
/** Pieces of a record in a log. */
const FULL = 1;
const FIRST = 2;
const MIDDLE = 3;
const LAST = 4;

/** Whether every block of a table is as it was written. */
export function isTableSound(table: Buffer): boolean {
  const index = readIndex(table);
  if (index === undefined || !index.isSound) return false;
  return index.handles.every((handle) => readBlock(table, handle)?.isSound === true);
}

/** All writes in a table that can still be told apart. */
export function* readTable(table: Buffer): Generator<StoredWrite> {
  for (const handle of readIndex(table)?.handles ?? []) {
    const block = readBlock(table, handle);
    if (block === undefined) continue;
    for (const { key, value } of readEntries(block.bytes)) {
      if (key.length < TAG_BYTES) continue;
      const tag = key.readBigUInt64LE(key.length - TAG_BYTES);
      const isDeletion = Number(tag & 0xffn) === DELETION;
      yield {
        key: key.subarray(0, key.length - TAG_BYTES),
        value: isDeletion ? undefined : value,
        order: tag >> 8n,
        isSound: block.isSound,
      };
    }
  }
}

/** All writes in a log that can still be told apart. */
export function* readLog(log: Buffer): Generator<StoredWrite> {
  for (const { bytes, isSound } of readLogRecords(log)) {
    if (bytes.length < BATCH_HEADER_BYTES) continue;
    const reader = { bytes, at: BATCH_HEADER_BYTES };
    for (let order = bytes.readBigUInt64LE(0); reader.at < bytes.length; order++) {
      const kind = bytes[reader.at++];
      const key = readSized(reader);
      const value = kind === VALUE ? readSized(reader) : undefined;
      if (key === undefined || (kind !== DELETION && value === undefined)) break;
      yield { key, value, order, isSound };
    }
  }
}

/** Fields of a record of the manifest, by their tags. */
const MANIFEST_TEXTS = new Set([1]);
const MANIFEST_NUMBERS = new Set([2, 3, 4, 9]);
const COMPACT_POINTER = 5;
const TABLE_REMOVED = 6;
const TABLE_ADDED = 7;

/**
 * Numbers of the tables that a manifest names. A table beside them was being made when the power
 * went; everything in it is also in the log or in the tables that it was made of.
 *
 * @returns `undefined` where the manifest is damaged
 */
export function readTableNumbers(manifest: Buffer): ReadonlySet<number> | undefined {
  if (manifest.length === 0 || !isLogWhole(manifest)) return undefined;
  const numbers = new Set<number>();
  for (const { bytes } of readLogRecords(manifest)) {
    if (!applyEdit({ bytes, at: 0 }, numbers)) return undefined;
  }
  return numbers;
}

/** Whether a log is whole records and nothing else: one that was cut must not pass for a shorter one. */
function isLogWhole(log: Buffer): boolean {
  let isInside = false;
  for (let start = 0; start < log.length; start += LOG_BLOCK_BYTES) {
    const block = log.subarray(start, start + LOG_BLOCK_BYTES);
    let at = 0;
    while (at + LOG_HEADER_BYTES <= block.length) {
      const kind = block[at + 6] ?? 0;
      const end = at + LOG_HEADER_BYTES + block.readUInt16LE(at + 4);
      if (kind < FULL || kind > LAST || end > block.length) return false;
      if (isInside !== (kind === MIDDLE || kind === LAST)) return false;
      if (block.readUInt32LE(at) !== maskedCrc32c(block.subarray(at + 6, end))) return false;
      isInside = kind === FIRST || kind === MIDDLE;
      at = end;
    }
    if (block.subarray(at).some((byte) => byte !== 0)) return false;
    if (block.length < LOG_BLOCK_BYTES && at < block.length) return false;
  }
  return !isInside;
}

/** One record of a manifest. False: it holds what LevelDB does not write. */
function applyEdit(reader: Reader, numbers: Set<number>): boolean {
  while (reader.at < reader.bytes.length) {
    const tag = readVarint(reader);
    if (tag === undefined) return false;
    if (MANIFEST_TEXTS.has(tag)) {
      if (readSized(reader) === undefined) return false;
    } else if (MANIFEST_NUMBERS.has(tag)) {
      // Numbers of 64 bits; what is not read exactly is not needed.
      if (readVarint(reader) === undefined) return false;
    } else {
      if (readVarint(reader) === undefined) return false;
      if (tag === COMPACT_POINTER) {
        if (readSized(reader) === undefined) return false;
        continue;
      }
      const number = readVarint(reader);
      if (number === undefined) return false;
      if (tag === TABLE_REMOVED) numbers.delete(number);
      else if (tag === TABLE_ADDED) {
        const size = readVarint(reader);
        const hasSpan = readSized(reader) !== undefined && readSized(reader) !== undefined;
        if (size === undefined || !hasSpan) return false;
        numbers.add(number);
      } else return false;
    }
  }
  return true;
}

interface Reader {
  readonly bytes: Buffer;
  at: number;
}

interface Handle {
  readonly offset: number;
  readonly size: number;
}

interface Block {
  readonly bytes: Buffer;
  readonly isSound: boolean;
}

function readIndex(table: Buffer): { handles: Handle[]; isSound: boolean } | undefined {
  if (table.length < FOOTER_BYTES) return undefined;
  const footer = table.subarray(table.length - FOOTER_BYTES);
  if (footer.readBigUInt64LE(FOOTER_BYTES - 8) !== MAGIC) return undefined;
  const reader = { bytes: footer, at: 0 };
  const metaindex = readHandle(reader);
  const index = readHandle(reader);
  const block = index && readBlock(table, index);
  const isMetaSound = metaindex !== undefined && readBlock(table, metaindex)?.isSound === true;
  if (block === undefined) return undefined;
  const handles: Handle[] = [];
  for (const { value } of readEntries(block.bytes)) {
    const handle = readHandle({ bytes: value, at: 0 });
    if (handle !== undefined) handles.push(handle);
  }
  return { handles, isSound: block.isSound && isMetaSound };
}

function readBlock(table: Buffer, { offset, size }: Handle): Block | undefined {
  const end = offset + size;
  if (end + TRAILER_BYTES > table.length) return undefined;
  if (table[end] !== UNCOMPRESSED) return undefined;
  const isSound = table.readUInt32LE(end + 1) === maskedCrc32c(table.subarray(offset, end + 1));
  return { bytes: table.subarray(offset, end), isSound };
}

/** Entries of a block; each key shares its beginning with the one before. */
function* readEntries(block: Buffer): Generator<{ key: Buffer; value: Buffer }> {
  if (block.length < 4) return;
  const restarts = block.readUInt32LE(block.length - 4);
  const end = block.length - 4 * (restarts + 1);
  const reader = { bytes: block, at: 0 };
  let key = Buffer.alloc(0);
  while (reader.at < end) {
    const shared = readVarint(reader);
    const own = readVarint(reader);
    const length = readVarint(reader);
    if (shared === undefined || own === undefined || length === undefined) return;
    if (shared > key.length || reader.at + own + length > end) return;
    key = Buffer.concat([key.subarray(0, shared), block.subarray(reader.at, reader.at + own)]);
    reader.at += own;
    const value = block.subarray(reader.at, reader.at + length);
    reader.at += length;
    yield { key, value };
  }
}

/** Whole records of a log. A piece that is damaged ends its record, not the walk. */
function* readLogRecords(log: Buffer): Generator<Block> {
  let pieces: Buffer[] = [];
  let isSound = true;
  for (let start = 0; start < log.length; start += LOG_BLOCK_BYTES) {
    const block = log.subarray(start, start + LOG_BLOCK_BYTES);
    for (let at = 0; at + LOG_HEADER_BYTES <= block.length; ) {
      const length = block.readUInt16LE(at + 4);
      const kind = block[at + 6] ?? 0;
      const end = at + LOG_HEADER_BYTES + length;
      if (kind < FULL || kind > LAST || end > block.length) break;
      if (kind === FULL || kind === FIRST) {
        pieces = [];
        isSound = true;
      }
      isSound &&= block.readUInt32LE(at) === maskedCrc32c(block.subarray(at + 6, end));
      isSound &&= (kind !== MIDDLE && kind !== LAST) || pieces.length > 0;
      pieces.push(block.subarray(at + LOG_HEADER_BYTES, end));
      if (kind === FULL || kind === LAST) {
        yield { bytes: Buffer.concat(pieces), isSound };
        pieces = [];
      }
      at = end;
    }
  }
}

function readHandle(reader: Reader): Handle | undefined {
  const offset = readVarint(reader);
  const size = readVarint(reader);
  return offset === undefined || size === undefined ? undefined : { offset, size };
}

function readSized(reader: Reader): Buffer | undefined {
  const length = readVarint(reader);
  if (length === undefined || reader.at + length > reader.bytes.length) return undefined;
  reader.at += length;
  return reader.bytes.subarray(reader.at - length, reader.at);
}

/** Unsigned LEB128 up to 2^53. */
function readVarint(reader: Reader): number | undefined {
  let value = 0;
  for (let scale = 1; scale < Number.MAX_SAFE_INTEGER; scale *= 128) {
    const byte = reader.bytes[reader.at++];
    if (byte === undefined) return undefined;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return value;
  }
  return undefined;
}
