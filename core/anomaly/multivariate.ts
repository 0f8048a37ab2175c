/**
 * The catch-all: all channels of a mode together, without roles. For what no part describes, and
 * for data of which nothing is known but that they were normal once.
 *
 * A row is standardised, turned into principal axes, and both views are smoothed; the score counts
 * how far each is from what it was on normal rows. What one channel or axis can add is capped: a
 * single broken sensor must not drown the rest.
 */
import { eigenSymmetric } from "./linear-algebra.js";

/** Sums over rows, on fixed scales; they merge by adding. */
export interface MomentSums {
  readonly size: number;
  rows: number;
  readonly first: Float64Array;
  readonly second: Float64Array;
}

/** Fixed scales of the channels: statistics add up only on the same ones. */
export interface Scales {
  readonly centre: Float64Array;
  readonly spread: Float64Array;
}

/** What normal rows look like. */
export interface MultivariateModel {
  readonly scales: Scales;
  readonly mean: Float64Array;
  readonly deviation: Float64Array;
  /** Rows are axes. */
  readonly axes: Float64Array;
  /** 1 / sqrt of each axis' variance. */
  readonly whiten: Float64Array;
  /** Mean squares of the smoothed views on normal rows. */
  readonly axisPower: Float64Array;
  readonly channelPower: Float64Array;
  /** Share of a new row in the smoothed views. */
  readonly share: number;
}

/** Smoothed views of one device; empty before the first row. */
export interface MultivariateState {
  isStarted: boolean;
  readonly channels: Float64Array;
  readonly axes: Float64Array;
  /** The last row, standardised: room that is used again for each. */
  readonly row: Float64Array;
}

/** 1 - exp(-1 / tau) for tau of 72, 60 and 10 rows. */
export const SHARE_72 = 0.013792883256083743;
export const SHARE_60 = 0.01652854617838251;
export const SHARE_10 = 0.09516258196404048;

const CLIP = 4;
const AXIS_VARIANCE_MIN = 0.05;
const SHRINK = 0.05;
const TERM_MAX = 64;

/** Nothing learnt yet. */
export function beginMoments(size: number): MomentSums {
  return { size, rows: 0, first: new Float64Array(size), second: new Float64Array(size * size) };
}

/** Adds a row in place; a row with an absent channel is left out. */
export function addMoments(sums: MomentSums, scales: Scales, values: ArrayLike<number>): void {
  const { size, first, second } = sums;
  const u = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    const value = ((values[i] ?? Number.NaN) - (scales.centre[i] ?? 0)) / (scales.spread[i] ?? 1);
    if (!Number.isFinite(value)) return;
    u[i] = value;
  }
  sums.rows++;
  for (let i = 0; i < size; i++) {
    first[i] = (first[i] ?? 0) + (u[i] ?? 0);
    for (let j = 0; j < size; j++)
      second[i * size + j] = (second[i * size + j] ?? 0) + (u[i] ?? 0) * (u[j] ?? 0);
  }
}

/** Both together. */
export function mergeMoments(a: MomentSums, b: MomentSums): MomentSums {
  return {
    size: a.size,
    rows: a.rows + b.rows,
    first: a.first.map((value, index) => value + (b.first[index] ?? 0)),
    second: a.second.map((value, index) => value + (b.second[index] ?? 0)),
  };
}

/** The model of these sums; its powers are still those of white noise. */
export function solveMoments(sums: MomentSums, scales: Scales, share: number): MultivariateModel {
  const { size, rows, first, second } = sums;
  const mean = first.map((value) => value / rows);
  const deviation = mean.map((value, i) => {
    const variance = (second[i * size + i] ?? 0) / rows - value * value;
    const spread = scales.spread[i] ?? 1;
    const plain = Math.abs((scales.centre[i] ?? 0) + value * spread);
    return variance > 1e-12 ? Math.sqrt(variance) : Math.max(1e-3, 1e-3 * plain) / spread;
  });
  const correlation = new Float64Array(size * size);
  for (let i = 0; i < size; i++)
    for (let j = 0; j < size; j++) {
      const both = (second[i * size + j] ?? 0) / rows - (mean[i] ?? 0) * (mean[j] ?? 0);
      correlation[i * size + j] = both / ((deviation[i] ?? 1) * (deviation[j] ?? 1));
    }
  let trace = 0;
  for (let i = 0; i < size; i++) trace += correlation[i * size + i] ?? 0;
  for (let i = 0; i < size; i++)
    correlation[i * size + i] = (correlation[i * size + i] ?? 0) + (SHRINK * trace) / size;
  const { values, vectors } = eigenSymmetric(correlation, size);
  const axes = new Float64Array(size * size);
  for (let i = 0; i < size; i++)
    for (let j = 0; j < size; j++) axes[j * size + i] = vectors[i * size + j] ?? 0;
  return {
    scales,
    mean,
    deviation,
    axes,
    whiten: values.map((value) => 1 / Math.sqrt(Math.max(value, AXIS_VARIANCE_MIN))),
    axisPower: new Float64Array(size).fill(1),
    channelPower: new Float64Array(size).fill(1),
    share,
  };
}

