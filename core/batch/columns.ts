/**
 * A block's content in memory: typed arrays, one lane per 32 bits of a channel, no object per cell.
 *
 * Encoders read it, decoders fill it, admission and rollups walk it. Every array is indexed by row;
 * what a lane holds where its cell is absent means nothing. Buffers may be longer than `rows` and
 * are reused from block to block: copy what must last, and take the arrays anew after each decode,
 * because a larger block replaces them.
 */
import type { ChannelTable } from "./channel-table.js";

/** Columns of one block. */
export interface Columns {
  rows: number;
  /** Slot of the first row: Unix milliseconds / step, rounded. */
  slot: number;
  /** Length of one slot in milliseconds. */
  stepMs: number;
  /** Slots skipped since the row before; the first row's is 0, a row in the same slot has -1. */
  gap: Int32Array;
  /** Milliseconds from the row's slot, -step/2 < off <= step/2. */
  off: Int32Array;
  /** Lanes of all channels of the table, in channel order; `wide` and `f64` have two. */
  readonly lanes: Int32Array[];
  /** Per channel: 1 where a cell is present. Meaningless when `counts[c]` is 0 or `rows`. */
  readonly present: Uint8Array[];
  /** Per channel: present cells. 0: the channel is not in the block; `rows`: nothing is missing. */
  readonly counts: Int32Array;
}

/** Rows that buffers are made for unless the caller knows better: an hour of minutes. */
const ROWS_USUAL = 60;

/** Empty columns for blocks of `table`; they grow as blocks need it. */
export function createColumns(table: ChannelTable, rowsMax = ROWS_USUAL): Columns {
  return {
    rows: 0,
    slot: 0,
    stepMs: 0,
    gap: new Int32Array(rowsMax),
    off: new Int32Array(rowsMax),
    lanes: Array.from({ length: table.lanes }, () => new Int32Array(rowsMax)),
    present: table.channels.map(() => new Uint8Array(rowsMax)),
    counts: new Int32Array(table.channels.length),
  };
}

/** Makes room for `rows` rows of times. What was there is lost. */
export function growTimes(columns: Columns, rows: number): void {
  if (columns.gap.length >= rows) return;
  columns.gap = new Int32Array(rows);
  columns.off = new Int32Array(rows);
}

/** Makes room for `rows` rows of channel `c`. What was there is lost. */
export function growColumn(columns: Columns, table: ChannelTable, c: number, rows: number): void {
  if ((columns.present[c]?.length ?? 0) >= rows) return;
  columns.present[c] = new Uint8Array(rows);
  const end = table.laneStarts[c + 1] ?? 0;
  for (let lane = table.laneStarts[c] ?? 0; lane < end; lane++) {
    columns.lanes[lane] = new Int32Array(rows);
  }
}

/** Whether channel `c` has a value in `row`. */
export function isPresent(columns: Columns, c: number, row: number): boolean {
  const count = columns.counts[c];
  return count === columns.rows || (count !== 0 && columns.present[c]?.[row] === 1);
}

/** Unix milliseconds of every row, written to the beginning of `into`. */
export function readTimes(columns: Columns, into: Float64Array): void {
  const { gap, off, stepMs } = columns;
  let slot = columns.slot - 1;
  for (let row = 0; row < columns.rows; row++) {
    slot += 1 + (gap[row] as number);
    into[row] = slot * stepMs + (off[row] as number);
  }
}
