/**
 * Puts a fault into cells of a healthy machine, so that training can ask what would be found.
 *
 * Departures of the table are added to what was measured, so weather, load and noise stay real.
 * What a controller would do about it later is not simulated.
 */
import { CELLS_PER_DAY, CHANNEL_COUNT, type ChannelId, channelIndex } from "./channel.js";
import type { Departures, FaultKind } from "./fault-table.js";
import { TABLE_SEVERITY } from "./fault-table.js";
import type { CellGrid } from "./grid.js";
import { MODES } from "./operating-row.js";

/** Which fault, how bad, from which cell of the grid on. */
export interface Scenario {
  readonly kind: FaultKind;
  readonly severity: number;
  readonly start: number;
}

const OFF = MODES.indexOf("off");
const HEATING = MODES.indexOf("heating");
const HOT_WATER = MODES.indexOf("hot_water");
const DEFROST = MODES.indexOf("defrost");

const OUTDOOR = channelIndex("outdoor");
const FLOW = channelIndex("flow");
const RETURN = channelIndex("return");
const POWER = channelIndex("power");
const COP = channelIndex("cop");

/** A ramp is full after this share of the fault's duration. */
const RAMP_SHARE = 0.7;
/** A backup heater draws this at standstill, in kW at the table's severity. */
const HEATER_KW = 3;
/** Every second ten minutes. */
const CYCLE_CELLS = 2;
/** Ice grows for two hours below 4 °C, to 1.2 x the table. */
const ICE_CELLS = 24;
const ICE_MOST = 1.2;
const ICE_BELOW_C = 4;

/** What the machine's sensors and drives can show at most. */
const CLIPS: readonly (readonly [ChannelId, number, number])[] = [
  ["fan", 0, 100],
  ["frequency", 0, 95],
  ["power", 0, 9],
  ["cop", 0, 30],
];

/** First cell after the fault. */
export function endOf({ kind, start }: Scenario): number {
  return start + kind.days * CELLS_PER_DAY;
}

/** The grid with the fault in it; the original stays as it is. */
export function injectFault(grid: CellGrid, scenario: Scenario): CellGrid {
  const sick: CellGrid = { ...grid, values: grid.values.slice(), modes: grid.modes.slice() };
  const { kind, severity, start } = scenario;
  const end = Math.min(endOf(scenario), grid.length);
  const cells = kind.days * CELLS_PER_DAY;
  const held = lastReturn(grid, start);
  let ice = 0;
  for (let cell = start; cell < end; cell++) {
    const ramp = kind.ramps ? Math.min(1, (cell - start) / (RAMP_SHARE * cells)) : 1;
    const size = (severity / TABLE_SEVERITY) * ramp;
    if (kind.fault === "failed_defrost") {
      ice = growIce(sick, cell, ice);
      addTable(sick, cell, kind, size * ice);
    } else addTable(sick, cell, kind, size);
    if (kind.fault === "backup_heater_on" && sick.modes[cell] === OFF)
      add(sick, cell, { power: HEATER_KW }, size);
    if (kind.fault === "sensor_return_stuck") holdReturn(sick, cell, held);
    if (kind.fault === "short_cycling") cycle(sick, cell, start);
    clip(sick, cell);
  }
  return sick;
}

function addTable(grid: CellGrid, cell: number, kind: FaultKind, size: number): void {
  const mode = grid.modes[cell];
  if (mode === HEATING) add(grid, cell, kind.heating, size);
  if (mode === HOT_WATER) add(grid, cell, kind.hotWater, size);
  if (kind.always !== undefined) add(grid, cell, kind.always, size);
}

function add(grid: CellGrid, cell: number, departures: Departures, size: number): void {
  for (const [id, amount] of Object.entries(departures)) {
    const at = cell * CHANNEL_COUNT + channelIndex(id as ChannelId);
    grid.values[at] = (grid.values[at] ?? Number.NaN) + Number(amount) * size;
  }
}

/** A defrost that does not happen: the cell repeats the one before; says how thick the ice is. */
function growIce(grid: CellGrid, cell: number, ice: number): number {
  if (grid.modes[cell] === DEFROST && cell > 0) repeat(grid, cell, cell - 1);
  const isFrosting =
    grid.modes[cell] === HEATING &&
    (grid.values[cell * CHANNEL_COUNT + OUTDOOR] ?? Number.NaN) < ICE_BELOW_C;
  return isFrosting ? Math.min(ICE_MOST, ice + ICE_MOST / ICE_CELLS) : ice;
}

/** What the sensor showed last, where the cell itself has no reading. */
function lastReturn({ values }: CellGrid, cell: number): number {
  for (let from = cell; from >= 0; from--) {
    const value = values[from * CHANNEL_COUNT + RETURN] ?? Number.NaN;
    if (!Number.isNaN(value)) return value;
  }
  return Number.NaN;
}

/** The device's own COP follows what its sensor shows. */
function holdReturn(grid: CellGrid, cell: number, held: number): void {
  const at = cell * CHANNEL_COUNT;
  const flow = grid.values[at + FLOW] ?? Number.NaN;
  const truth = grid.values[at + RETURN] ?? Number.NaN;
  const cop = grid.values[at + COP] ?? Number.NaN;
  grid.values[at + RETURN] = held;
  grid.values[at + COP] = (cop * (flow - held)) / (flow - truth);
}

/** Every second ten minutes of heating become the last cell of standstill. */
function cycle(grid: CellGrid, cell: number, start: number): void {
  if (grid.modes[cell] !== HEATING) return;
  if (Math.floor((cell - start) / CYCLE_CELLS) % 2 === 0) return;
  for (let from = cell - 1; from >= 0; from--)
    if (grid.modes[from] === OFF && (grid.values[from * CHANNEL_COUNT + POWER] ?? 1) >= 0) {
      repeat(grid, cell, from);
      return;
    }
}

function repeat(grid: CellGrid, cell: number, from: number): void {
  const at = cell * CHANNEL_COUNT;
  const outdoor = grid.values[at + OUTDOOR] ?? Number.NaN;
  grid.values.copyWithin(at, from * CHANNEL_COUNT, (from + 1) * CHANNEL_COUNT);
  grid.values[at + OUTDOOR] = outdoor;
  grid.modes[cell] = grid.modes[from] ?? OFF;
}

function clip(grid: CellGrid, cell: number): void {
  for (const [id, min, max] of CLIPS) {
    const at = cell * CHANNEL_COUNT + channelIndex(id);
    const value = grid.values[at] ?? Number.NaN;
    if (value < min) grid.values[at] = min;
    if (value > max) grid.values[at] = max;
  }
}
