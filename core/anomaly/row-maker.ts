/**
 * Cells to operating rows: what is derived from several channels or several cells is added here.
 *
 * Works cell by cell in the order of time, as on a daemon; a month at once gives the same numbers.
 */
import { CELLS_PER_DAY, CELLS_PER_HOUR, CHANNEL_COUNT, channelIndex } from "./channel.js";
import {
  addDay,
  type Course,
  createDayRing,
  type DayRing,
  follow,
  forget,
  NO_COURSE,
  note,
  wait,
} from "./day-ring.js";
import type { CellGrid } from "./grid.js";
import { createRowBlock, MODES, type RowBlock } from "./operating-row.js";

const OFF = MODES.indexOf("off");
const HEATING = MODES.indexOf("heating");
const HOT_WATER = MODES.indexOf("hot_water");
const RUNNING = MODES.indexOf("running");
const DEFROST = MODES.indexOf("defrost");
const UNKNOWN = MODES.indexOf("unknown");

const OUTDOOR = channelIndex("outdoor");
const FLOW = channelIndex("flow");
const RETURN = channelIndex("return");
const POWER = channelIndex("power");
const COP = channelIndex("cop");
const HIGH = channelIndex("high");
const LOW = channelIndex("low");
const FLOW_RATE = channelIndex("flowRate");
const THERMAL = channelIndex("thermal");
const TO24 = channelIndex("to24");
const HIGH_LOW = channelIndex("high-low");

/** Half-life 24 h: 0.5 ** (1 / 288). */
const TO24_KEEP = 0.9975961328836203;
/** The mean over a day says nothing before half a day has gone in. */
const TO24_CELLS_MIN = 144;
/** A row is steady when its mode equals that of this many cells before. */
const STEADY_CELLS = 3;
/**
 * For so long after a defrost or a tank load the house's water is caught up on: what the heating
 * curve asks for is not there yet, however well the machine works.
 */
const CATCH_UP_CELLS = CELLS_PER_HOUR;
/** Pressures meet within half an hour of standstill. */
const HIGH_LOW_CELLS = 6;
/** Below this electric power a ratio of powers is noise. */
const COP_POWER_MIN_KW = 0.2;
/** Water, kJ/(l K). */
const WATER_HEAT = 4.186;

/** Makes rows of consecutive cells. */
export interface RowMaker {
  /** Fills in what follows from `values[at…]` and the cells before; says whether it is steady. */
  add(cell: number, mode: number, values: Float64Array, at: number): boolean;
  /** What it remembers, to go on from later: to be written down, not changed. */
  memory(): RowMemory;
}

/** What a maker remembers between cells. */
export interface RowMemory {
  readonly ring: DayRing;
  readonly previousCell: number;
  readonly previousMode: number;
  readonly sameModeCells: number;
  readonly mean: number;
  readonly weight: number;
  readonly outdoorCells: number;
  /** Cell of the last defrost or tank load. */
  readonly interruptedCell?: number;
  /** Left out: not known. */
  readonly course?: Readonly<Course>;
}

