/**
 * A fleet of one model, some of whose installations send poison: data that passes every check for
 * plausible values and is meant to move what "normal" is. A model trained on the fleet must end
 * where one trained on the honest ones ends.
 */
import { type SimulationOptions, simulateHeatPump } from "../heat-pump-simulator.js";
import { createDraws } from "./chance.js";
import { POISONS, type Poison, poisonTable } from "./poison.js";
import type { SimulatedTable } from "./record.js";

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

/** Simulates the fleet, one member at a time; the poisoned ones are spread over it by the seed. */
export function* simulateFleet(options: FleetOptions): Generator<FleetMember> {
  const { seed, installations, poisonedShare = POISONED_SHARE } = options;
  const poisoned = choosePoisoned(installations, Math.round(poisonedShare * installations), seed);
  const honestIndex = Array.from({ length: installations }, (_, index) => index).find(
    (index) => !poisoned.includes(index),
  );
  const victim = seed * 1_000 + (honestIndex ?? 0);
  for (let index = 0; index < installations; index++) {
    const memberSeed = seed * 1_000 + index;
    const turn = poisoned.indexOf(index);
    const poison = turn < 0 ? undefined : (options.poison ?? POISONS[turn % POISONS.length]);
    const source = poison === "replay" ? victim : memberSeed;
    const honest = simulateHeatPump({ ...options, seed: source });
    yield {
      installationId: idOf(memberSeed),
      poison,
      table: poison === undefined ? honest : poisonTable(honest, poison, memberSeed),
    };
  }
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
