/**
 * How much one household moves a model: the sums without it are solved again, and what would be
 * expected is compared where the fleet's weather and loads lie. What moves too much would tell
 * about that household.
 */
import type { FeaturePlan, PlanPart } from "#core/anomaly/feature-plan.js";
import { toleranceOf } from "#core/anomaly/feature-plan.js";
import { featureCount } from "#core/anomaly/features.js";
import type { Contribution, NormalModel } from "#core/anomaly/normal-model.js";
import { offsetsOf, solveNormal } from "#core/anomaly/solve-normal.js";
import { ROWS, type Statistics, SUMS, unpack } from "#core/anomaly/statistics.js";

/** The largest change that one installation causes. */
export interface Influence {
  readonly installationId: string;
  /** In units of what is allowed; above 1: too much. */
  readonly change: number;
  readonly part: string;
}

/** Of a tolerance, or of the spread between machines where that is more. */
const ALLOWED_SHARE = 0.5;
/** 5 % and 95 % of a normal distribution, in deviations. */
const OUTER = 1.645;
/** Beyond this many times the usual leverage nothing was learnt, and a daemon trusts nothing. */
const REACH_TIMES = 3;
/** In a large fleet those furthest from the middle move it most; the others are not tried. */
const TRIED_MAX = 40;

/** The installation that changes the model most; `undefined` when there are fewer than two. */
export function largestInfluence(
  plan: FeaturePlan,
  model: NormalModel,
  contributions: readonly Contribution<Statistics>[],
): Influence | undefined {
  if (contributions.length < 2) return undefined;
  const points = plan.parts.map((part, index) => contextPoints(part, index, contributions));
  let largest: Influence | undefined;
  for (const one of furthest(model, contributions)) {
    const without = solveNormal(
      plan,
      contributions.filter((other) => other !== one),
    );
    for (const [index, part] of plan.parts.entries()) {
      const change = changeOf(part, index, [model, without], points[index] ?? []);
      if (largest === undefined || change > largest.change)
        largest = { installationId: one.installationId, change, part: part.id };
    }
  }
  return largest;
}

function furthest(
  model: NormalModel,
  contributions: readonly Contribution<Statistics>[],
): readonly Contribution<Statistics>[] {
  if (contributions.length <= TRIED_MAX) return contributions;
  const pull = contributions.map((one) => {
    const offsets = offsetsOf(model, one.statistics);
    const pulls = model.parts.map((part, index) => {
      const offset = offsets[index] ?? Number.NaN;
      const rows = one.statistics.sums[index]?.[ROWS] ?? 0;
      return Number.isNaN(offset) ? 0 : (rows * Math.abs(offset)) / Math.sqrt(part.rowVariance);
    });
    return { one, most: Math.max(0, ...pulls) };
  });
  pull.sort((a, b) => b.most - a.most || (a.one.installationId < b.one.installationId ? -1 : 1));
  return pull.slice(0, TRIED_MAX).map(({ one }) => one);
}

function changeOf(
  part: PlanPart,
  index: number,
  [model, without]: readonly [NormalModel, NormalModel],
  points: readonly Float64Array[],
): number {
  const [own, other] = [model.parts[index], without.parts[index]];
  if (own === undefined || other === undefined || !own.isUsable || !other.isUsable) return 0;
  let most = 0;
  for (const phi of points) {
    if (reachOf(own.leverage, phi) > REACH_TIMES * phi.length) continue;
    const expected = dot(own.beta, phi);
    const level = Math.sqrt(own.between[0] ?? 0);
    const allowed = ALLOWED_SHARE * Math.max(toleranceOf(part, expected), level);
    most = Math.max(most, Math.abs(expected - dot(other.beta, phi)) / Math.max(allowed, 1e-9));
  }
  return most;
}

/** Features at 5, 50 and 95 % of every context value: 3^k points. */
function contextPoints(
  part: PlanPart,
  index: number,
  contributions: readonly Contribution<Statistics>[],
): Float64Array[] {
  const size = featureCount(part);
  if (part.mode === "day") return [meanFeatures(index, size, contributions)];
  const width = size + 1;
  const total = new Float64Array(width * width);
  let rows = 0;
  for (const { statistics } of contributions) {
    const sums = statistics.sums[index];
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
  index: number,
  size: number,
  contributions: readonly Contribution<Statistics>[],
): Float64Array {
  const mean = new Float64Array(size);
  let rows = 0;
  for (const { statistics } of contributions) {
    const sums = statistics.sums[index];
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
