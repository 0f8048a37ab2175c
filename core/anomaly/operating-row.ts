/**
 * Operating rows: one device, one cell of five minutes, one mode, its channels, cleaned. They are
 * what every detector learns and scores, at home and at the backend alike.
 *
 * Rows lie in one block of numbers; a row is a place in it, so that a month costs no objects.
 */
import { CHANNEL_COUNT, channelIndex } from "./channel.js";

/** What the machine is doing; `unknown` where the readings of one cell disagree. */
export const MODES = [
  "off",
  "heating",
  "hot_water",
  "cooling",
  "defrost",
  "unknown",
  "running",
] as const;
export type Mode = (typeof MODES)[number];

/** One row, as a place in a block. Good until the next one is taken from the same iteration. */
export interface OperatingRow {
  /** Unix time / 300 s. */
  readonly cell: number;
  /** Index in `MODES`. */
  readonly mode: number;
  /** Same mode in the 15 minutes before: only such rows are learnt and scored. */
  readonly steady: boolean;
  /** Channel `c` of this row is `values[at + c]`. */
  readonly values: Float64Array;
  readonly at: number;
}

/** Rows of one device in the order of time, at most one per cell. */
export interface RowBlock {
  readonly length: number;
  readonly cells: Float64Array;
  readonly modes: Uint8Array;
  /** 1 where the row is steady. */
  readonly steady: Uint8Array;
  readonly values: Float64Array;
}

/** An empty block for `length` rows, every channel absent. */
export function createRowBlock(length: number): RowBlock {
  return {
    length,
    cells: new Float64Array(length),
    modes: new Uint8Array(length),
    steady: new Uint8Array(length),
    values: new Float64Array(length * CHANNEL_COUNT).fill(Number.NaN),
  };
}

/** Rows `from` to `to`, sharing the numbers of `block`. */
export function sliceRows(block: RowBlock, from: number, to: number): RowBlock {
  return {
    length: to - from,
    cells: block.cells.subarray(from, to),
    modes: block.modes.subarray(from, to),
    steady: block.steady.subarray(from, to),
    values: block.values.subarray(from * CHANNEL_COUNT, to * CHANNEL_COUNT),
  };
}

/** First row at or after `cell`. */
export function rowAt(block: RowBlock, cell: number): number {
  let low = 0;
  let high = block.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((block.cells[middle] ?? 0) < cell) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * The rows one by one; the object is used again for each. Written out as an iterator because a
 * generator costs as much as a row's arithmetic.
 */
export function rowsOf(block: RowBlock): IterableIterator<OperatingRow> {
  const { length, cells, modes, steady, values } = block;
  const row = { cell: 0, mode: 0, steady: false, values, at: 0 };
  const step = { done: false, value: row };
  let index = 0;
  return {
    [Symbol.iterator]() {
      return this;
    },
    next() {
      if (index >= length) return { done: true, value: undefined };
      row.cell = cells[index] ?? 0;
      row.mode = modes[index] ?? 0;
      row.steady = steady[index] === 1;
      row.at = index * CHANNEL_COUNT;
      index++;
      return step;
    },
  };
}

/** Value of a channel in a row of a block, by name. */
export function valueIn(
  block: RowBlock,
  row: number,
  id: Parameters<typeof channelIndex>[0],
): number {
  return block.values[row * CHANNEL_COUNT + channelIndex(id)] ?? Number.NaN;
}
