/**
 * Calibrates a model of one machine on its own time: each fifth in turn is watched with what the
 * rest has taught. That says where limits lie and what parts leave over together. The fewer days
 * there were, the further beyond its limits a part has to be.
 */
import { beginStretch, createResidualLog, noteResiduals, solveCatchAll } from "./catch-all.js";
import type { FeaturePlan } from "./feature-plan.js";
import { monitorAt, SLOW, SUMS_PER_PART } from "./monitors.js";
import { type NormalReader, readNormal } from "./normal-behaviour.js";
import type { NormalModel } from "./normal-model.js";
import { startNormal } from "./normal-state.js";
import { type OperatingRow, type RowBlock, rowsOf } from "./operating-row.js";

/** A model of one machine, and what it already knows of that machine's level. */
export interface LocalModel {
  readonly model: NormalModel;
  readonly known: readonly Float64Array[];
}

/** The model without the fifth at place `skip`; -1: of everything. */
export type SolveWithout = (skip: number) => LocalModel;

/** Steps of learning: asks for the rows of a day, or for nothing and lets others go first. */
export type LocalSteps<Result> = Generator<number | undefined, Result, RowBlock>;

const LIMIT_MIN = 3;
const MARGIN = 1.15;
/** From so many days on a machine has shown enough of its year to be taken at its word. */
const SEASON_DAYS = 100;
/** With less nobody is alarmed by a model: what it says is for people who try detectors. */
export const LOCAL_DAYS_MIN = 21;

/** Calibrates; `fifths` are days, ascending. */
export function* calibrateLocal(
  plan: FeaturePlan,
  fifths: readonly (readonly number[])[],
  solve: SolveWithout,
): LocalSteps<LocalModel> {
  const { model, known } = solve(-1);
  const fast = new Float64Array(plan.parts.length);
  const slow = new Float64Array(plan.parts.length);
  const residuals = createResidualLog(plan);
  const begin = (skip: number) => {
    beginStretch(residuals);
    return solve(skip);
  };
  yield* watchFifths(fifths, begin, (row, reader) => {
    noteMaxima(model, reader, { fast, slow });
    noteResiduals(residuals, reader, row);
  });
  const limit = (most: number | undefined) =>
    Math.fround(Math.max(LIMIT_MIN, MARGIN * (most ?? 0)));
  const parts = model.parts.map((part, index) => ({
    ...part,
    limitFast: limit(fast[index]),
    limitSlow: limit(slow[index]),
  }));
  yield undefined;
  // So few stretches have shown few of the ways in which a machine's own months differ.
  const factor = cautionOf(fifths.reduce((sum, fifth) => sum + fifth.length, 0));
  const catchAll = solveCatchAll(residuals, factor * (1 + 1 / fifths.length));
  return { model: { ...model, parts, factor, catchAll }, known };
}

/**
 * What shares of limits are divided by: the fewer days a model knows, the further days to come may
 * lie from them, as a mean of so many would.
 */
function cautionOf(days: number): number {
  if (days < LOCAL_DAYS_MIN || days >= SEASON_DAYS) return 1;
  return Math.fround(Math.sqrt(SEASON_DAYS / days));
}

function* watchFifths(
  fifths: readonly (readonly number[])[],
  solve: (skip: number) => LocalModel,
  note: (row: OperatingRow, reader: NormalReader) => void,
): LocalSteps<void> {
  for (const [index, fifth] of fifths.entries()) {
    yield undefined;
    const { model, known } = solve(index);
    const reader = readNormal(model, startNormal(model, known), { isCalibrating: true });
    for (const day of fifth)
      for (const row of rowsOf(yield day)) {
        reader.read(row);
        note(row, reader);
      }
  }
}

function noteMaxima(
  model: NormalModel,
  { live }: NormalReader,
  { fast, slow }: { readonly fast: Float64Array; readonly slow: Float64Array },
): void {
  for (let part = 0; part < fast.length; part++) {
    const { psi, isUsable } = model.parts[part] ?? { psi: 1, isUsable: false };
    if (!isUsable) continue;
    const at = part * SUMS_PER_PART;
    fast[part] = Math.max(fast[part] ?? 0, Math.abs(monitorAt(live.sums, at, psi)));
    slow[part] = Math.max(slow[part] ?? 0, Math.abs(monitorAt(live.sums, at + SLOW, psi)));
  }
}
