/**
 * Codec 0: each lane as differences modulo 2^32 with runs of zeros, lane after lane. There are no
 * lengths and no names: rows and table bound everything. A content has exactly one form, so that
 * its hash names it.
 */
import { type Cursor, malformed, readVarint, writeVarint } from "./varint.js";

/** Writes the first `cells` numbers of `lane` at `at`. Returns the position after them. */
export function writeLane(bytes: Uint8Array, at: number, lane: Int32Array, cells: number): number {
  let next = at;
  let last = 0;
  let k = 0;
  while (k < cells) {
    const x = lane[k] as number;
    const d = (x - last) | 0;
    if (d === 0) {
      const start = k++;
      while (k < cells && lane[k] === last) k++;
      bytes[next++] = 0;
      next = writeVarint(bytes, next, k - start - 1);
      continue;
    }
    const zigzag = ((d << 1) ^ (d >> 31)) >>> 0;
    if (zigzag < 0x80) bytes[next++] = zigzag;
    else next = writeVarint(bytes, next, zigzag);
    last = x;
    k++;
  }
  return next;
}

/** @throws HeatpoolError `BATCH_MALFORMED` */
export function readLane(from: Cursor, lane: Int32Array, cells: number): void {
  const { bytes } = from;
  const end = bytes.length;
  let at = from.at;
  let last = 0;
  let k = 0;
  let isAfterRun = false;
  while (k < cells) {
    if (at >= end) throw malformed(`ends ${cells - k} cells too early`);
    let zigzag = bytes[at] as number;
    if (zigzag > 0x7f) {
      from.at = at;
      zigzag = readVarint(from);
      at = from.at;
    } else at++;
    if (zigzag !== 0) {
      last = (last + ((zigzag >>> 1) ^ -(zigzag & 1))) | 0;
      lane[k++] = last;
      isAfterRun = false;
      continue;
    }
    if (isAfterRun) throw malformed(`run after run at byte ${at - 1}`);
    from.at = at;
    const run = readVarint(from) + 1;
    at = from.at;
    if (run > cells - k) throw malformed(`run of ${run} past the end, ${cells - k} cells left`);
    lane.fill(last, k, k + run);
    k += run;
    isAfterRun = true;
  }
  from.at = at;
}

/** Writes how long cells are present, absent, present, and so on. Returns the position after it. */
export function writePresence(
  bytes: Uint8Array,
  at: number,
  present: Uint8Array,
  rows: number,
): number {
  let next = at;
  let isSort = true;
  for (let row = 0; row < rows; isSort = !isSort) {
    const start = row;
    while (row < rows && (present[row] === 1) === isSort) row++;
    next = writeVarint(bytes, next, row - start);
  }
  return next;
}

/**
 * Reads which cells are present.
 *
 * @returns the number of present cells, at least one and less than `rows`
 * @throws HeatpoolError `BATCH_MALFORMED`
 */
export function readPresence(from: Cursor, present: Uint8Array, rows: number): number {
  let sort = 1;
  let count = 0;
  for (let row = 0; row < rows; sort ^= 1) {
    const run = readVarint(from);
    const isFirst = row === 0 && sort === 1;
    if (run === 0 && !isFirst) throw malformed(`empty presence run at byte ${from.at - 1}`);
    if (run > rows - row) throw malformed(`presence run of ${run} past the end`);
    present.fill(sort, row, row + run);
    if (sort === 1) count += run;
    row += run;
  }
  if (count === 0 || count === rows) throw malformed("partial column without both sorts of cells");
  return count;
}
