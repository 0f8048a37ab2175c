/**
 * Learning priors: codec 2 codes the training blocks one after the other, each lane carrying its
 * odds on, and what the odds were over time is averaged per set.
 *
 * Lanes that start from the same set are averaged as they are, each with the same weight, so a
 * noisy channel does not speak for its quiet neighbours. A context that no lane ever met stays
 * empty.
 */
import type { ChannelTable } from "#core/batch/channel-table.js";
import { encodeRange } from "#core/batch/codec-2-encoder.js";
import {
  CONTEXTS,
  COUNT_BITS,
  COUNT_MAX,
  createModel,
  ODDS_START,
  PROBABILITY_MAX,
  PROBABILITY_MIN,
} from "#core/batch/codec-2-model.js";
import type { Columns } from "#core/batch/columns.js";
import { planLayout } from "#core/batch/layout.js";

/** Consecutive blocks of one house. */
export interface Training {
  readonly table: ChannelTable;
  readonly blocks: readonly Columns[];
}

/** Names the set that a lane of a table learns for; `undefined`: none. */
export type SetOfLane = (table: ChannelTable, lane: number) => string | undefined;

/** Of one set, per context. */
interface Sums {
  /** Bits seen by all lanes, each at most COUNT_MAX at a time. */
  readonly weight: Float64Array;
  readonly probability: Float64Array;
  readonly count: Uint8Array;
}

/** Blocks after which a lane's odds speak for it. */
const WARM_BLOCKS = 4;

/**
 * Learns one set of odds per name.
 *
 * @param cap greatest count a prior states: how many bits of its own a lane needs to overrule it
 */
export function learnSets(
  trainings: readonly Training[],
  setOfLane: SetOfLane,
  cap: number,
): Map<string, Uint32Array> {
  const sums = new Map<string, Sums>();
  for (const training of trainings) addTraining(sums, training, setOfLane);
  const names = [...sums.keys()].sort((a, b) => (a < b ? -1 : 1));
  return new Map(names.map((name) => [name, toOdds(sums.get(name) ?? createSums(), cap)]));
}

function createSums(): Sums {
  return {
    weight: new Float64Array(CONTEXTS),
    probability: new Float64Array(CONTEXTS),
    count: new Uint8Array(CONTEXTS),
  };
}

function addTraining(sums: Map<string, Sums>, training: Training, setOfLane: SetOfLane): void {
  const { table, blocks } = training;
  const odds = new Uint32Array((table.lanes + 2) * CONTEXTS).fill(ODDS_START);
  for (const [k, columns] of blocks.entries()) {
    const layout = planLayout(columns, table);
    const places = [...listLanes(layout.channels, table), table.lanes, table.lanes + 1];
    const model = createModel(layout.lanes);
    for (const [lane, place] of places.entries()) {
      model.odds.set(odds.subarray(place * CONTEXTS, (place + 1) * CONTEXTS), lane * CONTEXTS);
    }
    encodeRange(columns, table, () => model);
    for (const [lane, place] of places.entries()) {
      const learnt = model.odds.subarray(lane * CONTEXTS, (lane + 1) * CONTEXTS);
      odds.set(learnt, place * CONTEXTS);
      const name = k < WARM_BLOCKS ? undefined : setOfLane(table, place);
      if (name === undefined) continue;
      const into = sums.get(name) ?? createSums();
      sums.set(name, into);
      addLane(into, learnt);
    }
  }
}

function listLanes(channels: readonly number[], table: ChannelTable): number[] {
  return channels.flatMap((c) => {
    const [first = 0, end = 0] = table.laneStarts.slice(c, c + 2);
    return Array.from({ length: end - first }, (_, k) => first + k);
  });
}

function addLane(into: Sums, odds: Uint32Array): void {
  for (let context = 0; context < CONTEXTS; context++) {
    const count = (odds[context] as number) & COUNT_MAX;
    if (count === 0) continue;
    const p = ((odds[context] as number) >>> COUNT_BITS) / 65_536;
    into.weight[context] = (into.weight[context] as number) + count;
    into.probability[context] = (into.probability[context] as number) + count * p;
    into.count[context] = Math.max(into.count[context] as number, count);
  }
}

function toOdds({ weight, probability, count }: Sums, cap: number): Uint32Array {
  return Uint32Array.from({ length: CONTEXTS }, (_, context) => {
    const seen = count[context] as number;
    if (seen === 0) return ODDS_START;
    const w = weight[context] as number;
    const mean = (probability[context] as number) / w;
    const p = Math.min(PROBABILITY_MAX, Math.max(PROBABILITY_MIN, Math.round(mean * 65_536)));
    return (p << COUNT_BITS) | Math.min(seen, cap);
  });
}
