/**
 * Where one installation stands in its cohort, and what that earns it. Pure.
 *
 * A rank is told to its own installation only, in steps of five percent, and at the ends only as far
 * as enough others lie beyond: it never singles a household out, not even the best.
 */
import type { PrivacyRules } from "./cohort-statistics.js";
import type { PerformanceQuantity } from "./performance.js";

/** Quantiles of a cohort at one release, of rising values; never published. */
export interface CohortGrid {
  readonly quantity: string;
  readonly installations: number;
  /** The values at 5 %, 10 %, … 95 %. */
  readonly values: readonly number[];
}

const STEP_PERCENT = 5;
const STEPS = 100 / STEP_PERCENT - 1;

/** `undefined` where the cohort is smaller than the rules want. */
export function toGrid(
  quantity: string,
  sorted: Float64Array,
  { cohortMin, shareMax }: PrivacyRules,
): CohortGrid | undefined {
  const { length } = sorted;
  if (length < Math.max(1, cohortMin) || 1 / length > shareMax) return undefined;
  const values = Array.from({ length: STEPS }, (_, k) => {
    const at = (((k + 1) * STEP_PERCENT) / 100) * (length - 1);
    const low = sorted[Math.floor(at)] as number;
    const high = sorted[Math.ceil(at)] as number;
    return low + (high - low) * (at - Math.floor(at));
  });
  return { quantity, installations: length, values };
}

/** In percent: it does better than so many. Steps of five. */
export function rankIn(
  grid: CohortGrid,
  value: number,
  { better = "more" }: PerformanceQuantity,
  { beyondMin }: PrivacyRules,
): number {
  let steps = 0;
  for (const one of grid.values) if (better === "more" ? one < value : one > value) steps++;
  const percent = steps * STEP_PERCENT;
  // So near to an end that fewer than `beyondMin` others are there.
  const edge = Math.ceil(((beyondMin / grid.installations) * 100) / STEP_PERCENT) * STEP_PERCENT;
  return Math.min(Math.max(percent, Math.min(edge, 50)), Math.max(100 - edge, 50));
}
