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
import { offsetsOf, solveNormal } from "#core/anomaly/solve-normal.js";
import { ROWS, type Statistics } from "#core/anomaly/statistics.js";
import { findCopies } from "./copies.js";
import { MAD_TO_SD, medianOf } from "./middle.js";
import { placesOf, ROWS_MIN } from "./places.js";

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
/** Parts (of a place: channels) in which it must be strange. */
const STRANGE_MIN = 2;
/** A place this many (robust) deviations from the middle is no climate and no house of the others. */
const PLACE_DEVIATIONS = 6;
/** Where homes hardly differ, e.g. in the speed for hot water: a deviation in spreads of a channel. */
const PLACE_SPREAD_MIN = 0.15;
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
  kept = belonging;
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
    ...[...copies].map((installationId) => ({ installationId, parts: ["a copy of another"] })),
    ...[...strangers].map(([installationId, parts]) => ({ installationId, parts })),
  ];
}

/** Who ran where hardly anybody else did, and in which channels. */
function findStrangers(
  plan: FeaturePlan,
  contributions: readonly Contribution<Statistics>[],
): ReadonlyMap<string, readonly string[]> {
  const strange = contributions.map(() => new Set<string>());
  for (const { channel, values, middle, spread } of placesOf(plan, contributions))
    for (const [index, value] of values.entries()) {
      const away = Math.abs(value - middle);
      if (away > PLACE_DEVIATIONS * Math.max(spread, PLACE_SPREAD_MIN))
        strange[index]?.add(channel);
    }
  return new Map(
    contributions.flatMap(({ installationId }, index) => {
      const channels = [...(strange[index] ?? [])].map((channel) => `place of ${channel}`);
      return channels.length >= STRANGE_MIN ? [[installationId, channels]] : [];
    }),
  );
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
    return parts.length >= STRANGE_MIN ? [{ installationId, parts }] : [];
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
