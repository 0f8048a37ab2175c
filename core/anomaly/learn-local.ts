/**
 * A model of one machine from its own past: the same sums and the same solve, one installation.
 *
 * Limits come from leaving out each fifth of the time in turn and watching it with the rest.
 */
import { CELLS_PER_DAY } from "./channel.js";
import type { FeaturePlan } from "./feature-plan.js";
import { monitorAt, SLOW, SUMS_PER_PART } from "./monitors.js";
import { readNormal } from "./normal-behaviour.js";
import type { NormalModel } from "./normal-model.js";
import { startNormal } from "./normal-state.js";
import { type RowBlock, rowAt, rowsOf, sliceRows } from "./operating-row.js";
import { informationOf, solveNormal } from "./solve-normal.js";
import { beginStatistics, learnRows, mergeStatistics, type RowFilter } from "./statistics.js";
import { trimAround } from "./trim.js";

const FIFTHS = 5;
const LIMIT_MIN = 3;
const MARGIN = 1.15;
/** The first reading fits everything; later ones leave out what does not belong. */
const READINGS_AGAIN = 4;

/** A model of one machine, and what it already knows of that machine's level. */
export interface LocalModel {
  readonly model: NormalModel;
  readonly known: readonly Float64Array[];
}

/** Learns from `rows` of one machine, whole UTC days. */
export function learnLocal(plan: FeaturePlan, rows: RowBlock): LocalModel {
  const fifths = splitDays(rows, FIFTHS);
  const begin = beginStatistics(plan);
  const learn = (filter?: RowFilter) =>
    fifths.map((part) => learnRows(plan, begin, rowsOf(part), filter));
  let statistics = learn();
  for (let reading = 0; reading < READINGS_AGAIN; reading++) {
    const all = statistics.reduce(mergeStatistics, begin);
    const model = solveNormal(plan, [{ installationId: "own", statistics: all }]);
    statistics = learn(trimAround(model, all));
  }
  const solve = (skip: number): LocalModel => {
    const kept = statistics.filter((_, index) => index !== skip);
    const all = kept.reduce(mergeStatistics, beginStatistics(plan));
    const model = solveNormal(plan, [{ installationId: "own", statistics: all }]);
    return { model, known: informationOf(model, all) };
  };
  const { model, known } = solve(-1);
  const fast = new Float64Array(plan.parts.length);
  const slow = new Float64Array(plan.parts.length);
  for (const [index, part] of fifths.entries()) noteMaxima(solve(index), part, fast, slow);
  const limit = (most: number | undefined) =>
    Math.fround(Math.max(LIMIT_MIN, MARGIN * (most ?? 0)));
  const parts = model.parts.map((part, index) => ({
    ...part,
    limitFast: limit(fast[index]),
    limitSlow: limit(slow[index]),
  }));
  return { model: { ...model, parts, factor: 1 }, known };
}

/** Stretches of whole days, about equally long. */
function splitDays(rows: RowBlock, count: number): RowBlock[] {
  const first = Math.floor((rows.cells[0] ?? 0) / CELLS_PER_DAY);
  const last = Math.floor((rows.cells[rows.length - 1] ?? 0) / CELLS_PER_DAY) + 1;
  const borders = Array.from({ length: count + 1 }, (_, index) =>
    rowAt(rows, Math.round(first + ((last - first) * index) / count) * CELLS_PER_DAY),
  );
  return borders
    .slice(0, -1)
    .map((from, index) => sliceRows(rows, from, borders[index + 1] ?? from));
}

function noteMaxima(
  { model, known }: LocalModel,
  rows: RowBlock,
  fast: Float64Array,
  slow: Float64Array,
): void {
  const reader = readNormal(model, startNormal(model, known));
  for (const row of rowsOf(rows)) {
    reader.read(row);
    for (let part = 0; part < fast.length; part++) {
      const { psi, isUsable } = model.parts[part] ?? { psi: 1, isUsable: false };
      if (!isUsable) continue;
      const at = part * SUMS_PER_PART;
      fast[part] = Math.max(fast[part] ?? 0, Math.abs(monitorAt(reader.live.sums, at, psi)));
      slow[part] = Math.max(slow[part] ?? 0, Math.abs(monitorAt(reader.live.sums, at + SLOW, psi)));
    }
  }
}
