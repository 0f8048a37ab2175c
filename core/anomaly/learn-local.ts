/**
 * A model of one machine from its own past: the same sums and the same solve, one installation.
 *
 * Limits come from leaving out each fifth of the time in turn and watching it with the rest.
 */
import {
  beginStretch,
  createResidualLog,
  noteResiduals,
  type ResidualLog,
  solveCatchAll,
} from "./catch-all.js";
import { CELLS_PER_DAY } from "./channel.js";
import type { FeaturePlan } from "./feature-plan.js";
import { monitorAt, SLOW, SUMS_PER_PART } from "./monitors.js";
import { type NormalReader, readNormal } from "./normal-behaviour.js";
import type { NormalModel } from "./normal-model.js";
import { startNormal } from "./normal-state.js";
import { type RowBlock, rowAt, rowsOf, sliceRows } from "./operating-row.js";
import { informationOf, solveNormal } from "./solve-normal.js";
import {
  beginStatistics,
  learnRows,
  mergeStatistics,
  type RowFilter,
  type Statistics,
} from "./statistics.js";
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
  const first = Math.floor((rows.cells[0] ?? 0) / CELLS_PER_DAY);
  const last = Math.floor((rows.cells[rows.length - 1] ?? 0) / CELLS_PER_DAY);
  const days = Array.from({ length: last - first + 1 }, (_, index) => first + index);
  const steps = learnLocalSteps(plan, days);
  for (let step = steps.next(); ; ) {
    if (step.done === true) return step.value;
    const day = step.value ?? Number.NaN;
    step = steps.next(
      sliceRows(rows, rowAt(rows, day * CELLS_PER_DAY), rowAt(rows, (day + 1) * CELLS_PER_DAY)),
    );
  }
}

/**
 * The same in small steps, for a machine that has other things to do: each step asks for the rows
 * of a UTC day of `days` (ascending), or asks for nothing and only lets others go first. One day is
 * held at a time; it is asked for again in each of the readings.
 */
export function* learnLocalSteps(
  plan: FeaturePlan,
  days: readonly number[],
): Generator<number | undefined, LocalModel, RowBlock> {
  const fifths = splitDays(days, FIFTHS);
  const begin = beginStatistics(plan);
  function* learn(filter?: RowFilter) {
    const learnt: Statistics[] = [];
    for (const fifth of fifths) {
      let sums = begin;
      for (const day of fifth) sums = learnRows(plan, sums, rowsOf(yield day), filter);
      learnt.push(sums);
    }
    return learnt;
  }
  let statistics = yield* learn();
  for (let reading = 0; reading < READINGS_AGAIN; reading++) {
    const all = statistics.reduce(mergeStatistics, begin);
    const model = solveNormal(plan, [{ installationId: "own", statistics: all }]);
    statistics = yield* learn(trimAround(model, all));
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
  const residuals = createResidualLog(plan);
  for (const [index, fifth] of fifths.entries()) {
    yield undefined;
    beginStretch(residuals);
    const without = solve(index);
    const reader = readNormal(without.model, startNormal(without.model, without.known));
    for (const day of fifth) noteRows(without.model, reader, yield day, { fast, slow, residuals });
  }
  const limit = (most: number | undefined) =>
    Math.fround(Math.max(LIMIT_MIN, MARGIN * (most ?? 0)));
  const parts = model.parts.map((part, index) => ({
    ...part,
    limitFast: limit(fast[index]),
    limitSlow: limit(slow[index]),
  }));
  yield undefined;
  // So few stretches have shown few of the ways in which a machine's own months differ.
  const catchAll = solveCatchAll(residuals, 1 + 1 / FIFTHS);
  return { model: { ...model, parts, factor: 1, catchAll }, known };
}

/** Stretches about equally long in time. */
function splitDays(days: readonly number[], count: number): readonly (readonly number[])[] {
  const first = days[0] ?? 0;
  const end = (days.at(-1) ?? 0) + 1;
  const border = (index: number) => Math.round(first + ((end - first) * index) / count);
  return Array.from({ length: count }, (_, index) =>
    days.filter((day) => day >= border(index) && day < border(index + 1)),
  );
}

/** What rows that a model has not seen say of it. */
interface Held {
  readonly fast: Float64Array;
  readonly slow: Float64Array;
  readonly residuals: ResidualLog;
}

function noteRows(
  model: NormalModel,
  reader: NormalReader,
  rows: RowBlock,
  { fast, slow, residuals }: Held,
): void {
  for (const row of rowsOf(rows)) {
    reader.read(row);
    noteResiduals(residuals, reader, row);
    for (let part = 0; part < fast.length; part++) {
      const { psi, isUsable } = model.parts[part] ?? { psi: 1, isUsable: false };
      if (!isUsable) continue;
      const at = part * SUMS_PER_PART;
      fast[part] = Math.max(fast[part] ?? 0, Math.abs(monitorAt(reader.live.sums, at, psi)));
      slow[part] = Math.max(slow[part] ?? 0, Math.abs(monitorAt(reader.live.sums, at + SLOW, psi)));
    }
  }
}
