/**
 * What codec 2 expects of the next bit: 231 adaptive probabilities per lane, and what the lane did
 * last. A block normally starts from an empty model; a chained one from where its predecessor left
 * it. Contexts, thresholds and rates are part of the codec's number: others are another codec.
 */

/** Contexts of one lane. */
export const CONTEXTS = 231;
/** Is the difference anything but 0? By activity of the row, last two differences, neighbour. */
const ZERO = 0;
/** Is it negative? By the signs of the last two. */
const SIGN = 72;
/** How many bits has it? Three sets of 16, by the size of the last difference. */
const PREFIX = 81;
/** Its two highest bits below the first, by their number. */
export const MANTISSA = 129;
/** A lane's first value: is it anything but 0, is it negative, how many bits has it? */
export const FIRST_ZERO = 189;
export const FIRST_SIGN = 190;
export const FIRST_PREFIX = 191;
/** Is the cell absent? By how long it has been. */
const PRESENCE = 215;

/** A difference with that many bits or more is written raw. */
export const DELTA_STOP = 15;
/** The same for a first value. */
export const FIRST_STOP = 24;

/** Absence is remembered for that many rows. */
const GONE_MAX = 15;

const PROBABILITY_START = 32_768;
const PROBABILITY_MIN = 32;
const PROBABILITY_MAX = 65_504;
const COUNT_MAX = 127;
/** Steps of 2/3, 2/5, 2/7, … to 1/128: a new channel is learnt in a few rows. */
const RATES = Int32Array.from({ length: COUNT_MAX + 1 }, (_, c) =>
  Math.floor(65_536 / (2 * c + 3)),
);

/** Probabilities and lane states of one block sequence. The last two lanes are gap and off. */
export interface Model {
  /** Lanes of the block's columns. */
  readonly lanes: number;
  readonly p: Uint16Array;
  readonly c: Uint8Array;
  readonly last: Int32Array;
  readonly d1: Int32Array;
  readonly d2: Int32Array;
  readonly seen: Uint8Array;
  readonly gone: Uint8Array;
  /** Lanes that changed in the row before. */
  act: number;
}

/** A model that has seen nothing. */
export function createModel(lanes: number): Model {
  const all = lanes + 2;
  return {
    lanes,
    p: new Uint16Array(all * CONTEXTS).fill(PROBABILITY_START),
    c: new Uint8Array(all * CONTEXTS),
    last: new Int32Array(all),
    d1: new Int32Array(all),
    d2: new Int32Array(all),
    seen: new Uint8Array(all),
    gone: new Uint8Array(all),
    act: 0,
  };
}

/** Blocks that stand alone share one model; making one costs as much as decoding an hour. */
let spare = createModel(0);

/** Forgets everything: the model is as new. */
function resetModel(model: Model): void {
  model.p.fill(PROBABILITY_START);
  for (const state of [model.c, model.last, model.d1, model.d2, model.seen, model.gone]) {
    state.fill(0);
  }
  model.act = 0;
}

/** Moves the probability at `k` towards the bit that came. */
export function learn(model: Model, k: number, bit: number): void {
  const { p, c } = model;
  const count = c[k] as number;
  const rate = RATES[count] as number;
  const was = p[k] as number;
  if (bit === 0) {
    p[k] = Math.min(PROBABILITY_MAX, was + (((65_536 - was) * rate) >> 15));
  } else {
    p[k] = Math.max(PROBABILITY_MIN, was - ((was * rate) >> 15));
  }
  if (count < COUNT_MAX) c[k] = count + 1;
}

/** How busy the row before was, in four steps. */
export function activityOf(model: Model): number {
  const { lanes } = model;
  const act = 60 * model.act;
  if (act < 10 * lanes) return 0;
  if (act < 18 * lanes) return 1;
  return act < 26 * lanes ? 2 : 3;
}

/** Nothing, at most 2, or more. */
export function sizeClass(d: number): number {
  if (d === 0) return 0;
  return d >= -2 && d <= 2 ? 1 : 2;
}

/** 0, 1, 2 for negative, zero, positive. */
export function signClass(d: number): number {
  if (d === 0) return 1;
  return d < 0 ? 0 : 2;
}

/** Context of "anything but 0?" for the next difference of `lane`. */
export function zeroContext(
  model: Model,
  lane: number,
  activity: number,
  neighbour: number,
): number {
  const a = sizeClass(model.d1[lane] as number);
  const b = sizeClass(model.d2[lane] as number);
  return lane * CONTEXTS + ZERO + ((activity * 3 + a) * 3 + b) * 2 + neighbour;
}

/** Context of "negative?" for the next difference of `lane`. */
export function signContext(model: Model, lane: number): number {
  const a = signClass(model.d1[lane] as number);
  const b = signClass(model.d2[lane] as number);
  return lane * CONTEXTS + SIGN + 3 * a + b;
}

/** Contexts of "how many bits?" for the next difference of `lane`. */
export function prefixContext(model: Model, lane: number): number {
  return lane * CONTEXTS + PREFIX + 16 * sizeClass(model.d1[lane] as number);
}

/** Notes that `lane` has the value `x`, which is `d` more than before. */
export function noteDelta(model: Model, lane: number, x: number, d: number): void {
  model.last[lane] = x;
  model.d2[lane] = model.d1[lane] as number;
  model.d1[lane] = d;
}

/** An empty model, until the next call. */
export function takeSpareModel(lanes: number): Model {
  if (spare.lanes === lanes) resetModel(spare);
  else spare = createModel(lanes);
  return spare;
}

/** Context of "absent?" for the next cell of the column that begins with `lane`. */
export function presenceContext(model: Model, lane: number): number {
  return lane * CONTEXTS + PRESENCE + (model.gone[lane] as number);
}

/** Notes how long the column that begins with `lane` has been absent. */
export function notePresence(model: Model, lane: number, isAbsent: number): void {
  const gone = model.gone[lane] as number;
  model.gone[lane] = isAbsent === 0 ? 0 : Math.min(GONE_MAX, gone + 1);
}
