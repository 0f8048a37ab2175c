/**
 * What a machine is doing, told from its readings where it does not say so itself.
 *
 * Running: a drive turns or power is drawn. Defrosting takes heat from the house: flow is colder
 * than return. Hot water: flow is at the tank's temperature and the tank rises. Where there is no
 * tank it cannot be told from heating: then there is the one mode `running`.
 */
import { CHANNEL_COUNT, channelIndex } from "./channel.js";
import type { CellGrid } from "./grid.js";
import { MODES } from "./operating-row.js";

const RUN_KW = 0.2;
const DEFROST_K = -1;
const TANK_NEAR_K = 2;
/** The tank rises by this much in 15 minutes. */
const TANK_RISE_K = 0.5;
const TANK_CELLS = 3;

const OUTPUTS = (["frequency", "rating"] as const).map(channelIndex);
const POWER = channelIndex("power");
const FLOW = channelIndex("flow");
const RETURN = channelIndex("return");
const TANK = channelIndex("tank");
const [OFF, HEATING, HOT_WATER, DEFROST, UNKNOWN, RUNNING] = (
  ["off", "heating", "hot_water", "defrost", "unknown", "running"] as const
).map((mode) => MODES.indexOf(mode));

/** The grid with modes in every cell that has readings; the readings are shared. */
export function guessModes(grid: CellGrid): CellGrid {
  const hasTank = hasChannel(grid, TANK);
  const modes = grid.modes.slice();
  for (let cell = 0; cell < grid.length; cell++)
    if (grid.seen[cell] === 1) modes[cell] = guess(grid, cell, hasTank) ?? 0;
  return { ...grid, modes };
}

function guess(grid: CellGrid, cell: number, hasTank: boolean): number | undefined {
  const value = (channel: number, back = 0) =>
    cell < back ? Number.NaN : (grid.values[(cell - back) * CHANNEL_COUNT + channel] ?? Number.NaN);
  const isRunning = runs(value);
  if (isRunning === undefined) return UNKNOWN;
  if (!isRunning) return OFF;
  if (value(FLOW) - value(RETURN) < DEFROST_K) return DEFROST;
  if (!hasTank) return RUNNING;
  const rise = value(TANK) - value(TANK, TANK_CELLS);
  return value(FLOW) > value(TANK) - TANK_NEAR_K && rise > TANK_RISE_K ? HOT_WATER : HEATING;
}

/** Whether it runs; `undefined` when nothing says so. */
function runs(value: (channel: number) => number): boolean | undefined {
  for (const channel of OUTPUTS) if (!Number.isNaN(value(channel))) return value(channel) > 0;
  return Number.isNaN(value(POWER)) ? undefined : value(POWER) > RUN_KW;
}

function hasChannel(grid: CellGrid, channel: number): boolean {
  for (let at = channel; at < grid.values.length; at += CHANNEL_COUNT)
    if (!Number.isNaN(grid.values[at])) return true;
  return false;
}
