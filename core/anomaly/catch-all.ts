/**
 * The catch-all: what the parts of one mode leave over, looked at together. A fault that moves five
 * readings by half of what each may is seen here and by no part alone.
 *
 * It looks at residuals, not at readings: weather, load, the house's settings and the machine's own
 * level are explained before, so a cold spell or a warmer tank is nothing new to it. Parts that
 * depend on the house stay out.
 */
import { levelOf, MONITOR_WEEKS } from "./calibration.js";
import { type CatchAllMode, scalesFor } from "./catch-all-model.js";
import type { FeaturePlan } from "./feature-plan.js";
import {
  addMoments,
  beginMoments,
  calibrateMoments,
  type MultivariateModel,
  SHARE_72,
  scoreMoments,
  solveMoments,
  startMoments,
} from "./multivariate.js";
import type { NormalReader } from "./normal-behaviour.js";
import { LAST_NUMBERS } from "./normal-state.js";
import { MODES, type OperatingRow } from "./operating-row.js";

/** Residuals of healthy rows, mode by mode, in the order in which they came. */
export interface ResidualLog {
  readonly modes: readonly ModeLog[];
}

interface ModeLog {
  readonly mode: number;
  readonly parts: readonly number[];
  readonly rows: Float32Array[];
  readonly cells: number[];
  /** Rows with which another machine, or another stretch of one, begins. */
  readonly starts: Set<number>;
}

/** Fewer rows say little about what belongs together. */
const ROWS_MIN = 300;
/** More rows say no more; they would only cost memory. */
const ROWS_MAX = 60_000;
const PARTS_MIN = 2;
const WEEK_CELLS = 2016;
/** Above the highest of healthy rows: 15 % in deviations; and so many times the usual score. */
const MARGIN = 1.15 * 1.15;
const USUAL_TIMES_MIN = 3;

/** An empty log of what the plan's parts leave over. */
export function createResidualLog(plan: FeaturePlan): ResidualLog {
  const modes = MODES.flatMap((name, mode) => {
    if (name === "off" || name === "unknown" || name === "defrost") return [];
    const parts = plan.parts.flatMap((part, place) =>
      part.mode === name && !part.house ? [place] : [],
    );
    if (parts.length < PARTS_MIN) return [];
    return { mode, parts, rows: [], cells: [], starts: new Set<number>() };
  });
  return { modes };
}

/** What comes next is of another machine or another time. */
export function beginStretch({ modes }: ResidualLog): void {
  for (const { rows, starts } of modes) starts.add(rows.length);
}

/** Notes what the row that `reader` has just read left over. */
export function noteResiduals({ modes }: ResidualLog, reader: NormalReader, row: OperatingRow) {
  for (const { mode, parts, rows, cells } of modes) {
    if (mode !== row.mode || !row.steady || rows.length >= ROWS_MAX) continue;
    const values = new Float32Array(parts.length);
    if (!fillResiduals(reader, parts, row.cell, values)) continue;
    rows.push(values);
    cells.push(row.cell);
  }
}

/**
 * Residuals in deviations of all that is uncertain; 0 where a part has nothing to say.
 *
 * @returns whether any part has
 */
export function fillResiduals(
  { residuals, live }: NormalReader,
  parts: readonly number[],
  cell: number,
  values: Float32Array | Float64Array,
): boolean {
  let isAny = false;
  for (let place = 0; place < parts.length; place++) {
    const part = parts[place] ?? 0;
    const isTold = live.evidenceCell[part] === cell;
    isAny ||= isTold;
    const beyond = live.last[part * LAST_NUMBERS + 2] ?? 0;
    values[place] = isTold ? (residuals[part] ?? 0) / Math.sqrt(1 + beyond) : 0;
  }
  return isAny;
}

/** What is usual, from rows of healthy machines; modes with too few of them are left out. */
export function solveCatchAll({ modes }: ResidualLog, factor = 1): CatchAllMode[] {
  return modes.flatMap((log) => {
    if (log.rows.length < ROWS_MIN) return [];
    const scales = scalesFor(log.parts.length);
    const sums = beginMoments(log.parts.length);
    for (const row of log.rows) addMoments(sums, scales, row);
    const moments = roundMoments(solveMoments(sums, scales, SHARE_72));
    const calibrated = roundMoments(calibrateMoments(moments, stretches(log)));
    const limit = Math.fround(factor * factor * limitOf(calibrated, log));
    return { mode: log.mode, parts: log.parts, moments: calibrated, limit };
  });
}

/** Views that have seen what was to be expected. */
export function startViews(size: number) {
  return { ...startMoments(size), isStarted: true };
}

function* stretches({ rows, starts }: ModeLog): Generator<Float32Array | null> {
  for (const [index, row] of rows.entries()) {
    if (starts.has(index)) yield null;
    yield row;
  }
}

function limitOf(moments: MultivariateModel, { parts, rows, cells, starts }: ModeLog): number {
  const usual = 2 * parts.length;
  const maxima = new Map<string, number>();
  let highest = 0;
  let views = startViews(parts.length);
  let stretch = 0;
  for (const [index, row] of rows.entries()) {
    if (starts.has(index)) {
      views = startViews(parts.length);
      stretch++;
    }
    const score = scoreMoments(moments, views, row);
    const week = `${stretch} ${Math.floor((cells[index] ?? 0) / WEEK_CELLS)}`;
    maxima.set(week, Math.max(maxima.get(week) ?? 0, score));
    highest = Math.max(highest, score);
  }
  const level = levelOf([...maxima.values()], MONITOR_WEEKS) ?? 0;
  return Math.max(USUAL_TIMES_MIN * usual, MARGIN * highest, level);
}

/** With every number as it is written, so that decoding changes nothing. */
function roundMoments(moments: MultivariateModel): MultivariateModel {
  return {
    ...moments,
    mean: moments.mean.map(Math.fround),
    deviation: moments.deviation.map(Math.fround),
    axes: moments.axes.map(Math.fround),
    whiten: moments.whiten.map(Math.fround),
    axisPower: moments.axisPower.map(Math.fround),
    channelPower: moments.channelPower.map(Math.fround),
  };
}
