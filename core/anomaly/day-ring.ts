/**
 * What a device did in the last 24 hours, cell by cell, and what a row is told of it: starts,
 * defrosts, the share of hot water, mean power, and how cold it was.
 *
 * A day is there when 22 of its hours are. Cells that were lost one by one, and those in which
 * polls disagree because the mode changed, neither hide a day nor what began in them.
 */
import { CELLS_PER_DAY, CELLS_PER_HOUR, channelIndex } from "./channel.js";
import { MODES } from "./operating-row.js";

const OFF = MODES.indexOf("off");
const HEATING = MODES.indexOf("heating");
const HOT_WATER = MODES.indexOf("hot_water");
const COOLING = MODES.indexOf("cooling");
const RUNNING = MODES.indexOf("running");
const DEFROST = MODES.indexOf("defrost");
const UNKNOWN = MODES.indexOf("unknown");

const OUTDOOR = channelIndex("outdoor");
const POWER = channelIndex("power");
const STARTS = channelIndex("starts");
const DHW = channelIndex("dhw");
const DEF = channelIndex("def");
const KW = channelIndex("kw");
const DAY_MEAN = channelIndex("dayMean");
const DAY_LOW = channelIndex("dayLow");

/** 22 of 24 hours; an hour is there when three quarters of its cells are, wherever the others went. */
const DAY_HOURS_MIN = 22;
const HOUR_CELLS_MIN = 9;
/**
 * For counting, what a machine does goes on over so many cells of which nobody knows: runs and
 * defrosts last longer, and polls of one cell disagree whenever the mode changes within it.
 */
const HELD_CELLS = 2;

/** Per cell of the day past: mode, whether a run or a defrost began, … */
export interface DayRing {
  readonly outdoor: Float64Array;
  readonly power: Float64Array;
  readonly modes: Uint8Array;
  readonly starts: Uint8Array;
  readonly defrosts: Uint8Array;
  /** 1 where it is known what the machine did, or was about to do. */
  readonly known: Uint8Array;
}

/** What the machine was last known to do, for counting runs and defrosts. */
export interface Course {
  mode: number;
  /** Cells since then in which nobody knew, and whether polls were there and disagreed. */
  unknownCells: number;
  isMixed: boolean;
}

/** Nobody knows. */
export const NO_COURSE: Readonly<Course> = {
  mode: UNKNOWN,
  unknownCells: HELD_CELLS,
  isMixed: false,
};

/** A ring that has seen nothing. */
export function createDayRing(): DayRing {
  return {
    outdoor: new Float64Array(CELLS_PER_DAY).fill(Number.NaN),
    power: new Float64Array(CELLS_PER_DAY).fill(Number.NaN),
    modes: new Uint8Array(CELLS_PER_DAY).fill(UNKNOWN),
    starts: new Uint8Array(CELLS_PER_DAY),
    defrosts: new Uint8Array(CELLS_PER_DAY),
    known: new Uint8Array(CELLS_PER_DAY),
  };
}

/** Empties the places of `gap` cells that never came, and of the cell that comes now. */
export function forget(ring: DayRing, cell: number, gap: number): void {
  for (let lost = 0; lost <= gap; lost++) {
    const place = (((cell - lost) % CELLS_PER_DAY) + CELLS_PER_DAY) % CELLS_PER_DAY;
    ring.outdoor[place] = Number.NaN;
    ring.power[place] = Number.NaN;
    ring.known[place] = 0;
    ring.starts[place] = 0;
    ring.defrosts[place] = 0;
  }
}

/** Notes a cell, before which the machine was last known to be at `before`. */
export function note(
  ring: DayRing,
  cell: number,
  mode: number,
  before: Readonly<Course>,
  values: Float64Array,
  at: number,
): void {
  const place = cell % CELLS_PER_DAY;
  // Between two standstills polls can only have disagreed because it ran meanwhile.
  const hasRun = isRun(mode) || (mode === OFF && before.isMixed);
  ring.outdoor[place] = values[at + OUTDOOR] ?? Number.NaN;
  ring.power[place] = values[at + POWER] ?? Number.NaN;
  ring.modes[place] = mode;
  ring.known[place] = mode !== UNKNOWN || before.unknownCells < HELD_CELLS ? 1 : 0;
  ring.starts[place] = hasRun && before.mode === OFF ? 1 : 0;
  ring.defrosts[place] = mode === DEFROST && before.mode !== DEFROST ? 1 : 0;
}

/** So many cells more in which nobody knew. */
export function wait(course: Course, cells: number): void {
  course.unknownCells += cells;
  if (course.unknownCells > HELD_CELLS) Object.assign(course, NO_COURSE);
}

/** After a cell in which the machine did `mode`. */
export function follow(course: Course, mode: number): void {
  if (mode === UNKNOWN) {
    wait(course, 1);
    course.isMixed = course.mode !== UNKNOWN;
    return;
  }
  course.mode = mode;
  course.unknownCells = 0;
  course.isMixed = false;
}

/** Writes what the last 24 hours were like into a row; needs 22 of them. */
export function addDay(ring: DayRing, values: Float64Array, at: number): void {
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
      if (ring.modes[place] !== UNKNOWN) known++;
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
  if (isDay(ring.outdoor)) {
    values[at + DAY_MEAN] = warmth / outdoors;
    values[at + DAY_LOW] = lowest;
  }
  if (isDay(ring.known)) {
    values[at + STARTS] = starts;
    values[at + DHW] = known === 0 ? Number.NaN : hotWater / known;
    values[at + DEF] = defrosts;
  }
  if (isDay(ring.power)) values[at + KW] = energy / powers;
}

/** Whether enough hours of the day have a value: not NaN, not 0 of what is there or not. */
function isDay(of: Float64Array | Uint8Array): boolean {
  const least = of instanceof Uint8Array ? 1 : Number.NEGATIVE_INFINITY;
  let hours = 0;
  for (let hour = 0; hour < CELLS_PER_DAY; hour += CELLS_PER_HOUR) {
    let cells = 0;
    for (let place = hour; place < hour + CELLS_PER_HOUR; place++)
      if ((of[place] ?? Number.NaN) >= least) cells++;
    if (cells >= HOUR_CELLS_MIN) hours++;
  }
  return hours >= DAY_HOURS_MIN;
}

function isRun(mode: number): boolean {
  return mode === HEATING || mode === HOT_WATER || mode === COOLING || mode === RUNNING;
}
