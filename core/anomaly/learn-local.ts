/**
 * A model of one machine from its own past: the same sums and the same solve, one installation.
 *
 * Limits come from leaving out each fifth of the time in turn and watching it with the rest.
 */
import { CELLS_PER_DAY } from "./channel.js";
import type { NormalModel } from "./normal-model.js";
import type { FeaturePlan } from "./feature-plan.js";
import { monitorAt, SLOW, SUMS_PER_PART } from "./monitors.js";
import { readNormal, startNormal } from "./normal-behaviour.js";
import { type RowBlock, rowAt, rowsOf, sliceRows } from "./operating-row.js";
import { solveNormal } from "./solve-normal.js";
import { beginStatistics, learnRows, mergeStatistics, type Statistics } from "./statistics.js";

const FIFTHS = 5;
const LIMIT_MIN = 3;
const MARGIN = 1.15;

/** Learns from `rows` of one machine, whole UTC days. */
export function learnLocal(plan: FeaturePlan, rows: RowBlock): NormalModel {
  const fifths = splitDays(rows, FIFTHS);
  const statistics = fifths.map((part) => learnRows(plan, beginStatistics(plan), rowsOf(part)));
  const solve = (skip: number) => {
    const kept = statistics.filter((_, index) => index !== skip);
    const all = kept.reduce(mergeStatistics, beginStatistics(plan));
    return solveNormal(plan, [{ installationId: "own", statistics: all }]);
  };
  const model = solve(-1);
  const fast = new Float64Array(plan.parts.length);
  const slow = new Float64Array(plan.parts.length);
  fifths.forEach((part, index) => noteMaxima(solve(index), part, fast, slow));
  const limit = (most: number | undefined) => Math.fround(Math.max(LIMIT_MIN, MARGIN * (most ?? 0)));
  const parts = model.parts.map((part, index) => ({
    ...part,
    limitFast: limit(fast[index]),
    limitSlow: limit(slow[index]),
  }));
  return { ...model, parts, factor: 1 };
}

/** Stretches of whole days, about equally long. */
function splitDays(rows: RowBlock, count: number): RowBlock[] {
  const first = Math.floor((rows.cells[0] ?? 0) / CELLS_PER_DAY);
  const last = Math.floor((rows.cells[rows.length - 1] ?? 0) / CELLS_PER_DAY) + 1;
  const borders = Array.from({ length: count + 1 }, (_, index) =>
    rowAt(rows, Math.round(first + ((last - first) * index) / count) * CELLS_PER_DAY),
  );
  return borders.slice(0, -1).map((from, index) => sliceRows(rows, from, borders[index + 1] ?? from));
}

function noteMaxima(
  model: NormalModel,
  rows: RowBlock,
  fast: Float64Array,
  slow: Float64Array,
): void {
  const reader = readNormal(model, startNormal(model));
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
