/**
 * Readings on a grid of cells. Nothing is interpolated: a cell without a value is absent.
 *
 * Readings arrive in any order and are sorted first; a second reading of one instant is dropped.
 * An analogue channel is the mean of the cell's values, counters and modes are the last.
 */
import { HeatpoolError } from "#core/errors.js";
import { CELL_SECONDS, CHANNEL_COUNT, channelAt, channelIndex } from "./channel.js";
import { MODES } from "./operating-row.js";

/** All cells from the first to the last, those without a reading included. */
export interface CellGrid {
  readonly firstCell: number;
  readonly length: number;
  /** Channel `c` of cell `i` is `values[i * CHANNEL_COUNT + c]`; NaN is absent. */
  readonly values: Float64Array;
  /** Index in `MODES`. */
  readonly modes: Uint8Array;
  /** 1 where the cell has any reading. */
  readonly seen: Uint8Array;
  /** Bit `c` is set where channel `c` of the cell had a value that cannot have been measured. */
  readonly outside: Uint32Array;
}

/** Polls of one device: one instant, the same channels each time. */
export interface Polls {
  readonly atMs: Float64Array;
  /** Places of the columns among the channels. */
  readonly channels: readonly number[];
  readonly columns: readonly Float64Array[];
  /** Index in `MODES` per poll; left out where the device says nothing about it. */
  readonly modes?: Uint8Array;
}

/** A device that reports changes only. */
export interface Changes {
  readonly atMs: Float64Array;
  readonly channels: Uint8Array;
  readonly values: Float64Array;
}

/** 1,000 days: more is a clock that jumped, not a winter. */
export const GRID_CELLS_MAX = 288_000;

/** A device that reports changes is never silent for so long. */
const SILENT_CELLS = 3;
const CELL_MS = CELL_SECONDS * 1000;
const UNKNOWN = MODES.indexOf("unknown");
const DEFROST = MODES.indexOf("defrost");

/** An empty grid. */
export function createGrid(firstCell: number, length: number): CellGrid {
  if (length > GRID_CELLS_MAX) {
    const days = Math.round(length / 288);
    throw new HeatpoolError("INVALID_ARGUMENT", `readings span ${days} days`, {
      hint: "Give at most 1,000 days at once; one wrong time stamp can be the reason.",
    });
  }
  return {
    firstCell,
    length,
    values: new Float64Array(length * CHANNEL_COUNT).fill(Number.NaN),
    modes: new Uint8Array(length).fill(UNKNOWN),
    seen: new Uint8Array(length),
    outside: new Uint32Array(length),
  };
}

/** Puts polls on the grid. */
export function gridPolls(polls: Polls): CellGrid {
  const order = inOrder(polls.atMs);
  const grid = emptyGridFor(polls.atMs, order);
  const width = polls.channels.length;
  const counts = new Uint16Array(grid.length * width);
  let previousMs = Number.NaN;
  for (const index of order) {
    const atMs = polls.atMs[index] ?? 0;
    if (atMs === previousMs) continue;
    previousMs = atMs;
    const cell = Math.floor(atMs / CELL_MS) - grid.firstCell;
    addMode(grid, cell, polls.modes?.[index] ?? UNKNOWN);
    for (let column = 0; column < width; column++) {
      const channel = polls.channels[column] ?? 0;
      const given = polls.columns[column]?.[index] ?? Number.NaN;
      const value = believable(channel, given);
      if (Number.isNaN(value)) {
        if (isOutside(channel, given)) noteOutside(grid, cell, channel);
        continue;
      }
      const before = counts[cell * width + column] ?? 0;
      addMean(grid.values, cell * CHANNEL_COUNT + channel, value, before);
      counts[cell * width + column] = before + 1;
    }
  }
  return grid;
}

/** Puts changes on the grid; a value holds for at most its channel's `holdCells`. */
export function gridChanges(changes: Changes): CellGrid {
  const order = inOrder(changes.atMs);
  const grid = emptyGridFor(changes.atMs, order);
  const counts = new Uint16Array(grid.length * CHANNEL_COUNT);
  const last = new Float64Array(grid.length * CHANNEL_COUNT).fill(Number.NaN);
  for (const index of order) {
    const channel = changes.channels[index] ?? 0;
    const given = changes.values[index] ?? Number.NaN;
    const value = believable(channel, given);
    const cell = Math.floor((changes.atMs[index] ?? 0) / CELL_MS) - grid.firstCell;
    grid.seen[cell] = 1;
    if (Number.isNaN(value)) {
      if (isOutside(channel, given)) noteOutside(grid, cell, channel);
      continue;
    }
    const at = cell * CHANNEL_COUNT + channel;
    const before = counts[at] ?? 0;
    addMean(grid.values, at, value, before);
    counts[at] = before + 1;
    last[at] = value;
  }
  hold(grid, last);
  silence(grid);
  return grid;
}

