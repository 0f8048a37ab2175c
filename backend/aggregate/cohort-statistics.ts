/**
 * Figures of one cohort, under rules that keep any household out of sight. Pure.
 *
 * Each installation weighs the same: what counts is its own mean, clamped to the catalogue's
 * bounds, so nobody weighs more by polling more often. There is no minimum and no maximum; outer
 * percentiles appear only with enough installations beyond them.
 *
 * No complementary suppression is needed between cohorts: there is no figure over several cohorts
 * from which the others could be subtracted. Only counts of the whole pool are public, and they
 * hold no measured value. Over time, two releases cover different hours and are at least 20 h
 * apart, so that their difference is not one household that came or went.
 */
import type { Metric } from "#core/measurement/metrics.js";
import type { MetricAverage } from "./community.js";

/** The rules of publishing. */
export interface PrivacyRules {
  /** Least number of installations behind a figure. */
  readonly cohortMin: number;
  /** Greatest share of the weight that one installation may have. */
  readonly shareMax: number;
  /** Distinct days with data before an installation counts. */
  readonly probationDays: number;
  /** Installations that must lie beyond an outer percentile. */
  readonly beyondMin: number;
  /** An operator's own test pool: the numbers above may be lowered, and everybody is told. */
  readonly closedTestPool: boolean;
}

/** Rules for a public pool; only a closed test pool may go below them. */
export const PRIVACY_DEFAULTS: PrivacyRules = {
  cohortMin: 15,
  shareMax: 0.15,
  probationDays: 7,
  beyondMin: 5,
  closedTestPool: false,
};

/** Settings never weaken a public pool; a closed one keeps what it was given. */
export function effectiveRules(settings: Partial<PrivacyRules>): PrivacyRules {
  const rules = { ...PRIVACY_DEFAULTS, ...settings };
  if (rules.closedTestPool) return { ...rules, shareMax: 1 };
  return {
    cohortMin: Math.max(rules.cohortMin, PRIVACY_DEFAULTS.cohortMin),
    shareMax: Math.min(rules.shareMax, PRIVACY_DEFAULTS.shareMax),
    probationDays: Math.max(rules.probationDays, PRIVACY_DEFAULTS.probationDays),
    beyondMin: Math.max(rules.beyondMin, PRIVACY_DEFAULTS.beyondMin),
    closedTestPool: false,
  };
}

/** The means that count, rising: those that are there, within the catalogue's bounds. */
export function sortMeans(
  { min, max }: Pick<Metric, "min" | "max">,
  installationMeans: Float64Array,
): Float64Array {
  const means = new Float64Array(installationMeans.length);
  let count = 0;
  for (const mean of installationMeans) {
    if (!Number.isNaN(mean)) means[count++] = mean < min ? min : mean > max ? max : mean;
  }
  return means.subarray(0, count).sort();
}

/** Figures of one metric, or `undefined` where the rules forbid them. */
export function summarise(
  metric: Pick<Metric, "id" | "unit" | "min" | "max">,
  installationMeans: Float64Array,
  rules: PrivacyRules,
): MetricAverage | undefined {
  return summariseSorted(metric, sortMeans(metric, installationMeans), rules);
}

/** @param means as `sortMeans` gives them */
export function summariseSorted(
  metric: Pick<Metric, "id" | "unit">,
  means: Float64Array,
  rules: PrivacyRules,
): MetricAverage | undefined {
  const share = 1 / means.length;
  if (means.length < Math.max(1, rules.cohortMin) || share > rules.shareMax) return undefined;
  let sum = 0;
  for (const mean of means) sum += mean;
  return {
    metric: metric.id,
    unit: metric.unit,
    mean: rounded(sum / means.length),
    median: rounded(percentile(means, 0.5)),
    p10: outer(means, 0.1, rules),
    p90: outer(means, 0.9, rules),
    installations: means.length,
  };
}

/** Linear between the two nearest of rising values. */
function percentile(sorted: Float64Array, share: number): number {
  const at = share * (sorted.length - 1);
  const below = sorted[Math.floor(at)] ?? Number.NaN;
  const above = sorted[Math.ceil(at)] ?? below;
  return below + (above - below) * (at - Math.floor(at));
}

function outer(sorted: Float64Array, share: number, { beyondMin }: PrivacyRules) {
  const value = percentile(sorted, share);
  if (beyondMin < 1) return rounded(value);
  // The last of those who must lie beyond it.
  const [below, above] = [sorted[beyondMin - 1], sorted[sorted.length - beyondMin]];
  const isHidden = share < 0.5 ? (below ?? value) < value : (above ?? value) > value;
  return isHidden ? rounded(value) : undefined;
}

function rounded(value: number): number {
  // Adding 0 turns the -0 that rounding gives into 0.
  return Math.round(value * 100) / 100 + 0;
}