/** The model with the powers of its smoothed views on normal rows; `null` starts a stretch anew. */
export function calibrateMoments(
  model: MultivariateModel,
  rows: Iterable<ArrayLike<number> | null>,
): MultivariateModel {
  const size = model.mean.length;
  const axisPower = new Float64Array(size);
  const channelPower = new Float64Array(size);
  let state = startMoments(size);
  let count = 0;
  for (const row of rows) {
    if (row === null) {
      state = startMoments(size);
      continue;
    }
    smooth(model, state, row);
    count++;
    for (let i = 0; i < size; i++) {
      axisPower[i] = (axisPower[i] ?? 0) + (state.axes[i] ?? 0) ** 2;
      channelPower[i] = (channelPower[i] ?? 0) + (state.channels[i] ?? 0) ** 2;
    }
  }
  const meanOf = (sum: number) => sum / Math.max(1, count);
  // The noise that stands on the diagonal is there in the smoothed views as well: where channels
  // were always equal nothing is seen on an axis, and the least departure would count for ever.
  const noise = (SHRINK * model.share) / (2 - model.share);
  return {
    ...model,
    axisPower: axisPower.map((sum, j) =>
      Math.max(meanOf(sum), noise * (model.whiten[j] ?? 1) ** 2),
    ),
    channelPower: channelPower.map((sum) => Math.max(meanOf(sum), noise)),
  };
}

/** No row smoothed yet. */
export function startMoments(size: number): MultivariateState {
  const empty = () => new Float64Array(size);
  return { isStarted: false, channels: empty(), axes: empty(), row: empty() };
}

/** Takes a row into `state` and scores it; about twice the channels on normal rows. */
export function scoreMoments(
  model: MultivariateModel,
  state: MultivariateState,
  values: ArrayLike<number>,
): number {
  smooth(model, state, values);
  const { axisPower, channelPower } = model;
  let score = 0;
  for (let i = 0; i < axisPower.length; i++) {
    const axis = state.axes[i] ?? 0;
    const channel = state.channels[i] ?? 0;
    score += Math.min((axis * axis) / (axisPower[i] ?? 1), TERM_MAX);
    score += Math.min((channel * channel) / (channelPower[i] ?? 1), TERM_MAX);
  }
  return score;
}

/** How much each channel has to do with the present score. */
export function contributions(model: MultivariateModel, state: MultivariateState): Float64Array {
  const size = model.mean.length;
  return Float64Array.from({ length: size }, (_, i) => {
    const channel = state.channels[i] ?? 0;
    let sum = (channel * channel) / (model.channelPower[i] ?? 1);
    for (let j = 0; j < size; j++) {
      const axis = (state.axes[j] ?? 0) / (model.axisPower[j] ?? 1);
      sum += axis * (model.axes[j * size + i] ?? 0) * channel * (model.whiten[j] ?? 0);
    }
    return sum;
  });
}

function smooth(
  model: MultivariateModel,
  state: MultivariateState,
  values: ArrayLike<number>,
): void {
  const { scales, mean, deviation, axes, whiten } = model;
  const size = mean.length;
  const share = state.isStarted ? model.share : 1;
  const z = state.row;
  for (let i = 0; i < size; i++) {
    const u = ((values[i] ?? Number.NaN) - (scales.centre[i] ?? 0)) / (scales.spread[i] ?? 1);
    const value = (u - (mean[i] ?? 0)) / (deviation[i] ?? 1);
    // An absent channel is neither usual nor unusual.
    z[i] = Number.isNaN(value) ? 0 : Math.max(-CLIP, Math.min(CLIP, value));
  }
  for (let j = 0; j < size; j++) {
    let w = 0;
    for (let i = 0; i < size; i++) w += (axes[j * size + i] ?? 0) * (z[i] ?? 0);
    w *= whiten[j] ?? 0;
    state.axes[j] = (state.axes[j] ?? 0) + share * (w - (state.axes[j] ?? 0));
    state.channels[j] = (state.channels[j] ?? 0) + share * ((z[j] ?? 0) - (state.channels[j] ?? 0));
  }
  state.isStarted = true;
}
