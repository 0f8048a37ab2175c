/**
 * Where the history's blocks lie: records by key, in the order of their keys. A key of a block
 * begins with its time, so that a range of time is a range of keys and the oldest is the first.
 */

/** Puts `value`, or removes the key. */
export interface Change {
  readonly key: Buffer;
  readonly value: Buffer | undefined;
}

/** A record; `undefined`: its bytes are not what was written. */
export interface StoredRecord {
  readonly key: Buffer;
  readonly value: Buffer | undefined;
}

/** Records by key. */
export interface BlockStore {
  /** After a power cut all of it is there, or nothing. */
  write(changes: readonly Change[]): Promise<void>;
  get(key: Buffer): Promise<Buffer | undefined>;
  /** What is there at the time of the call, from `first` to before `end`. */
  between(first: Buffer, end: Buffer): AsyncIterable<StoredRecord>;
  /** Gives the room of removed records back. */
  compact(first: Buffer, end: Buffer): Promise<void>;
  close(): Promise<void>;
}

/** Place of a block: when its first row was taken, and which block it is. */
export interface BlockPlace {
  readonly fromMs: number;
  readonly number: number;
  readonly deviceId: string;
}

const BLOCK = 0x62;
const TABLE = 0x74;
const TIME_BYTES = 6;
const PREFIX_BYTES = 1 + 2 * TIME_BYTES;
/** Unix milliseconds of the year 10889. */
const TIME_MS_MAX = 2 ** 48 - 1;

/** Name of the record about the store itself. */
export const STATE_KEY = Buffer.from("m");

/** Whether an instant can be a block's. */
export function isStorable(atMs: number): boolean {
  return atMs >= 0 && atMs < TIME_MS_MAX;
}

export function blockKey({ fromMs, number, deviceId }: BlockPlace): Buffer {
  return Buffer.concat([timeKey(fromMs), uint48(number), Buffer.from(deviceId)]);
}

/** First key of a block at or after `fromMs`. */
export function timeKey(fromMs: number): Buffer {
  const at = Math.min(Math.max(Math.floor(fromMs), 0), TIME_MS_MAX);
  return Buffer.concat([Buffer.of(BLOCK), uint48(at)]);
}

/** After the last block. */
export const BLOCKS_END = Buffer.of(BLOCK + 1);

/** After the last table; blocks and tables lie before it. */
export const RECORDS_END = Buffer.of(TABLE + 1);

export function isBlockKey(key: Buffer): boolean {
  return key[0] === BLOCK && key.length > PREFIX_BYTES;
}

export function readPlace(key: Buffer): BlockPlace {
  return {
    fromMs: key.readUIntBE(1, TIME_BYTES),
    number: key.readUIntBE(1 + TIME_BYTES, TIME_BYTES),
    deviceId: key.toString("utf8", PREFIX_BYTES),
  };
}

export function tableKey(id: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(TABLE), id]);
}

export function isTableKey(key: Buffer): boolean {
  return key[0] === TABLE;
}

function uint48(value: number): Buffer {
  const bytes = Buffer.alloc(TIME_BYTES);
  bytes.writeUIntBE(value, 0, TIME_BYTES);
  return bytes;
}