/** A maker that has seen no cell yet, or one that goes on from `from`, which it then owns. */
export function createRowMaker(from?: RowMemory): RowMaker {
  const ring = from?.ring ?? createDayRing();
  let previousCell = from?.previousCell ?? Number.NaN;
  let previousMode = from?.previousMode ?? UNKNOWN;
  let sameModeCells = from?.sameModeCells ?? 0;
  let mean = from?.mean ?? 0;
  let weight = from?.weight ?? 0;
  let outdoorCells = from?.outdoorCells ?? 0;
  let interruptedCell = from?.interruptedCell ?? Number.NEGATIVE_INFINITY;
  const course = { ...(from?.course ?? NO_COURSE) };

  return {
    add(cell, mode, values, at) {
      const gap = Number.isNaN(previousCell) ? CELLS_PER_DAY : cell - previousCell - 1;
      forget(ring, cell, Math.min(gap, CELLS_PER_DAY));
      if (gap > 0) {
        previousMode = UNKNOWN;
        sameModeCells = 0;
      }
      for (let lost = Math.min(gap, CELLS_PER_DAY * 10); lost > 0 && weight > 0; lost--)
        weight *= TO24_KEEP;
      if (gap > CELLS_PER_DAY) outdoorCells = 0;
      sameModeCells = mode === previousMode ? sameModeCells + 1 : 0;
      wait(course, gap);
      note(ring, cell, mode, course, values, at);
      follow(course, mode);

      const outdoor = values[at + OUTDOOR] ?? Number.NaN;
      weight *= TO24_KEEP;
      if (!Number.isNaN(outdoor)) {
        mean += ((outdoor - mean) * (1 - TO24_KEEP)) / (weight + 1 - TO24_KEEP);
        weight += 1 - TO24_KEEP;
        outdoorCells++;
      }
      if (mode === DEFROST || mode === HOT_WATER) interruptedCell = cell;
      const isCatchingUp = mode === HEATING && cell - interruptedCell <= CATCH_UP_CELLS;
      if (outdoorCells >= TO24_CELLS_MIN && !isCatchingUp) values[at + TO24] = mean;

      addRatios(mode, values, at);
      if (mode === OFF && sameModeCells >= HIGH_LOW_CELLS)
        values[at + HIGH_LOW] = (values[at + HIGH] ?? Number.NaN) - (values[at + LOW] ?? 0);
      if (cell % CELLS_PER_HOUR === 0) addDay(ring, values, at);
      previousCell = cell;
      previousMode = mode;
      return sameModeCells >= STEADY_CELLS;
    },
    memory() {
      const run = { previousCell, previousMode, sameModeCells, interruptedCell };
      return { ring, ...run, mean, weight, outdoorCells, course: { ...course } };
    },
  };
}

/** All rows of a grid. Cells without a reading give none. */
export function makeRows(grid: CellGrid): RowBlock {
  let count = 0;
  for (let index = 0; index < grid.length; index++) count += grid.seen[index] ?? 0;
  const block = createRowBlock(count);
  const maker = createRowMaker();
  let row = 0;
  for (let index = 0; index < grid.length; index++) {
    if (grid.seen[index] !== 1) continue;
    const from = index * CHANNEL_COUNT;
    block.values.set(grid.values.subarray(from, from + CHANNEL_COUNT), row * CHANNEL_COUNT);
    const cell = grid.firstCell + index;
    const mode = grid.modes[index] ?? UNKNOWN;
    block.cells[row] = cell;
    block.modes[row] = mode;
    const isSteady = maker.add(cell, mode, block.values, row * CHANNEL_COUNT);
    block.steady[row] = isSteady && mode !== UNKNOWN ? 1 : 0;
    row++;
  }
  return block;
}

/** COP and thermal power, where the device does not give them itself. */
function addRatios(mode: number, values: Float64Array, at: number): void {
  const isHeat = mode === HEATING || mode === HOT_WATER || mode === RUNNING;
  const spread = (values[at + FLOW] ?? Number.NaN) - (values[at + RETURN] ?? Number.NaN);
  if (Number.isNaN(values[at + THERMAL]))
    values[at + THERMAL] = WATER_HEAT * ((values[at + FLOW_RATE] ?? Number.NaN) / 60) * spread;
  const electric = values[at + POWER] ?? Number.NaN;
  if (!isHeat) values[at + COP] = Number.NaN;
  else if (Number.isNaN(values[at + COP]) && electric > COP_POWER_MIN_KW)
    values[at + COP] = (values[at + THERMAL] ?? Number.NaN) / electric;
  const cop = values[at + COP] ?? Number.NaN;
  if (!(cop > 0 && cop <= 30)) values[at + COP] = Number.NaN;
  else if (Number.isNaN(values[at + THERMAL])) values[at + THERMAL] = cop * electric;
}
