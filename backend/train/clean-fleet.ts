/**
 * Leaves out installations that are unlike all others: poison, an undetected fault, a wrong name of
 * the heat pump; and those that repeat another one. Judged by the middle of the fleet, which a fifth
 * of liars cannot move far.
 *
 * Three things are looked at: its level (what it does where others do something else), its noise
 * (how well it follows any relation at all), and its place (where it ran). Data in a place of its
 * own contradict nobody, and nobody can vouch for them either: they are not learnt.
 */
import type { FeaturePlan } from "#core/anomaly/feature-plan.js";
import type { Contribution, NormalModel } from "#core/anomaly/normal-model.js";
import { solveNormal } from "#core/anomaly/solve-normal.js";
import { ROWS, type Statistics } from "#core/anomaly/statistics.js";
import { findCopies } from "./copies.js";
import { coreOf, levelsOf, usable } from "./levels.js";
import { medianOf } from "./middle.js";
import { findStrangers } from "./strangers.js";

/** One installation left out. */
export interface Outlier {
  readonly installationId: string;
  /** For the operator's counts. */
  readonly reason: string;
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
/** Parts in which it must be strange. */
const STRANGE_MIN = 2;
/** Who is left out changes what the others are compared with. */
const ROUNDS = 3;
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
  const copies = findCopies(plan, contributions);
  const once = contributions.filter(({ installationId }) => !copies.has(installationId));
  const strangers = findStrangers(plan, once);
  const belonging = once.filter(({ installationId }) => !strangers.has(installationId));
  kept = coreOf(plan, belonging);
  for (let round = 0; round < ROUNDS; round++) {
    const found = findOutliers(plan, solveNormal(plan, kept), belonging);
    const isSame = found.length === outliers.length;
    outliers = found;
    const out = new Set(found.map(({ installationId }) => installationId));
    kept = belonging.filter(({ installationId }) => !out.has(installationId));
    if (isSame) break;
  }
  return { kept, outliers: [...asOutliers(copies, strangers), ...outliers] };
}

function asOutliers(
  copies: ReadonlySet<string>,
  strangers: ReadonlyMap<string, readonly string[]>,
): Outlier[] {
  return [
    ...[...copies].map((installationId) => ({ installationId, reason: "repeats another one" })),
    ...[...strangers].map(([installationId, [channel]]) => {
      return { installationId, reason: `alone in its place: ${channel}` };
    }),
  ];
}

function findOutliers(
  plan: FeaturePlan,
  model: NormalModel,
  contributions: readonly Contribution<Statistics>[],
): Outlier[] {
  const levels = levelsOf(plan, model, contributions);
  const noises = contributions.map(({ statistics }) =>
    noisesOf(plan, { installationId: "", statistics }),
  );
  const strange = contributions.map(() => new Set<string>());
  for (const [index, part] of plan.parts.entries()) {
    const counts = contributions.map(({ statistics }) => statistics.sums[index]?.[ROWS] ?? 0);
    const { away = [], least = 0 } = levels[index] ?? {};
    const noise = noises.map((of, place) => usable(of[index], counts[place]));
    const usualNoise = medianOf(noise);
    for (const [place, names] of strange.entries()) {
      const isAway = !part.house && (away[place] ?? Number.NaN) > LEVEL_DEVIATIONS;
      const own = noise[place] ?? Number.NaN;
      if (isAway || own > NOISE_TIMES * Math.max(usualNoise, least / 2)) names.add(part.id);
    }
  }
  return contributions.flatMap(({ installationId }, place) => {
    const parts = [...(strange[place] ?? [])];
    if (parts.length < STRANGE_MIN) return [];
    return [{ installationId, reason: `unlike the others: ${parts[0]}` }];
  });
}

/** Standard deviation of a machine's rows around its own relation. */
function noisesOf(plan: FeaturePlan, own: Contribution<Statistics>): number[] {
  return solveNormal(plan, [own]).parts.map(({ isUsable, rowVariance }) =>
    isUsable ? Math.sqrt(rowVariance) : Number.NaN,
  );
}
