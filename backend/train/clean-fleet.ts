/**
 * Leaves out installations that are unlike all others: poison, an undetected fault, a wrong name of
 * the heat pump. Judged by the middle of the fleet, which a fifth of liars cannot move far.
 */
import type { FeaturePlan } from "#core/anomaly/feature-plan.js";
import type { Contribution, NormalModel } from "#core/anomaly/normal-model.js";
import { offsetsOf, solveNormal } from "#core/anomaly/solve-normal.js";
import { ROWS, type Statistics } from "#core/anomaly/statistics.js";

/** One installation left out. */
export interface Outlier {
  readonly installationId: string;
  /** Parts in which it is unlike the others. */
  readonly parts: readonly string[];
}

/** The fleet, and who does not belong to it. */
export interface CleanFleet {
  readonly kept: readonly Contribution<Statistics>[];
  readonly outliers: readonly Outlier[];
}

/** A level this many (robust) deviations from the middle is no house and no tolerance of making. */
const LEVEL_DEVIATIONS = 6;
/** Noise this many times the fleet's middle is no sensor of the same machine. */
const NOISE_TIMES = 3;
const PARTS_MIN = 2;
/** Rows of a part before it says anything about an installation. */
const ROWS_MIN = 100;
/** Who is left out changes what the others are compared with. */
const ROUNDS = 3;
/** Median absolute deviation of a normal distribution → its standard deviation. */
const MAD_TO_SD = 1.4826;
/** Fewer have no middle to speak of. */
const FLEET_MIN = 4;

/** Looks at everybody anew each round, so that who was left out wrongly comes back. */
export function cleanFleet(
  plan: FeaturePlan,
  contributions: readonly Contribution<Statistics>[],
): CleanFleet {
  let kept = contributions;
  let outliers: Outlier[] = [];
  if (contributions.length < FLEET_MIN) return { kept, outliers };
  for (let round = 0; round < ROUNDS; round++) {
    const found = findOutliers(plan, solveNormal(plan, kept), contributions);
    const isSame = found.length === outliers.length;
    outliers = found;
    const out = new Set(found.map(({ installationId }) => installationId));
    kept = contributions.filter(({ installationId }) => !out.has(installationId));
    if (isSame) break;
  }
  return { kept, outliers };
}

function findOutliers(
  plan: FeaturePlan,
  model: NormalModel,
  contributions: readonly Contribution<Statistics>[],
): Outlier[] {
  const levels = contributions.map(({ statistics }) => offsetsOf(model, statistics));
  const noises = contributions.map(({ statistics }) =>
    noisesOf(plan, { installationId: "", statistics }),
  );
  const strange = contributions.map(() => new Set<string>());
  for (const [index, part] of plan.parts.entries()) {
    const counts = contributions.map(({ statistics }) => statistics.sums[index]?.[ROWS] ?? 0);
    const level = levels.map((of, place) => usable(of[index], counts[place]));
    const middle = medianOf(level);
    const spread = MAD_TO_SD * medianOf(level.map((one) => Math.abs(one - middle)));
    const least = Math.max(part.tolerance, (part.percent / 100) * meanOf(model, index));
    const noise = noises.map((of, place) => usable(of[index], counts[place]));
    const usualNoise = medianOf(noise);
    for (const [place, names] of strange.entries()) {
      const away = Math.abs((level[place] ?? Number.NaN) - middle);
      const isAway = !part.house && away > LEVEL_DEVIATIONS * Math.max(spread, least / 2);
      const own = noise[place] ?? Number.NaN;
      if (isAway || own > NOISE_TIMES * Math.max(usualNoise, least / 2)) names.add(part.id);
    }
  }
  return contributions.flatMap(({ installationId }, place) => {
    const parts = [...(strange[place] ?? [])];
    return parts.length >= PARTS_MIN ? [{ installationId, parts }] : [];
  });
}

/** Standard deviation of a machine's rows around its own relation. */
function noisesOf(plan: FeaturePlan, own: Contribution<Statistics>): number[] {
  return solveNormal(plan, [own]).parts.map(({ isUsable, rowVariance }) =>
    isUsable ? Math.sqrt(rowVariance) : Number.NaN,
  );
}

function usable(value: number | undefined, rows: number | undefined): number {
  return (rows ?? 0) >= ROWS_MIN && value !== undefined ? value : Number.NaN;
}

function meanOf(model: NormalModel, index: number): number {
  return Math.abs(model.parts[index]?.beta[0] ?? 0);
}

/** NaN where nobody has a value. */
function medianOf(values: readonly number[]): number {
  const sorted = values.filter((one) => !Number.isNaN(one)).sort((a, b) => a - b);
  const half = sorted.length / 2;
  if (sorted.length === 0) return Number.NaN;
  return ((sorted[Math.ceil(half) - 1] ?? 0) + (sorted[Math.floor(half)] ?? 0)) / 2;
}
