/**
 * How much one household moves a model: the sums without it are solved again, and what would be
 * expected is compared where the fleet's weather and loads lie. What moves too much would tell
 * about that household.
 */
import type { FeaturePlan, PlanPart } from "#core/anomaly/feature-plan.js";
import { toleranceOf } from "#core/anomaly/feature-plan.js";
import { featureCount } from "#core/anomaly/features.js";
import type { Contribution, PartModel } from "#core/anomaly/normal-model.js";
import { solveNormal } from "#core/anomaly/solve-normal.js";
import { ROWS, type Statistics, SUMS, unpack } from "#core/anomaly/statistics.js";

/** What one installation does to a part. */
export interface Influence {
  readonly installationId: string;
  /** In units of what is allowed; above 1: too much. */
  readonly change: number;
}

/** Sums of one part, by installation. */
export interface PartOfFleet {
  readonly part: PlanPart;
  readonly contributions: readonly Contribution<Statistics>[];
}

/** Of a tolerance. */
const ALLOWED_SHARE = 0.5;
/** 5 % and 95 % of a normal distribution, in deviations. */
const OUTER = 1.645;
/** Beyond this many times the usual leverage nothing was learnt, and a daemon trusts nothing. */
const REACH_TIMES = 3;
/** In a large fleet only those are tried that pull most by the slope of the sums. */
const TRIED_MAX = 40;

/** The sums of one part of a plan alone: a part is solved without the others. */
export function partOfFleet(
  plan: FeaturePlan,
  index: number,
  contributions: readonly Contribution<Statistics>[],
): PartOfFleet {
  const part = plan.parts[index];
  if (part === undefined) throw new RangeError(`plan has no part ${index}`);
  const { planId } = plan;
  const own = contributions.flatMap(({ installationId, statistics }) => {
    const sums = statistics.sums[index];
    if (sums === undefined || (sums[ROWS] ?? 0) < 1) return [];
    return [{ installationId, statistics: { planId, sums: [sums] } }];
  });
  return { part, contributions: own };
}

/** What each installation does to a part, those that do most; empty where the part says nothing. */
export function influencesOn({ part, contributions }: PartOfFleet): readonly Influence[] {
  if (contributions.length < 2) return [];
  const plan = { planId: contributions[0]?.statistics.planId ?? "", parts: [part] };
  const solve = (of: readonly Contribution<Statistics>[]) => solveNormal(plan, of).parts[0];
  const model = solve(contributions);
  if (model?.isUsable !== true) return [];
  const points = contextPoints(part, contributions)
    .filter((phi) => reachOf(model.leverage, phi) <= REACH_TIMES * phi.length)
    .map((phi): Point => {
      const expected = dot(model.beta, phi);
      return { phi, expected, allowed: ALLOWED_SHARE * toleranceOf(part, expected) };
    });
  return mostPulling(model, points, contributions).map((one) => {
    const without = solve(contributions.filter((other) => other !== one));
    const isUsable = without?.isUsable === true;
    const change = isUsable ? changeOf(points, (phi) => dot(without.beta, phi)) : 0;
    return { installationId: one.installationId, change };
  });
}

interface Point {
  readonly phi: Float64Array;
  readonly expected: number;
  readonly allowed: number;
}

function changeOf(points: readonly Point[], at: (phi: Float64Array) => number): number {
  let most = 0;
  for (const { phi, expected, allowed } of points)
    most = Math.max(most, Math.abs(expected - at(phi)) / Math.max(allowed, 1e-9));
  return most;
}

/** By the slope: what a little less of each would change, which needs no second solution. */
function mostPulling(
  model: PartModel,
  points: readonly Point[],
  contributions: readonly Contribution<Statistics>[],
): readonly Contribution<Statistics>[] {
  if (contributions.length <= TRIED_MAX) return contributions;
  const size = model.beta.length;
  const inverse = unpackLeverage(model.leverage, size);
  const pulls = contributions.map((one) => {
    const sums = one.statistics.sums[0] ?? new Float64Array(0);
    const step = product(inverse, restOf(sums, model.beta), size);
    return { one, most: changeOf(points, (phi) => dot(model.beta, phi) - dot(step, phi)) };
  });
  pulls.sort((a, b) => b.most - a.most || (a.one.installationId < b.one.installationId ? -1 : 1));
  return pulls.slice(0, TRIED_MAX).map(({ one }) => one);
}

