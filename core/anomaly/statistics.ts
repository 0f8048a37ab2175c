/**
 * What the normal-behaviour model learns from rows: sums, never rows.
 *
 * Per part, with `w` = features and target of a row: n and Σ w w' over the rows; and over UTC days,
 * with the day's mean v: their number D, Σ 1/n, Σ 1/n², Σ v v' and Σ v v'/n. All are additive:
 * months, installations and years merge by adding, and a sum is taken away by subtracting. A UTC
 * day is learnt whole, in one call.
 */
import { HeatpoolError } from "#core/errors.js";
import { CELLS_PER_DAY } from "./channel.js";
import type { FeaturePlan } from "./feature-plan.js";
import {
  type CompiledPlan,
  compilePlan,
  FEATURES_MAX,
  featureCount,
  fillFeatures,
  groupsFor,
  isDayCell,
  type PartGroup,
} from "./features.js";
import type { OperatingRow } from "./operating-row.js";

/** Sums of all parts of one plan. */
export interface Statistics {
  readonly planId: string;
  /** Per part of the plan; the layout is `layoutOf`. */
  readonly sums: readonly Float64Array[];
}

/** Where the sums of a part with `size` features lie. */
export interface SumLayout {
  /** Features and the target. */
  readonly width: number;
  /** Numbers of a packed upper triangle. */
  readonly packed: number;
  readonly rows: number;
  readonly days: number;
  readonly length: number;
}

/** n, D, Σ 1/n, Σ 1/n² stand first. */
export const [ROWS, DAYS, PER_DAY, PER_DAY2, SUMS] = [0, 1, 2, 3, 4];

/** Decides whether a row enters the sums of a part. */
export type RowFilter = (part: number, phi: Float64Array, target: number, cell: number) => boolean;

/** Places of Σ w w', Σ v v', Σ v v'/n in the sums of a part with `size` features. */
export function layoutOf(size: number): SumLayout {
  const width = size + 1;
  const packed = (width * (width + 1)) / 2;
  return { width, packed, rows: SUMS, days: SUMS + packed, length: SUMS + 3 * packed };
}

/** Nothing learnt yet. */
export function beginStatistics(plan: FeaturePlan): Statistics {
  const sums = plan.parts.map((part) => new Float64Array(layoutOf(featureCount(part)).length));
  return { planId: plan.planId, sums };
}

/** `statistics` and `rows` (whole UTC days, in the order of time) together. */
export function learnRows(
  plan: FeaturePlan,
  statistics: Statistics,
  rows: Iterable<OperatingRow>,
  filter?: RowFilter,
): Statistics {
  requirePlan(statistics, plan.planId);
  const sums = statistics.sums.map((part) => part.slice());
  const learner = createLearner(compilePlan(plan), sums, filter);
  for (const row of rows) learner.add(row);
  learner.endDay();
  return { planId: plan.planId, sums };
}

/** Both together. */
export function mergeStatistics(a: Statistics, b: Statistics): Statistics {
  return combine(a, b, 1);
}

/** `a` without `b`, which was once merged into it. */
export function subtractStatistics(a: Statistics, b: Statistics): Statistics {
  return combine(a, b, -1);
}

/** A packed upper triangle as a full matrix. */
export function unpack(sums: Float64Array, at: number, width: number): Float64Array {
  const full = new Float64Array(width * width);
  let next = at;
  for (let i = 0; i < width; i++)
    for (let j = i; j < width; j++) {
      const value = sums[next++] ?? 0;
      full[i * width + j] = value;
      full[j * width + i] = value;
    }
  return full;
}

function combine(a: Statistics, b: Statistics, sign: number): Statistics {
  requirePlan(b, a.planId);
  const sums = a.sums.map((part, index) => {
    const other = b.sums[index];
    return part.map((value, place) => value + sign * (other?.[place] ?? 0));
  });
  return { planId: a.planId, sums };
}

function requirePlan(statistics: Statistics, planId: string): void {
  if (statistics.planId === planId) return;
  throw new HeatpoolError(
    "INVALID_ARGUMENT",
    `statistics of plan ${statistics.planId} cannot meet plan ${planId}`,
  );
}

/** Adds rows to sums in place; nobody else holds them meanwhile. */
function createLearner(
  compiled: CompiledPlan,
  sums: readonly Float64Array[],
  filter: RowFilter | undefined,
): { add(row: OperatingRow): void; endDay(): void } {
  const phi = new Float64Array(FEATURES_MAX + 1);
  const days = compiled.plan.parts.map((part) => new Float64Array(featureCount(part) + 2));
  let today = Number.NaN;

  const learnGroup = (group: PartGroup, row: OperatingRow) => {
    if (!fillFeatures(group, row.values, row.at, phi)) return;
    const width = group.size + 1;
    for (let index = 0; index < group.parts.length; index++) {
      const part = group.parts[index] ?? 0;
      const target = row.values[row.at + (group.targets[index] ?? 0)] ?? Number.NaN;
      const partSums = sums[part];
      const day = days[part];
      if (Number.isNaN(target) || partSums === undefined || day === undefined) continue;
      if (filter !== undefined && !filter(part, phi, target, row.cell)) continue;
      phi[group.size] = target;
      partSums[ROWS] = (partSums[ROWS] ?? 0) + 1;
      day[width] = (day[width] ?? 0) + 1;
      let next = SUMS;
      for (let i = 0; i < width; i++) {
        const left = phi[i] ?? 0;
        day[i] = (day[i] ?? 0) + left;
        for (let j = i; j < width; j++) {
          partSums[next] = (partSums[next] ?? 0) + left * (phi[j] ?? 0);
          next++;
        }
      }
    }
  };
  const endDay = () => {
    for (let part = 0; part < days.length; part++) {
      const day = days[part];
      const partSums = sums[part];
      if (day !== undefined && partSums !== undefined) addDay(partSums, day);
    }
  };
  return {
    add(row) {
      const date = Math.floor(row.cell / CELLS_PER_DAY);
      if (date !== today) endDay();
      today = date;
      for (const group of groupsFor(compiled, row)) learnGroup(group, row);
      if (isDayCell(row.cell)) for (const group of compiled.day) learnGroup(group, row);
    },
    endDay,
  };
}

/** Adds a finished day (its sums, then its count) to the sums of a part, and empties it. */
function addDay(sums: Float64Array, day: Float64Array): void {
  const width = day.length - 1;
  const count = day[width] ?? 0;
  if (count === 0) return;
  const { packed, days } = layoutOf(width - 1);
  sums[DAYS] = (sums[DAYS] ?? 0) + 1;
  sums[PER_DAY] = (sums[PER_DAY] ?? 0) + 1 / count;
  sums[PER_DAY2] = (sums[PER_DAY2] ?? 0) + 1 / (count * count);
  let next = days;
  for (let i = 0; i < width; i++) {
    const left = (day[i] ?? 0) / count;
    for (let j = i; j < width; j++) {
      const product = (left * (day[j] ?? 0)) / count;
      sums[next] = (sums[next] ?? 0) + product;
      sums[next + packed] = (sums[next + packed] ?? 0) + product / count;
      next++;
    }
  }
  day.fill(0);
}