/** `value`, or NaN where no heat pump can have measured it: sentinels lie outside the bounds. */
export function believable(channel: number, value: number): number {
  const { min, max } = channelAt(channel);
  return value >= min && value <= max ? value : Number.NaN;
}

/** What devices say instead of a value: absent, not wrong. */
const SENTINELS: ReadonlySet<number> = new Set([
  ...[-3276.8, 3276.7, 6553.5, -32_768, 32_767, 65_535, -327.68, 327.67],
]);
const COP = channelIndex("cop");

/** Whether `value` claims to be a measurement and cannot be one. A COP of 0 says that there is none. */
export function isOutside(channel: number, value: number): boolean {
  if (!Number.isFinite(value) || SENTINELS.has(value) || channel === COP) return false;
  return Number.isNaN(believable(channel, value));
}

function noteOutside({ outside }: CellGrid, cell: number, channel: number): void {
  outside[cell] = (outside[cell] ?? 0) | (1 << channel);
}

/** Where nothing at all changes for a quarter of an hour nobody listened: nothing is known. */
function silence(grid: CellGrid): void {
  let age = 0;
  for (let cell = 0; cell < grid.length; cell++) {
    age = grid.seen[cell] === 1 ? 0 : age + 1;
    if (age < SILENT_CELLS) continue;
    const at = cell * CHANNEL_COUNT;
    grid.values.fill(Number.NaN, at, at + CHANNEL_COUNT);
  }
}

function inOrder(atMs: Float64Array): Uint32Array {
  const order = new Uint32Array(atMs.length);
  let isSorted = true;
  for (let index = 0; index < order.length; index++) {
    order[index] = index;
    if (index > 0 && !((atMs[index] ?? 0) >= (atMs[index - 1] ?? 0))) isSorted = false;
    if (!Number.isFinite(atMs[index]))
      throw new HeatpoolError("INVALID_ARGUMENT", `reading ${index + 1} has no time`);
  }
  return isSorted ? order : order.sort((a, b) => (atMs[a] ?? 0) - (atMs[b] ?? 0) || a - b);
}

function emptyGridFor(atMs: Float64Array, order: Uint32Array): CellGrid {
  if (order.length === 0) return createGrid(0, 0);
  const first = Math.floor((atMs[order[0] ?? 0] ?? 0) / CELL_MS);
  const last = Math.floor((atMs[order[order.length - 1] ?? 0] ?? 0) / CELL_MS);
  return createGrid(first, last - first + 1);
}

function addMode(grid: CellGrid, cell: number, mode: number): void {
  const isFirst = grid.seen[cell] === 0;
  grid.seen[cell] = 1;
  grid.modes[cell] = isFirst ? mode : joinModes(grid.modes[cell] ?? UNKNOWN, mode);
}

/**
 * What a cell is said to be whose polls say one and the other: nobody knows. But a defrost is
 * shorter than two cells, and what comes after it has to know of it.
 */
export function joinModes(one: number, other: number): number {
  if (one === other) return one;
  return one === DEFROST || other === DEFROST ? DEFROST : UNKNOWN;
}

/** Mean of the first `before` values and one more. */
function addMean(values: Float64Array, at: number, value: number, before: number): void {
  const mean = values[at] ?? 0;
  values[at] = before === 0 ? value : mean + (value - mean) / (before + 1);
}

function hold(grid: CellGrid, last: Float64Array): void {
  for (let channel = 0; channel < CHANNEL_COUNT; channel++) {
    const { holdCells } = channelAt(channel);
    let held = Number.NaN;
    let age = 0;
    for (let cell = 0; cell < grid.length; cell++) {
      const at = cell * CHANNEL_COUNT + channel;
      if (!Number.isNaN(last[at])) {
        held = last[at] ?? Number.NaN;
        age = 0;
      } else if (++age <= holdCells) grid.values[at] = held;
    }
  }
}
