/**
 * How far each installation lies from the others, part by part, and which of them agree best with
 * each other.
 */
import type { FeaturePlan } from "#core/anomaly/feature-plan.js";
import type { Contribution, NormalModel } from "#core/anomaly/normal-model.js";
import { offsetsOf, solveNormal } from "#core/anomaly/solve-normal.js";
import { ROWS, type Statistics } from "#core/anomaly/statistics.js";
import { MAD_TO_SD, medianOf } from "./middle.js";
import { ROWS_MIN } from "./places.js";

/** Most liars that are reckoned with are a fifth; the core is found among the others. */
const CORE_SHARE = 0.7;
const CORE_ROUNDS = 8;
/** Of fewer a fifth is one: it cannot agree with anybody, and each of the others is needed. */
const CORE_FLEET_MIN = 8;

/**
 * Those that agree best with each other. Liars that agree among themselves pull a common relation
 * towards them until they hardly stand out; from the core's relation they do. Each round solves for
 * those that were nearest to the round before, until they stay the same.
 */
export function coreOf(
  plan: FeaturePlan,
  contributions: readonly Contribution<Statistics>[],
): readonly Contribution<Statistics>[] {
  if (contributions.length < CORE_FLEET_MIN) return contributions;
  const count = Math.ceil(CORE_SHARE * contributions.length);
  let core = contributions;
  for (let round = 0; round < CORE_ROUNDS; round++) {
    const levels = levelsOf(plan, solveNormal(plan, core), contributions);
    const nearest = contributions
      .map((one, place) => ({ one, away: distanceOf(levels, place) }))
      .sort((a, b) => a.away - b.away || (a.one.installationId < b.one.installationId ? -1 : 1))
      .slice(0, count)
      .map(({ one }) => one);
    const isSame = nearest.length === core.length && nearest.every((one) => core.includes(one));
    core = nearest;
    if (isSame) break;
  }
  return core;
}

/** Root mean square over the parts that it has. */
function distanceOf(levels: readonly Levels[], place: number): number {
  const own = levels.map(({ away }) => away[place] ?? Number.NaN).filter((z) => !Number.isNaN(z));
  const square = own.reduce((sum, z) => sum + z * z, 0);
  return own.length === 0 ? Number.POSITIVE_INFINITY : Math.sqrt(square / own.length);
}

/** How far each lies from the middle in one part, in robust deviations. */
export interface Levels {
  readonly away: readonly number[];
  /** Smallest effect that matters. */
  readonly least: number;
}

export function levelsOf(
  plan: FeaturePlan,
  model: NormalModel,
  contributions: readonly Contribution<Statistics>[],
): readonly Levels[] {
  const levels = contributions.map(({ statistics }) => offsetsOf(model, statistics));
  return plan.parts.map((part, index) => {
    const own = levels.map((of, place) =>
      usable(of[index], contributions[place]?.statistics.sums[index]?.[ROWS]),
    );
    const middle = medianOf(own);
    const spread = MAD_TO_SD * medianOf(own.map((one) => Math.abs(one - middle)));
    const least = Math.max(part.tolerance, (part.percent / 100) * meanOf(model, index));
    const unit = Math.max(spread, least / 2);
    return { away: own.map((one) => Math.abs(one - middle) / unit), least };
  });
}

/** NaN where there are too few rows to say anything. */
export function usable(value: number | undefined, rows: number | undefined): number {
  return (rows ?? 0) >= ROWS_MIN && value !== undefined ? value : Number.NaN;
}

function meanOf(model: NormalModel, index: number): number {
  return Math.abs(model.parts[index]?.beta[0] ?? 0);
}
