/**
 * A quadratic form that lies nowhere below those of a group's parts, as a polynomial of the
 * context: where it is small enough, no part is beyond what it has learnt, and nothing more need be
 * computed. It vouches with a margin far above all rounding, of its own and of the plain formula.
 */
import { CLIP, type PartGroup } from "./features.js";
import { cholesky } from "./linear-algebra.js";

/** A context is new beyond so many times the mean. */
export const USUAL_TIMES = 3;
/** By how much the form may lie above the parts' mean: the first that suffices is taken. */
const ABOVE = [1.01, 1.05, 1.1, 1.25, 1.5, 2];
/** Margin for rounding: this share of the most that the terms of the form can be together. */
const ROUNDING = 1e-8;
/** Coefficients of a polynomial of the fourth degree in three variables, in two. */
const [TERMS_OF_THREE, TERMS_OF_TWO] = [35, 15];
/** Where the terms with the 0th, 1st, … power of the first of three variables begin. */
const POWERS = [0, 15, 25, 31, 34];

/** Forms that were found before, by the first part's H: readers of a model come and go. */
const found = new WeakMap<Float64Array, Found>();

interface Found {
  readonly leverages: readonly Float64Array[];
  readonly form: Float64Array;
}

/** Coefficients of a form above those of all parts, then up to where it vouches for a row. */
export function formOf(group: PartGroup, leverages: readonly Float64Array[]): Float64Array {
  const [first] = leverages;
  const before = first === undefined ? undefined : found.get(first);
  const isSame = (leverage: Float64Array, place: number) => leverage === leverages[place];
  if (before?.leverages.length === leverages.length && before.leverages.every(isSame))
    return before.form;
  const form = findForm(group, leverages);
  if (first !== undefined) found.set(first, { leverages, form });
  return form;
}

function findForm(group: PartGroup, leverages: readonly Float64Array[]): Float64Array {
  const { size } = group;
  const contexts = group.isDay ? 0 : group.context.length;
  if (contexts !== 2 && contexts !== 3) return new Float64Array(0);
  const terms = contexts === 3 ? TERMS_OF_THREE : TERMS_OF_TWO;
  const form = new Float64Array(terms + 1);
  const packed = packedAbove(leverages, size);
  form[terms] = Number.NEGATIVE_INFINITY;
  if (packed === undefined) return form;
  const powers = powersOf(contexts);
  let most = 0;
  let next = 0;
  for (let i = 0; i < size; i++)
    for (let j = i; j < size; j++) {
      const term = packed[next++] ?? 0;
      const power = (powers[i] ?? []).map((own, axis) => own + (powers[j]?.[axis] ?? 0));
      const place = placeOf(power);
      form[place] = (form[place] ?? 0) + term;
      most += Math.abs(term) * CLIP ** power.reduce((sum, own) => sum + own, 0);
    }
  form[terms] = USUAL_TIMES * size - ROUNDING * most;
  return form;
}

/**
 * A packed form above those of all parts: their mean, so many times that what lies between it and
 * each of them is positive definite.
 */
function packedAbove(leverages: readonly Float64Array[], size: number): Float64Array | undefined {
  const mean = new Float64Array((size * (size + 1)) / 2);
  for (const leverage of leverages)
    for (let place = 0; place < mean.length; place++)
      mean[place] = (mean[place] ?? 0) + (leverage[place] ?? 0) / leverages.length;
  for (const times of ABOVE) {
    const form = mean.map((value) => times * value);
    const isAbove = (leverage: Float64Array) =>
      cholesky(differenceOf(form, leverage, size), size) !== undefined;
    if (leverages.every(isAbove)) return form;
  }
  return undefined;
}

/** The full matrix of what lies between two packed forms. */
function differenceOf(form: Float64Array, less: Float64Array, size: number): Float64Array {
  const matrix = new Float64Array(size * size);
  let next = 0;
  for (let i = 0; i < size; i++)
    for (let j = i; j < size; j++) {
      const value = ((form[next] ?? 0) - (less[next] ?? 0)) * (i === j ? 1 : 0.5);
      matrix[i * size + j] = value;
      matrix[j * size + i] = value;
      next++;
    }
  return matrix;
}

/** Per feature the power of each context value in it. */
function powersOf(contexts: number): readonly (readonly number[])[] {
  const axes = Array.from({ length: contexts }, (_, axis) => axis);
  const one = (axis: number) => axes.map((own) => (own === axis ? 1 : 0));
  const two = (a: number, b: number) => axes.map((own) => Number(own === a) + Number(own === b));
  const squares = axes.flatMap((a) => axes.slice(a).map((b) => two(a, b)));
  return [axes.map(() => 0), ...axes.map(one), ...squares];
}

/** Where the coefficient of a product of powers stands. */
function placeOf(power: readonly number[]): number {
  const [last = 0, before = 0, first = 0] = [...power].reverse();
  // Each further power of the last but one leaves one power less to the last.
  return (POWERS[first] ?? 0) + before * (5 - first) - (before * (before - 1)) / 2 + last;
}
