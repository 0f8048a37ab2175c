/**
 * Cells to operating rows: what is derived from several channels or several cells is added here.
 *
 * Works cell by cell in the order of time, as on a daemon; a month at once gives the same numbers.
 */
import { CELLS_PER_DAY, CELLS_PER_HOUR, CHANNEL_COUNT, channelIndex } from "./channel.js";
import type { CellGrid } from "./grid.js";
import { createRowBlock, MODES, type RowBlock } from "./operating-row.js";

const OFF = MODES.indexOf("off");
const HEATING = MODES.indexOf("heating");
const HOT_WATER = MODES.indexOf("hot_water");
const COOLING = MODES.indexOf("cooling");
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
const STARTS = channelIndex("starts");
const DHW = channelIndex("dhw");
const DEF = channelIndex("def");
const KW = channelIndex("kw");
const DAY_MEAN = channelIndex("dayMean");
const DAY_LOW = channelIndex("dayLow");

/** Half-life 24 h: 0.5 ** (1 / 288). */
const TO24_KEEP = 0.9975961328836203;
/** The mean over a day says nothing before half a day has gone in. */
const TO24_CELLS_MIN = 144;
/** 22 of 24 hours. */
const DAY_CELLS_MIN = 264;
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

/** What the maker keeps of a day past, per cell: mode, whether a run or a defrost began, … */
interface DayRing {
  readonly outdoor: Float64Array;
  readonly power: Float64Array;
  readonly modes: Uint8Array;
  readonly starts: Uint8Array;
  readonly defrosts: Uint8Array;
  readonly known: Uint8Array;
}

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
}

/** A maker that has seen no cell yet, or one that goes on from `from`, which it then owns. */
export function createRowMaker(from?: RowMemory): RowMaker {
  const ring: DayRing = from?.ring ?? {
    outdoor: new Float64Array(CELLS_PER_DAY).fill(Number.NaN),
    power: new Float64Array(CELLS_PER_DAY).fill(Number.NaN),
    modes: new Uint8Array(CELLS_PER_DAY).fill(UNKNOWN),
    starts: new Uint8Array(CELLS_PER_DAY),
    defrosts: new Uint8Array(CELLS_PER_DAY),
    known: new Uint8Array(CELLS_PER_DAY),
  };
  let previousCell = from?.previousCell ?? Number.NaN;
  let previousMode = from?.previousMode ?? UNKNOWN;
  let sameModeCells = from?.sameModeCells ?? 0;
  let mean = from?.mean ?? 0;
  let weight = from?.weight ?? 0;
  let outdoorCells = from?.outdoorCells ?? 0;
  let interruptedCell = from?.interruptedCell ?? Number.NEGATIVE_INFINITY;

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
      note(ring, cell, mode, previousMode, values, at);

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
      return { ring, ...run, mean, weight, outdoorCells };
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

function isRun(mode: number): boolean {
  return mode === HEATING || mode === HOT_WATER || mode === COOLING || mode === RUNNING;
}

/** Empties the places of `gap` cells that never came, and of the cell that comes now. */
function forget(ring: DayRing, cell: number, gap: number): void {
  for (let lost = 0; lost <= gap; lost++) {
    const place = (((cell - lost) % CELLS_PER_DAY) + CELLS_PER_DAY) % CELLS_PER_DAY;
    ring.outdoor[place] = Number.NaN;
    ring.power[place] = Number.NaN;
    ring.known[place] = 0;
    ring.starts[place] = 0;
    ring.defrosts[place] = 0;
  }
}

function note(
  ring: DayRing,
  cell: number,
  mode: number,
  previousMode: number,
  values: Float64Array,
  at: number,
): void {
  const place = cell % CELLS_PER_DAY;
  ring.outdoor[place] = values[at + OUTDOOR] ?? Number.NaN;
  ring.power[place] = values[at + POWER] ?? Number.NaN;
  ring.modes[place] = mode;
  ring.known[place] = mode === UNKNOWN ? 0 : 1;
  ring.starts[place] = isRun(mode) && previousMode === OFF ? 1 : 0;
  ring.defrosts[place] = mode === DEFROST && previousMode !== DEFROST ? 1 : 0;
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

/** What the last 24 hours were like; needs 22 of them. */
function addDay(ring: DayRing, values: Float64Array, at: number): void {
  let known = 0;
  let hotWater = 0;
  let starts = 0;
  let defrosts = 0;
  let powers = 0;
  let energy = 0;
  let outdoors = 0;
  let warmth = 0;
  let lowest = Number.POSITIVE_INFINITY;
  for (let place = 0; place < CELLS_PER_DAY; place++) {
    if (ring.known[place] === 1) {
      known++;
      if (ring.modes[place] === HOT_WATER) hotWater++;
      starts += ring.starts[place] ?? 0;
      defrosts += ring.defrosts[place] ?? 0;
    }
    const power = ring.power[place] ?? Number.NaN;
    if (!Number.isNaN(power)) {
      powers++;
      energy += power;
    }
    const outdoor = ring.outdoor[place] ?? Number.NaN;
    if (Number.isNaN(outdoor)) continue;
    outdoors++;
    warmth += outdoor;
    if (outdoor < lowest) lowest = outdoor;
  }
  if (outdoors >= DAY_CELLS_MIN) {
    values[at + DAY_MEAN] = warmth / outdoors;
    values[at + DAY_LOW] = lowest;
  }
  if (known >= DAY_CELLS_MIN) {
    values[at + STARTS] = starts;
    values[at + DHW] = hotWater / known;
    values[at + DEF] = defrosts;
  }
  if (powers >= DAY_CELLS_MIN) values[at + KW] = energy / powers;
}
