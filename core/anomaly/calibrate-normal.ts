/**
 * Calibrates a normal-behaviour model on machines held out of it, run as on a daemon.
 *
 * Limits come from weekly maxima of each monitor, then the factor from weekly maxima of the score
 * with these limits. What is learnt about one machine is subtracted, never learnt again. What the
 * parts leave over together comes from the same machines.
 */

import { boundedLevelOf, levelOf, MONITOR_WEEKS, SCORE_WEEKS } from "./calibration.js";
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
import { readNormal } from "./normal-behaviour.js";
import {
  type Contribution,
  FACTOR_UNCALIBRATED,
  LIMIT_UNCALIBRATED,
  type NormalModel,
} from "./normal-model.js";
import { startNormal } from "./normal-state.js";
import { type RowBlock, rowsOf } from "./operating-row.js";
import { solveNormal } from "./solve-normal.js";
import type { Statistics } from "./statistics.js";

/** An installation with rows to be judged by a model it is not part of. */
export interface HeldOut extends Contribution<Statistics> {
  readonly rows: RowBlock;
}

/** More installations than this are held out in folds. */
const SINGLES_MAX = 9;
const FOLDS = 5;
/** A machine's first days: its own level is not known yet. */
const WARM_UP_DAYS = 14;
const WEEK_CELLS = 7 * CELLS_PER_DAY;
const LIMIT_MIN = 2;

/** Solves on everything, with limits from machines held out. */
export function calibrateNormal(
  plan: FeaturePlan,
  installations: readonly HeldOut[],
  others: readonly RowBlock[] = [],
): NormalModel {
  const model = solveNormal(plan, installations);
  const folds =
    others.length > 0
      ? [{ held: others.map((rows) => ({ rows })), model }]
      : foldsOf(installations).map((held) => {
          const rest = installations.filter((one) => !held.includes(one));
          return { held, model: solveNormal(plan, rest) };
        });
  if (others.length === 0 && installations.length < 2) return model;
  const maxima: Maxima[] = [];
  const residuals = createResidualLog(plan);
  for (const fold of folds)
    for (const { rows } of fold.held) {
      const own = createMaxima(plan.parts.length);
      noteMonitors(fold.model, rows, own, residuals);
      maxima.push(own);
    }
  const limited = withLimits(model, maxima);
  const scores: number[] = [];
  for (const fold of folds) {
    const judge = { ...withLimits(fold.model, maxima), factor: 1 };
    for (const { rows } of fold.held) scores.push(...weeklyScores(judge, rows));
  }
  const level = levelOf(scores, SCORE_WEEKS);
  // Few machines have shown few of the ways in which machines differ.
  const few = 1 + 1 / installations.length;
  const factor = Math.fround(few * Math.max(1, level ?? FACTOR_UNCALIBRATED));
  return { ...limited, factor, catchAll: solveCatchAll(residuals, factor) };
}

/** Each alone when they are few, else five folds that depend on the ids alone. */
function foldsOf(installations: readonly HeldOut[]): HeldOut[][] {
  if (installations.length <= SINGLES_MAX) return installations.map((one) => [one]);
  const folds: HeldOut[][] = Array.from({ length: FOLDS }, () => []);
  for (const one of installations) folds[hash(one.installationId) % FOLDS]?.push(one);
  return folds.filter((fold) => fold.length > 0);
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++)
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193) >>> 0;
  return value;
}

/** Weekly maxima of a machine, per part: of the fast monitor, of the slow one. */
interface Maxima {
  readonly fast: number[][];
  readonly slow: number[][];
}

function createMaxima(parts: number): Maxima {
  const lists = () => Array.from({ length: parts }, () => [] as number[]);
  return { fast: lists(), slow: lists() };
}

function noteMonitors(
  model: NormalModel,
  rows: RowBlock,
  maxima: Maxima,
  residuals: ResidualLog,
): void {
  beginStretch(residuals);
  const reader = readNew(model, rows);
  const count = model.parts.length;
  const fast = new Float64Array(count);
  const slow = new Float64Array(count);
  const warm = (rows.cells[0] ?? 0) + WARM_UP_DAYS * CELLS_PER_DAY;
  let week = 0;
  const endWeek = () => {
    for (let part = 0; part < count; part++) {
      if ((slow[part] ?? 0) === 0) continue;
      maxima.fast[part]?.push(fast[part] ?? 0);
      maxima.slow[part]?.push(slow[part] ?? 0);
    }
    fast.fill(0);
    slow.fill(0);
  };
  for (const row of rowsOf(rows)) {
    reader.read(row);
    if (row.cell < warm) continue;
    noteResiduals(residuals, reader, row);
    const now = Math.floor((row.cell - warm) / WEEK_CELLS);
    if (now !== week) endWeek();
    week = now;
    for (let part = 0; part < count; part++) {
      const { psi } = model.parts[part] ?? { psi: 1 };
      const at = part * SUMS_PER_PART;
      fast[part] = Math.max(fast[part] ?? 0, Math.abs(monitorAt(reader.live.sums, at, psi)));
      slow[part] = Math.max(slow[part] ?? 0, Math.abs(monitorAt(reader.live.sums, at + SLOW, psi)));
    }
  }
  endWeek();
}

function weeklyScores(model: NormalModel, rows: RowBlock): number[] {
  const reader = readNew(model, rows);
  const warm = (rows.cells[0] ?? 0) + WARM_UP_DAYS * CELLS_PER_DAY;
  const maxima: number[] = [];
  for (const row of rowsOf(rows)) {
    reader.read(row);
    if (row.cell < warm) continue;
    const week = Math.floor((row.cell - warm) / WEEK_CELLS);
    maxima[week] = Math.max(maxima[week] ?? 0, reader.score);
  }
  return maxima.flat();
}

function withLimits(model: NormalModel, maxima: readonly Maxima[]): NormalModel {
  const limit = (machines: readonly (readonly number[])[]) =>
    Math.fround(Math.max(LIMIT_MIN, boundedLevelOf(machines, MONITOR_WEEKS) ?? LIMIT_UNCALIBRATED));
  const parts = model.parts.map((part, index) => ({
    ...part,
    limitFast: limit(maxima.map(({ fast }) => fast[index] ?? [])),
    limitSlow: limit(maxima.map(({ slow }) => slow[index] ?? [])),
  }));
  return { ...model, parts };
}

/** Reads a machine from its first day on, as a daemon that was just installed. */
function readNew(model: NormalModel, rows: RowBlock) {
  const newUntil = (rows.cells[0] ?? 0) + WARM_UP_DAYS * CELLS_PER_DAY;
  return readNormal(model, startNormal(model), { newUntil, isCalibrating: true });
}
