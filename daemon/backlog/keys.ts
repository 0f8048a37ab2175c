/**
 * Keys of the backlog's records. Fixed width, big-endian numbers: the order of bytes is the order
 * of time. A letter and a slash say what a record is:
 *
 * `s/` journal · `b/` sealed batches · `l/` loss ledger · `d/` dead letters ·
 * `m/` counters · `t/` channel tables · `v/` device streams
 */

import assert from "node:assert/strict";
import { formatUuid, parseUuid } from "#core/uuid.js";

/** Sorts of records. */
export type RecordSort = "s" | "b" | "l" | "d" | "m" | "t" | "v";

const PREFIX_BYTES = 2;
const EPOCH_BYTES = 16;
const NUMBER_BYTES = 8;

/** The one record of counters and epochs. */
export const STATE_KEY = Buffer.from("m/state");

/** `s/<number>`, `l/<number>` or `d/<number>` */
export function numberKey(sort: "s" | "l" | "d", number: number): Buffer {
  const key = Buffer.alloc(PREFIX_BYTES + NUMBER_BYTES);
  key.write(`${sort}/`);
  key.writeBigUInt64BE(BigInt(number), PREFIX_BYTES);
  return key;
}

/** `b/<epoch>/<sequence>`, without the second slash. */
export function batchKey(epochId: string, sequence: number): Buffer {
  const key = Buffer.alloc(PREFIX_BYTES + EPOCH_BYTES + NUMBER_BYTES);
  key.write("b/");
  key.set(uuidBytes(epochId), PREFIX_BYTES);
  key.writeBigUInt64BE(BigInt(sequence), PREFIX_BYTES + EPOCH_BYTES);
  return key;
}

/** `t/<id>` or `v/<id>` */
export function namedKey(sort: "t" | "v", id: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`${sort}/`), id]);
}

/** What a key says; `undefined` when no such key was ever written. */
export function parseKey(
  key: Buffer,
): { sort: RecordSort; number: number; epochId: string | undefined } | undefined {
  const sort = /^([sbldmtv])\//.exec(key.toString("latin1"))?.[1] as RecordSort | undefined;
  if (sort === undefined) return undefined;
  const width = { s: 10, l: 10, d: 10, b: 26 }[sort as string];
  if (width === undefined) return { sort, number: 0, epochId: undefined };
  if (key.length !== width) return undefined;
  const number = key.readBigUInt64BE(width - NUMBER_BYTES);
  if (number > BigInt(Number.MAX_SAFE_INTEGER)) return undefined;
  const epochId =
    sort === "b" ? formatUuid(key.subarray(PREFIX_BYTES, PREFIX_BYTES + EPOCH_BYTES)) : undefined;
  return { sort, number: Number(number), epochId };
}

/** 16 bytes of a UUID's text. */
export function uuidBytes(uuid: string): Buffer {
  const bytes = parseUuid(uuid);
  assert(bytes !== undefined, `${uuid} is no UUID`);
  return Buffer.from(bytes);
}

/** A random UUID, version 4, from 16 random bytes. */
export function randomUuid(random: Uint8Array): string {
  const bytes = Buffer.from(random);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return formatUuid(bytes) ?? "";
}
