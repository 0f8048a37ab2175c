/**
 * What one machine has learnt about itself on top of its family's model, part by part: the
 * deviation of the first features, with its uncertainty.
 *
 * A day is taken in five days later, and only if the part stayed quiet from that day until then;
 * older days fade with a half-life of 60 days. So a fault that shows within days is not learnt.
 */
import { FEATURES_MAX } from "./features.js";
import { cholesky, invertFactored } from "./linear-algebra.js";
import type { PartModel } from "./normal-model.js";

/** A day waits this long before it is believed. */
export const WAIT_DAYS = 5;
/**
 * The rows of a day share its weather and the house's habits: together they are one look at the
 * machine. Taken for more, a few mild weeks would fix slopes that the first cold week contradicts.
 */
const LOOKS_PER_DAY = 1;
/** Half-life 60 days. */
const FORGET = 0.9885140203528962;
/** Above this share of a limit a part was not quiet. */
export const QUIET_SHARE = 0.7;

/** Room for one fit while it is solved: every part of every machine is, once a day. */
const precision = new Float64Array(FEATURES_MAX * FEATURES_MAX);
const factor = new Float64Array(FEATURES_MAX * FEATURES_MAX);

/** State of one part; sizes follow from the part's local features. */
export interface LocalFit {
  readonly size: number;
  /** Information and its pull, faded. */
  readonly information: Float64Array;
  readonly pull: Float64Array;
  /** Covariance and value of the deviation. */
  readonly covariance: Float64Array;
  readonly deviation: Float64Array;
  /** A ring of days that wait: information (its lower triangle), pull, then the highest share of the limit. */
  readonly waiting: Float64Array;
}

/**
 * No deviation yet, and the family's spread as uncertainty. A model that was learnt from this very
 * machine knows it already: `known` is that information.
 */
export function startLocalFit(part: PartModel, known?: Float64Array): LocalFit {
  const size = part.between.length;
  const covariance = new Float64Array(size * size);
  for (let i = 0; i < size; i++) covariance[i * size + i] = part.between[i] ?? 0;
  const fit = {
    size,
    information: known?.slice() ?? new Float64Array(size * size),
    pull: new Float64Array(size),
    covariance,
    deviation: new Float64Array(size),
    waiting: new Float64Array((WAIT_DAYS + 1) * strideOf(size)),
  };
  if (known !== undefined) refit(fit, part);
  return fit;
}

/** Notes how near its limit the part is today. */
export function notePeak(fit: LocalFit, slot: number, share: number): void {
  const at = slot * strideOf(fit.size) + fit.size * (fit.size + 1);
  if (share > (fit.waiting[at] ?? 0)) fit.waiting[at] = share;
}

/** Ends the day in `slot`; takes in the day of five days ago when all was quiet since. */
export function endLocalDay(fit: LocalFit, part: PartModel, slot: number, isNew = false): void {
  const { size, waiting, information, pull } = fit;
  const stride = strideOf(size);
  const oldest = (slot + 1) % (WAIT_DAYS + 1);
  let highest = 0;
  for (let day = 0; day <= WAIT_DAYS; day++)
    highest = Math.max(highest, waiting[day * stride + size * (size + 1)] ?? 0);
  const isQuiet = isNew || highest < QUIET_SHARE;
  const at = oldest * stride;
  const worth = isQuiet ? worthOf((waiting[at] ?? 0) * part.rowVariance, 1) : 0;
  for (let i = 0; i < size; i++)
    for (let j = 0; j <= i; j++) {
      const more = worth * (waiting[at + i * size + j] ?? 0);
      const sum = FORGET * (information[i * size + j] ?? 0) + more;
      information[i * size + j] = sum;
      information[j * size + i] = sum;
    }
  for (let i = 0; i < size; i++) {
    const more = worth * (waiting[at + size * size + i] ?? 0);
    pull[i] = FORGET * (pull[i] ?? 0) + more;
  }
  waiting.fill(0, at, at + stride);
  refit(fit, part);
}

/** What to multiply `looks` independent looks by that fell on so many days. */
export function worthOf(looks: number, days: number): number {
  const most = LOOKS_PER_DAY * days;
  return looks > most ? most / looks : 1;
}

function refit(fit: LocalFit, part: PartModel): void {
  const { size, information, pull, covariance, deviation } = fit;
  precision.set(information);
  for (let i = 0; i < size; i++)
    precision[i * size + i] = (precision[i * size + i] ?? 0) + 1 / (part.between[i] ?? 1);
  const lower = cholesky(precision, size, factor);
  if (lower === undefined) return;
  invertFactored(lower, size, covariance);
  for (let i = 0; i < size; i++) {
    let sum = 0;
    for (let j = 0; j < size; j++) sum += (covariance[i * size + j] ?? 0) * (pull[j] ?? 0);
    deviation[i] = sum;
  }
}

/** Numbers of one waiting day. */
export function strideOf(size: number): number {
  return size * (size + 1) + 1;
}
