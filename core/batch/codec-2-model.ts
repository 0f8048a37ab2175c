/**
 * What codec 2 expects of the next bit: 231 adaptive probabilities per lane, and what the lane did
 * last. A block normally starts from a prior or from nothing; a chained one from where its
 * predecessor left it. Contexts, thresholds and rates are part of the codec's number: others are
 * another codec.
 *
 * Everything is a typed array, so that a model is copied in a microsecond and no bit costs an
 * object.
 */

/** Contexts of one lane. */
export const CONTEXTS = 231;
/** Is the difference anything but 0? By activity of the row, last two differences, neighbour. */
export const ZERO = 0;
/** Of them, per step of activity. */
export const ZERO_PER_ACTIVITY = 18;
/** Is it negative? By the signs of the last two. */
export const SIGN = 72;
/** How many bits has it? Three sets of 16, by the size of the last difference. */
export const PREFIX = 81;
/** Its two highest bits below the first, by their number. */
export const MANTISSA = 129;
/** A lane's first value: is it anything but 0, is it negative, how many bits has it? */
export const FIRST_ZERO = 189;
export const FIRST_SIGN = 190;
export const FIRST_PREFIX = 191;
/** Is the cell absent? By how long it has been. */
export const PRESENCE = 215;

/** A difference with that many bits or more is written raw. */
export const DELTA_STOP = 15;
/** The same for a first value. */
export const FIRST_STOP = 24;

/** Absence is remembered for that many rows. */
export const GONE_MAX = 15;

export const PROBABILITY_MIN = 32;
export const PROBABILITY_MAX = 65_504;
const PROBABILITY_START = 32_768;
/** A context's odds are one number: probability of a 0 in 65536ths, then bits seen. */
export const COUNT_BITS = 7;
export const COUNT_MAX = 127;
/** Of a context that has seen nothing. */
export const ODDS_START = PROBABILITY_START << COUNT_BITS;

/** Steps of 2/3, 2/5, 2/7, … to 1/128: a new channel is learnt in a few rows. */
const RATES = Int32Array.from({ length: COUNT_MAX + 1 }, (_, c) =>
  Math.floor(65_536 / (2 * c + 3)),
);

/**
 * What a lane's last two differences were, as one of 25 numbers: 5 * sort of the last + sort of the
 * one before. Sorts: 0 none, 1 and 2 at most 2 (down, up), 3 and 4 more (down, up).
 */
const SORTS = 5;
const HISTORIES = SORTS * SORTS;
/** By sort: nothing, at most 2, or more; negative, zero, positive. */
const SIZE_OF_SORT = [0, 1, 1, 2, 2];
const SIGN_OF_SORT = [1, 0, 2, 0, 2];
const lastSort = (history: number) => Math.floor(history / SORTS);
const sizeOf = (sort: number) => SIZE_OF_SORT[sort] as number;
const signOf = (sort: number) => SIGN_OF_SORT[sort] as number;
const tabulate = (of: (history: number) => number) =>
  Uint8Array.from({ length: HISTORIES }, (_, history) => of(history));

/** What a history adds to ZERO, SIGN and PREFIX. */
export const ZERO_OF = tabulate((h) => 2 * (3 * sizeOf(lastSort(h)) + sizeOf(h % SORTS)));
export const SIGN_OF = tabulate((h) => 3 * signOf(lastSort(h)) + signOf(h % SORTS));
export const PREFIX_OF = tabulate((h) => 16 * sizeOf(lastSort(h)));
/** The history after no difference; another sort adds SORTS times itself. */
export const HISTORY_AFTER = tabulate(lastSort);

/** What a difference adds to the history after it. */
export function sortStep(d: number): number {
  if (d < 0) return d >= -2 ? SORTS : 3 * SORTS;
  if (d > 2) return 4 * SORTS;
  return d === 0 ? 0 : 2 * SORTS;
}

/** Odds and lane states of one block sequence. The last two lanes are gap and off. */
export interface Model {
  /** Lanes of the block's columns; the arrays may have room for more. */
  lanes: number;
  readonly odds: Uint32Array;
  readonly last: Int32Array;
  readonly history: Uint8Array;
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
    odds: new Uint32Array(all * CONTEXTS).fill(ODDS_START),
    last: new Int32Array(all),
    history: new Uint8Array(all),
    seen: new Uint8Array(all),
    gone: new Uint8Array(all),
    act: 0,
  };
}

/** Makes `to` the same as `from`, which has as many lanes but may have more room. */
export function copyModel(from: Model, to: Model): void {
  const all = to.lanes + 2;
  to.odds.set(from.odds.subarray(0, all * CONTEXTS));
  to.last.set(from.last.subarray(0, all));
  to.history.set(from.history.subarray(0, all));
  to.seen.set(from.seen.subarray(0, all));
  to.gone.set(from.gone.subarray(0, all));
  to.act = from.act;
}

/** Bytes that a model keeps in memory. */
export function modelBytes({ odds, last }: Model): number {
  return odds.byteLength + last.byteLength + 3 * last.length;
}

/** Forgets what the lanes did; odds are the caller's. */
export function forgetLanes(model: Model): void {
  model.last.fill(0);
  model.history.fill(0);
  model.seen.fill(0);
  model.gone.fill(0);
  model.act = 0;
}

/** Odds after a 0 came. */
export function learnZero(odds: number): number {
  const count = odds & COUNT_MAX;
  const one = 65_536 - (odds >>> COUNT_BITS);
  const left = one - (Math.imul(one, RATES[count] as number) >> 15);
  const p = left < PROBABILITY_MIN ? PROBABILITY_MAX : 65_536 - left;
  return (p << COUNT_BITS) | (count < COUNT_MAX ? count + 1 : COUNT_MAX);
}

/** Odds after a 1 came. */
export function learnOne(odds: number): number {
  const count = odds & COUNT_MAX;
  const was = odds >>> COUNT_BITS;
  const left = was - (Math.imul(was, RATES[count] as number) >> 15);
  const p = Math.max(PROBABILITY_MIN, left);
  return (p << COUNT_BITS) | (count < COUNT_MAX ? count + 1 : COUNT_MAX);
}

/** How busy the row before was, in four steps. */
export function activityOf(model: Model): number {
  const { lanes } = model;
  const act = 60 * model.act;
  if (act < 10 * lanes) return 0;
  if (act < 18 * lanes) return 1;
  return act < 26 * lanes ? 2 : 3;
}
