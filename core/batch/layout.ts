/**
 * What stands before a block's body: which channels of the table it holds, and which of them lack
 * cells. Like the body it has exactly one form for a content.
 */
import type { ChannelTable } from "./channel-table.js";
import type { Columns } from "./columns.js";
import { type Cursor, malformed, readVarint, writeVarint } from "./varint.js";

/** Some channels of the table have no cell at all and are left out. */
const SUBSET = 1;
/** Some columns have both present and absent cells. */
const PARTIAL = 2;

/** Channels of a block in their order, and whether each lacks cells. */
export interface Layout {
  /** Index into the table's channels. */
  readonly channels: readonly number[];
  readonly isPartial: readonly boolean[];
  /** Lanes of these channels together. */
  readonly lanes: number;
}

/** The layout of what `columns` hold. */
export function planLayout(columns: Columns, table: ChannelTable): Layout {
  const channels: number[] = [];
  const isPartial: boolean[] = [];
  for (let c = 0; c < table.channels.length; c++) {
    const count = columns.counts[c] ?? 0;
    if (count === 0) continue;
    channels.push(c);
    isPartial.push(count < columns.rows);
  }
  return { channels, isPartial, lanes: countLanes(channels, table) };
}

/** Writes `layout` at `at`. Returns the position after it. */
export function writeLayout(
  bytes: Uint8Array,
  at: number,
  layout: Layout,
  table: ChannelTable,
): number {
  const partial = layout.isPartial.flatMap((is, position) => (is ? [position] : []));
  const isSubset = layout.channels.length < table.channels.length;
  bytes[at] = (isSubset ? SUBSET : 0) | (partial.length > 0 ? PARTIAL : 0);
  let next = at + 1;
  if (isSubset) next = writeList(bytes, next, layout.channels);
  if (partial.length > 0) next = writeList(bytes, next, partial);
  return next;
}

/** @throws HeatpoolError `BATCH_MALFORMED` */
export function readLayout(from: Cursor, table: ChannelTable): Layout {
  const flags = from.bytes[from.at++];
  if (flags === undefined) throw malformed("block is empty");
  if ((flags & ~(SUBSET | PARTIAL)) !== 0)
    throw malformed(`unknown flag in 0x${flags.toString(16)}`);
  const all = table.channels.length;
  let channels = Array.from(table.channels.keys());
  if ((flags & SUBSET) !== 0) {
    channels = readList(from, all);
    if (channels.length === all) throw malformed("list of channels names all of them");
  }
  const isPartial = channels.map(() => false);
  if ((flags & PARTIAL) !== 0) {
    const partial = readList(from, channels.length);
    if (partial.length === 0) throw malformed("list of partial columns is empty");
    for (const position of partial) isPartial[position] = true;
  }
  return { channels, isPartial, lanes: countLanes(channels, table) };
}

function countLanes(channels: readonly number[], table: ChannelTable): number {
  let lanes = 0;
  for (const c of channels) lanes += (table.laneStarts[c + 1] ?? 0) - (table.laneStarts[c] ?? 0);
  return lanes;
}

function writeList(bytes: Uint8Array, at: number, list: readonly number[]): number {
  let next = writeVarint(bytes, at, list.length);
  let previous = -1;
  for (const index of list) {
    next = writeVarint(bytes, next, index - previous - 1);
    previous = index;
  }
  return next;
}

/** A rising list of numbers below `end`. */
function readList(from: Cursor, end: number): number[] {
  const count = readVarint(from);
  if (count > end) throw malformed(`list of ${count}, of ${end} at most`);
  const list: number[] = [];
  let previous = -1;
  for (let k = 0; k < count; k++) {
    const index = previous + 1 + readVarint(from);
    if (index >= end) throw malformed(`list does not rise within ${end}: ${index}`);
    list.push(index);
    previous = index;
  }
  return list;
}