/** Σ phi (y - offset - phi' beta) of one installation around its own level. */
function restOf(sums: Float64Array, beta: Float64Array): Float64Array {
  const size = beta.length;
  const width = size + 1;
  const full = unpack(sums, SUMS, width);
  const rows = sums[ROWS] ?? 1;
  const rest = Float64Array.from({ length: size }, (_, i) => {
    let value = full[i * width + size] ?? 0;
    for (let j = 0; j < size; j++) value -= (full[i * width + j] ?? 0) * (beta[j] ?? 0);
    return value;
  });
  const level = (rest[0] ?? 0) / rows;
  // Its level moves the constant alone, by its share of the rows.
  return rest.map((value, i) => value - (i === 0 ? 0 : level * (full[i * width] ?? 0)));
}

function product(matrix: Float64Array, vector: Float64Array, size: number): Float64Array {
  return Float64Array.from({ length: size }, (_, i) => {
    let sum = 0;
    for (let j = 0; j < size; j++) sum += (matrix[i * size + j] ?? 0) * (vector[j] ?? 0);
    return sum;
  });
}

/** Off-diagonals are doubled in the packed form. */
function unpackLeverage(packed: Float64Array, size: number): Float64Array {
  const full = new Float64Array(size * size);
  let next = 0;
  for (let i = 0; i < size; i++)
    for (let j = i; j < size; j++) {
      const value = (packed[next++] ?? 0) / (i === j ? 1 : 2);
      full[i * size + j] = value;
      full[j * size + i] = value;
    }
  return full;
}

/** Features at 5, 50 and 95 % of every context value: 3^k points. */
function contextPoints(
  part: PlanPart,
  contributions: readonly Contribution<Statistics>[],
): Float64Array[] {
  const size = featureCount(part);
  if (part.mode === "day") return [meanFeatures(size, contributions)];
  const width = size + 1;
  const total = new Float64Array(width * width);
  let rows = 0;
  for (const { statistics } of contributions) {
    const sums = statistics.sums[0];
    if (sums === undefined) continue;
    rows += sums[ROWS] ?? 0;
    for (const [at, value] of unpack(sums, SUMS, width).entries())
      total[at] = (total[at] ?? 0) + value;
  }
  if (rows === 0) return [];
  const axes = part.context.map((_, k) => {
    const mean = (total[1 + k] ?? 0) / rows;
    const square = (total[(1 + k) * width + 1 + k] ?? 0) / rows;
    const spread = Math.sqrt(Math.max(0, square - mean * mean));
    return [mean - OUTER * spread, mean, mean + OUTER * spread];
  });
  let points: number[][] = [[]];
  for (const axis of axes) points = points.flatMap((point) => axis.map((u) => [...point, u]));
  return points.map((point) => featuresAt(point, size));
}

function meanFeatures(
  size: number,
  contributions: readonly Contribution<Statistics>[],
): Float64Array {
  const mean = new Float64Array(size);
  let rows = 0;
  for (const { statistics } of contributions) {
    const sums = statistics.sums[0];
    rows += sums?.[ROWS] ?? 0;
    for (let i = 0; i < size; i++) mean[i] = (mean[i] ?? 0) + (sums?.[SUMS + i] ?? 0);
  }
  return rows === 0 ? mean : mean.map((one) => one / rows);
}

function featuresAt(point: readonly number[], size: number): Float64Array {
  const phi = new Float64Array(size);
  phi[0] = 1;
  let next = 1;
  for (const u of point) phi[next++] = u;
  for (let i = 0; i < point.length; i++)
    for (let j = i; j < point.length; j++) phi[next++] = (point[i] ?? 0) * (point[j] ?? 0);
  return phi;
}

/** phi' H phi, from its packed form. */
function reachOf(leverage: Float64Array, phi: Float64Array): number {
  let sum = 0;
  let next = 0;
  for (let i = 0; i < phi.length; i++)
    for (let j = i; j < phi.length; j++)
      sum += (leverage[next++] ?? 0) * (phi[i] ?? 0) * (phi[j] ?? 0);
  return sum;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}
