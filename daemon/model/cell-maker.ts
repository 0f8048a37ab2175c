/**
 * Polls of one device to cells of five minutes, one after another. A cell is finished by the first
 * poll of a later one. What comes out of order, or twice, is not used; a clock that stays behind is
 * followed in the end, or one wrong jump ahead would silence a device for good.
 */
import { CELL_SECONDS, CHANNEL_COUNT, channelIndex } from "#core/anomaly/channel.js";
import { believable, createGrid, isOutside, joinModes } from "#core/anomaly/grid.js";
import { guessCell } from "#core/anomaly/guess-mode.js";
import type { MachineReadings } from "#core/anomaly/machine-readings.js";
import { MODES } from "#core/anomaly/operating-row.js";

/** A cell with its readings. */
export interface FinishedCell {
  readonly cell: number;
  /** Index in `MODES`. */
  readonly mode: number;
  /** One number per channel; NaN is absent. */
  readonly values: Float64Array;
  readonly hasFault: boolean;
  /** Bits of the channels that had a value which cannot have been measured. */
  readonly outside: number;
}

/** What a maker remembers, to be written down. */
export interface CellMemory {
  readonly open: OpenCell | undefined;
  readonly recent: readonly { readonly cell: number; readonly values: Float64Array }[];
  readonly hasTank: boolean;
  readonly lastMs: number;
}

/** A cell that is being filled. */
interface OpenCell {
  readonly cell: number;
  readonly values: Float64Array;
  readonly counts: Uint16Array;
  /** Index in `MODES`; `undefined`: no poll said; -1: one of them did not. */
  mode: number | undefined;
  hasFault: boolean;
  /** As of a finished cell; left out: none. */
  outside?: number;
}

/** What became of a poll. */
export type Taken = FinishedCell | "kept" | "late" | "jumped-back";

/** Makes cells. */
export interface CellMaker {
  add(poll: MachineReadings): Taken;
  memory(): CellMemory;
}

const CELL_MS = CELL_SECONDS * 1000;
const UNKNOWN = MODES.indexOf("unknown");
const TANK = channelIndex("tank");
/** The mode is told from this many cells before, too. */
const LOOK_BACK = 3;
/** Polls in a row behind the last one: the clock is right now and was wrong before. */
const BEHIND_POLLS_MAX = 15;

/** A maker that has seen nothing, or one that goes on from `from`, which it then owns. */
export function createCellMaker(from?: CellMemory): CellMaker {
  let open = from?.open;
  let recent = from?.recent ?? [];
  let hasTank = from?.hasTank ?? false;
  let lastMs = from?.lastMs ?? Number.NEGATIVE_INFINITY;
  let behind = 0;

  const finish = (ready: OpenCell): FinishedCell => {
    const { cell, values, hasFault, outside = 0 } = ready;
    hasTank ||= !Number.isNaN(values[TANK]);
    const isTold = ready.mode !== undefined && ready.mode >= 0;
    const mode = isTold ? (ready.mode ?? UNKNOWN) : guess(cell, values);
    recent = [...recent.filter((one) => one.cell >= cell - LOOK_BACK + 1), { cell, values }];
    // The values go on to others, who change them.
    return { cell, mode, values: values.slice(), hasFault, outside };
  };
  const guess = (cell: number, values: Float64Array): number => {
    const grid = createGrid(cell - LOOK_BACK, LOOK_BACK + 1);
    for (const one of [...recent, { cell, values }]) {
      const place = one.cell - grid.firstCell;
      if (place >= 0) grid.values.set(one.values, place * CHANNEL_COUNT);
    }
    return guessCell(grid, LOOK_BACK, hasTank) ?? UNKNOWN;
  };
  return {
    add(poll) {
      if (poll.atMs <= lastMs) {
        behind++;
        if (behind <= BEHIND_POLLS_MAX) return "late";
        open = undefined;
        recent = [];
        lastMs = Number.NEGATIVE_INFINITY;
        behind = 0;
        return "jumped-back";
      }
      behind = 0;
      lastMs = poll.atMs;
      const cell = Math.floor(poll.atMs / CELL_MS);
      const ready = open !== undefined && open.cell !== cell ? open : undefined;
      if (open === undefined || ready !== undefined) open = emptyCell(cell);
      fill(open, poll);
      return ready === undefined ? "kept" : finish(ready);
    },
    memory: () => ({ open, recent, hasTank, lastMs }),
  };
}

function emptyCell(cell: number): OpenCell {
  return {
    cell,
    values: new Float64Array(CHANNEL_COUNT).fill(Number.NaN),
    counts: new Uint16Array(CHANNEL_COUNT),
    mode: undefined,
    hasFault: false,
  };
}

function fill(open: OpenCell, { values, mode, hasFault, outside }: MachineReadings): void {
  const told = mode === undefined ? -1 : MODES.indexOf(mode);
  if (open.mode === undefined || open.mode === told) open.mode = told;
  else open.mode = open.mode === -1 || told === -1 ? -1 : joinModes(open.mode, told);
  open.hasFault ||= hasFault;
  for (const channel of outside) noteOutside(open, channel);
  for (const [channel, given] of values) {
    const value = believable(channel, given);
    if (Number.isNaN(value)) {
      if (isOutside(channel, given)) noteOutside(open, channel);
      continue;
    }
    const before = open.counts[channel] ?? 0;
    const mean = open.values[channel] ?? 0;
    open.values[channel] = before === 0 ? value : mean + (value - mean) / (before + 1);
    open.counts[channel] = before + 1;
  }
}

function noteOutside(open: OpenCell, channel: number): void {
  open.outside = (open.outside ?? 0) | (1 << channel);
}
