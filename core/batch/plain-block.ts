/**
 * The codec-0 form of a block: layout, then times, then column after column. It is the form that
 * names a content, so there is exactly one.
 */
import { checkCells, plainBytesMax } from "./block-checks.js";
import type { ChannelTable } from "./channel-table.js";
import { readLane, readPresence, writeLane, writePresence } from "./codec-0.js";
import { type Columns, growColumn, growTimes } from "./columns.js";
import { planLayout, readLayout, writeLayout } from "./layout.js";
import { type Cursor, malformed } from "./varint.js";

/** The encoder writes here before it knows the length. Grows to the largest block. */
let scratch = new Uint8Array(0);
/** Present cells of one lane, side by side. */
let dense = new Int32Array(0);

/** The codec-0 form; valid until the next call. */
export function encodePlain(columns: Columns, table: ChannelTable): Uint8Array {
  const { rows } = columns;
  const layout = planLayout(columns, table);
  checkCells(rows, layout.lanes);
  reserve(plainBytesMax(rows, layout.channels.length, layout.lanes), rows);
  let at = writeLayout(scratch, 0, layout, table);
  at = writeLane(scratch, at, columns.gap, rows);
  at = writeLane(scratch, at, columns.off, rows);
  for (const [position, c] of layout.channels.entries()) {
    at = writeColumn(at, columns, table, c, layout.isPartial[position] === true);
  }
  return scratch.subarray(0, at);
}

function writeColumn(
  at: number,
  columns: Columns,
  table: ChannelTable,
  c: number,
  isPartial: boolean,
): number {
  const { rows } = columns;
  const present = columns.present[c] as Uint8Array;
  let next = isPartial ? writePresence(scratch, at, present, rows) : at;
  const end = table.laneStarts[c + 1] as number;
  for (let l = table.laneStarts[c] as number; l < end; l++) {
    const lane = columns.lanes[l] as Int32Array;
    if (!isPartial) {
      next = writeLane(scratch, next, lane, rows);
      continue;
    }
    let cells = 0;
    for (let row = 0; row < rows; row++) {
      if (present[row] === 1) dense[cells++] = lane[row] as number;
    }
    next = writeLane(scratch, next, dense, cells);
  }
  return next;
}

/** Reads what `encodePlain` wrote. @throws HeatpoolError `BATCH_MALFORMED`, `BATCH_TOO_LARGE` */
export function decodePlain(plain: Uint8Array, table: ChannelTable, into: Columns): void {
  const { rows } = into;
  const from: Cursor = { bytes: plain, at: 0 };
  const layout = readLayout(from, table);
  checkCells(rows, layout.lanes);
  growTimes(into, rows);
  into.counts.fill(0);
  readLane(from, into.gap, rows);
  readLane(from, into.off, rows);
  for (const [position, c] of layout.channels.entries()) {
    growColumn(into, table, c, rows);
    readColumn(from, into, table, c, layout.isPartial[position] === true);
  }
  const trailing = plain.length - from.at;
  if (trailing !== 0) throw malformed(`${trailing} bytes after the last cell`);
}

function readColumn(
  from: Cursor,
  into: Columns,
  table: ChannelTable,
  c: number,
  isPartial: boolean,
): void {
  const { rows } = into;
  const present = into.present[c] as Uint8Array;
  const count = isPartial ? readPresence(from, present, rows) : rows;
  into.counts[c] = count;
  const end = table.laneStarts[c + 1] as number;
  for (let l = table.laneStarts[c] as number; l < end; l++) {
    const lane = into.lanes[l] as Int32Array;
    readLane(from, lane, count);
    if (isPartial) spread(lane, present, count, rows);
  }
}

/** Moves the first `count` numbers to the rows where cells are present; from the end, in place. */
function spread(lane: Int32Array, present: Uint8Array, count: number, rows: number): void {
  let from = count;
  for (let row = rows - 1; row >= from; row--) {
    if (present[row] === 1) lane[row] = lane[--from] as number;
  }
}

function reserve(bytes: number, rows: number): void {
  if (scratch.length < bytes) scratch = new Uint8Array(bytes);
  if (dense.length < rows) dense = new Int32Array(rows);
}
