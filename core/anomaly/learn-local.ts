/**
 * A model of one machine from its own past: the same sums and the same solve, one installation.
 *
 * Limits come from leaving out each fifth of the time in turn and watching it with the rest.
 */
import { calibrateLocal, type LocalModel } from "./calibrate-local.js";
import { CELLS_PER_DAY } from "./channel.js";
import type { FeaturePlan } from "./feature-plan.js";
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
/** The first reading fits everything; later ones leave out what does not belong. */
const READINGS_AGAIN = 4;

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
  return yield* calibrateLocal(plan, fifths, (skip) => {
    const kept = statistics.filter((_, index) => index !== skip);
    const all = kept.reduce(mergeStatistics, begin);
    const model = solveNormal(plan, [{ installationId: "own", statistics: all }]);
    return { model, known: informationOf(model, all) };
  });
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
