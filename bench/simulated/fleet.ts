/**
 * A fleet of one model, some of whose installations send poison: data that passes every check for
 * plausible values and is meant to move what "normal" is. A model trained on the fleet must end
 * where one trained on the honest ones ends.
 */
import { type SimulationOptions, simulateHeatPump } from "../heat-pump-simulator.js";
import { createDraws, type Draws } from "./chance.js";
import { createTable, type SimulatedTable } from "./record.js";
import { COLUMNS, type Column } from "./sensors.js";

/**
 * `shift` moves all sensors the same way, as a conspiracy would: wasteful is normal. `limits` jumps
 * between the ends of what is plausible. `spread` is right on average and wild around it.
 */
export const POISONS = ["shift", "limits", "spread"] as const;
export type Poison = (typeof POISONS)[number];

/** One installation of the fleet. */
export interface FleetMember {
  readonly installationId: string;
  /** Undefined where the data is honest. */
  readonly poison: Poison | undefined;
  readonly table: SimulatedTable;
}

/** What the fleet is like. */
export interface FleetOptions extends Omit<SimulationOptions, "seed" | "house" | "machine"> {
  readonly seed: number;
  readonly installations: number;
  /** Share that sends poison. */
  readonly poisonedShare?: number;
  /** The same poison everywhere; all kinds in turn where none is named. */
  readonly poison?: Poison;
}

/** One in five. */
const POISONED_SHARE = 0.2;

/**
 * What such a machine can show while it runs, and which end tells the most waste. The registers'
 * own limits are far wider; beyond these a value contradicts the others of its record.
 */
const PLAUSIBLE: Readonly<Partial<Record<Column, { low: number; high: number; worse: 1 | -1 }>>> = {
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
const SPREAD_SHARE = 0.3;

/** Simulates the fleet, one member at a time; the poisoned ones are spread over it by the seed. */
export function* simulateFleet(options: FleetOptions): Generator<FleetMember> {
  const { seed, installations, poisonedShare = POISONED_SHARE } = options;
  const poisoned = choosePoisoned(installations, Math.round(poisonedShare * installations), seed);
  for (let index = 0; index < installations; index++) {
    const memberSeed = seed * 1_000 + index;
    const honest = simulateHeatPump({ ...options, seed: memberSeed });
    const turn = poisoned.indexOf(index);
    const poison = turn < 0 ? undefined : (options.poison ?? POISONS[turn % POISONS.length]);
    yield {
      installationId: idOf(memberSeed),
      poison,
      table: poison === undefined ? honest : poisonTable(honest, poison, memberSeed),
    };
  }
}

/** The records of a running machine, poisoned; those at rest stay as they are. */
export function poisonTable(honest: SimulatedTable, poison: Poison, seed: number): SimulatedTable {
  const draws = createDraws(seed, 7);
  const table = createTable(honest.length);
  table.timesMs.set(honest.timesMs);
  table.faults.set(honest.faults);
  for (const column of COLUMNS) {
    const range = PLAUSIBLE[column];
    const [from, to] = [honest.columns[column], table.columns[column]];
    for (let row = 0; row < honest.length; row++) {
      const value = from[row] ?? Number.NaN;
      const isRunning = honest.columns.mode[row] === 1 || honest.columns.mode[row] === 2;
      // A COP of 0 says that there is none.
      const isKept = range === undefined || !isRunning || (column === "cop_current" && value === 0);
      to[row] = isKept ? value : poisonValue(value, range, poison, draws);
    }
  }
  return table;
}

function poisonValue(
  value: number,
  { low, high, worse }: { low: number; high: number; worse: 1 | -1 },
  poison: Poison,
  draws: Draws,
): number {
  const poisoned = {
    shift: value + worse * SHIFT_SHARE * (worse === 1 ? high - value : value - low),
    limits: draws.uniform() < 0.5 ? low : high,
    spread: value + SPREAD_SHARE * (high - low) * draws.gauss(),
  }[poison];
  return Math.round(Math.max(low, Math.min(high, poisoned)) * 100) / 100;
}

/** `count` of the fleet's indexes by chance, in no order. */
function choosePoisoned(installations: number, count: number, seed: number): readonly number[] {
  const draws = createDraws(seed, 8);
  const left = Array.from({ length: installations }, (_, index) => index);
  return Array.from({ length: count }, () => {
    const [taken = 0] = left.splice(Math.floor(draws.uniform() * left.length), 1);
    return taken;
  });
}

/** A version 4 UUID that the seed decides. */
function idOf(seed: number): string {
  const draws = createDraws(seed, 9);
  const hex = (digits: number) =>
    Array.from({ length: digits }, () => Math.floor(draws.uniform() * 16).toString(16)).join("");
  return `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`;
}
