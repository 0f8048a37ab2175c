/**
 * A solved normal-behaviour model: per part an expected value with its spread, how far the
 * learnt contexts reach, and the limits at which a monitor alarms. It holds no number of any one
 * installation.
 */
import type { CatchAllMode } from "./catch-all-model.js";
import type { FeaturePlan } from "./feature-plan.js";
import { featureCount, localCount } from "./features.js";

/** What is known of one part. */
export interface PartModel {
  /** `false`: too little was learnt; the part says nothing. */
  readonly isUsable: boolean;
  readonly beta: Float64Array;
  /** Variance of a row, of a day; within-day factor. */
  readonly rowVariance: number;
  readonly dayVariance: number;
  readonly psi: number;
  /** Information of one row about the machine, in units of 1 / rowVariance. */
  readonly rho: number;
  /** Variances between machines of the first features. */
  readonly between: Float64Array;
  /** Packed upper triangle of (A/N + R)^-1, off-diagonals doubled: a plain sum gives phi' H phi. */
  readonly leverage: Float64Array;
  readonly limitFast: number;
  readonly limitSlow: number;
}

/** All parts of one plan. */
export interface NormalModel {
  readonly plan: FeaturePlan;
  readonly parts: readonly PartModel[];
  /** The largest part score is divided by this. */
  readonly factor: number;
  /** Left out: nothing was learnt about parts together. */
  readonly catchAll?: readonly CatchAllMode[];
}

/** What one installation contributes: its sums over the window. */
export interface Contribution<S> {
  readonly installationId: string;
  readonly statistics: S;
}

/** Until limits are calibrated. */
export const LIMIT_UNCALIBRATED = 3;
export const FACTOR_UNCALIBRATED = 1.2;

/** A part of which nothing is known. */
export function silentPart(plan: FeaturePlan, index: number): PartModel {
  const part = plan.parts[index];
  if (part === undefined) throw new RangeError(`plan has no part ${index}`);
  const size = featureCount(part);
  return {
    isUsable: false,
    beta: new Float64Array(size),
    rowVariance: 1,
    dayVariance: 0,
    psi: 1,
    rho: 1,
    between: new Float64Array(localCount(part)),
    leverage: new Float64Array((size * (size + 1)) / 2),
    limitFast: LIMIT_UNCALIBRATED,
    limitSlow: LIMIT_UNCALIBRATED,
  };
}

/** The part with every number as the artefact stores it, so that decoding changes nothing. */
export function roundPart(part: PartModel): PartModel {
  return {
    isUsable: part.isUsable,
    beta: part.beta.map(Math.fround),
    rowVariance: Math.fround(part.rowVariance),
    dayVariance: Math.fround(part.dayVariance),
    psi: Math.fround(part.psi),
    rho: Math.fround(part.rho),
    between: part.between.map(Math.fround),
    leverage: part.leverage.map(Math.fround),
    limitFast: Math.fround(part.limitFast),
    limitSlow: Math.fround(part.limitSlow),
  };
}

/** Every number of a part, in the order in which it is written. */
export function numbersOf(part: PartModel): number[] {
  return [
    part.rowVariance,
    part.dayVariance,
    part.psi,
    part.rho,
    part.limitFast,
    part.limitSlow,
    ...part.between,
    ...part.beta,
    ...part.leverage,
  ];
}
