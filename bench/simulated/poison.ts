/**
 * Records that pass every check for plausible values and are meant to move what "normal" is: what a
 * conspiracy of installations could send.
 */
import { createDraws, type Draws } from "./chance.js";
import { createTable, type SimulatedTable } from "./record.js";
import { COLUMNS, type Column } from "./sensors.js";

/**
 * `shift` moves all sensors the same way, as a conspiracy would: wasteful is normal. `limits` jumps
 * between the ends of what is plausible. `spread` is right on average and wild around it. `scale`
 * multiplies. `drift` begins honest and ends beyond `shift`. `constant` repeats one record. `replay`
 * sends what another home measured, with a little noise. `mislabel` calls heating hot water and hot
 * water heating.
 */
export const POISONS = [
  "shift",
  "limits",
  "spread",
  "scale",
  "drift",
  "constant",
  "replay",
  "mislabel",
] as const;
export type Poison = (typeof POISONS)[number];

/** What a running machine can show, and which end tells the most waste. */
interface Range {
  readonly low: number;
  readonly high: number;
  readonly worse: 1 | -1;
}

/**
 * What such a machine can show while it runs. The registers' own limits are far wider; beyond these
 * a value contradicts the others of its record.
 */
const PLAUSIBLE: Readonly<Partial<Record<Column, Range>>> = {
  temp_outdoor: { low: -25, high: 40, worse: 1 },
  temp_flow: { low: 15, high: 65, worse: 1 },
  temp_return: { low: 12, high: 60, worse: 1 },
  temp_hot_water: { low: 10, high: 65, worse: 1 },
  power_current: { low: 0.25, high: 4, worse: 1 },
  power_compressor: { low: 0.2, high: 3.8, worse: 1 },
  cop_current: { low: 1.2, high: 9, worse: -1 },
  pressure_high: { low: 6, high: 26, worse: 1 },
  pressure_low: { low: 1.2, high: 8, worse: -1 },
  fan_speed: { low: 5, high: 100, worse: 1 },
  compressor_frequency: { low: 20, high: 95, worse: 1 },
  flow_rate: { low: 5, high: 30, worse: -1 },
  temp_discharge: { low: 15, high: 115, worse: 1 },
  power_thermal: { low: 0.5, high: 9, worse: -1 },
};
/** How far `shift` goes towards the worse end, and how wide `spread` is, as shares of the range. */
const SHIFT_SHARE = 0.35;
const DRIFT_SHARE_AT_END = 0.6;
const SPREAD_SHARE = 0.3;
const SCALE = 1.3;
/** Less than any sensor's own noise, so that no two records are equal. */
const REPLAY_NOISE = 0.03;
const [HEATING, HOT_WATER] = [1, 2];

/** What a value is poisoned with. */
interface Drop {
  readonly poison: Exclude<Poison, "mislabel">;
  readonly range: Range;
  readonly draws: Draws;
  /** Share of the time that is over. */
  readonly progress: number;
  /** The first value of the column while the machine runs. */
  readonly first: number;
  readonly strength: number;
}

/**
 * The records of a running machine, poisoned; those at rest stay as they are.
 *
 * @param strength share of the full dose of what moves, scales or drifts
 */
export function poisonTable(
  honest: SimulatedTable,
  poison: Poison,
  seed: number,
  strength = 1,
): SimulatedTable {
  const draws = createDraws(seed, 7);
  const table = createTable(honest.length);
  table.timesMs.set(honest.timesMs);
  table.faults.set(honest.faults);
  const { mode } = honest.columns;
  for (const column of COLUMNS) {
    const range = PLAUSIBLE[column];
    const [from, to] = [honest.columns[column], table.columns[column]];
    const first = from.find((value, row) => mode[row] === HEATING && value !== 0) ?? 0;
    for (let row = 0; row < honest.length; row++) {
      const value = from[row] ?? Number.NaN;
      const isRunning = mode[row] === HEATING || mode[row] === HOT_WATER;
      // A COP of 0 says that there is none.
      const isNoCop = column === "cop_current" && value === 0;
      const isKept = range === undefined || !isRunning || isNoCop || poison === "mislabel";
      const progress = row / honest.length;
      to[row] = isKept ? value : drop(value, { poison, range, draws, progress, first, strength });
    }
  }
  if (poison === "mislabel") swapModes(table.columns.mode);
  return table;
}

function drop(value: number, { poison, range, draws, ...more }: Drop): number {
  const { low, high, worse } = range;
  const { progress, first, strength } = more;
  const factor = 1 + strength * (SCALE - 1);
  const towards = (share: number) => worse * share * (worse === 1 ? high - value : value - low);
  const poisoned = {
    shift: () => value + towards(strength * SHIFT_SHARE),
    limits: () => (draws.uniform() < 0.5 ? low : high),
    spread: () => value + SPREAD_SHARE * (high - low) * draws.gauss(),
    scale: () => value * (worse === 1 ? factor : 1 / factor),
    drift: () => value + towards(strength * DRIFT_SHARE_AT_END * progress),
    constant: () => first,
    replay: () => value + REPLAY_NOISE * draws.gauss(),
  }[poison]();
  return Math.round(Math.max(low, Math.min(high, poisoned)) * 100) / 100;
}

function swapModes(modes: Float64Array): void {
  for (const [row, mode] of modes.entries())
    if (mode === HEATING || mode === HOT_WATER) modes[row] = HEATING + HOT_WATER - mode;
}
