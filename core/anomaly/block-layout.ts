/**
 * Lays out the block of one device: who has which place in it, and what stands there at first.
 */
import { channelAt, channelIndex } from "./channel.js";
import type { PlanPart } from "./feature-plan.js";
import { type LocalFit, strideOf, WAIT_DAYS } from "./local-fit.js";
import { SUMS_PER_PART } from "./monitors.js";
import type { NormalModel, PartModel } from "./normal-model.js";
import { LAST_NUMBERS, type NormalState } from "./normal-state.js";
import { PARTS_MAX, PLACES, WAITING_MAX } from "./score-block.js";

/** Numbers and places while they are laid out. */
export interface BlockLayout {
  /** How many numbers have a place. */
  readonly length: number;
  /** Those that are known. */
  readonly numbers: readonly { readonly at: number; readonly values: ArrayLike<number> }[];
  readonly places: number[];
  /** A place for numbers that come later. */
  reserve(count: number): number;
  place(values: ArrayLike<number>): number;
}

/** What is remembered of a device, as views, and the shares and residuals of the row at hand. */
export interface BlockViews {
  readonly state: NormalState;
  readonly shares: Float64Array;
  readonly fastShares: Float64Array;
  readonly residuals: Float64Array;
}

/** What is remembered of each part, apart from sums, last row and stops. */
const SECTIONS = 7;
/** Numbers of the row at hand that belong to no part; the monitors' factors are 1 at first. */
const HEAD = [1, 1, 1, 1, 0, Number.NEGATIVE_INFINITY, 0];
const FACTS = 15;
/** What excuses a part, see `score-block.ts`. */
const [AT_STOP, SPENT, SPENT_TODAY] = [1, 2, 3];
const PLACE_MAX = 0xffff;
/** Channels of drives that have a lowest and a highest speed. */
const DRIVES: ReadonlySet<string> = new Set(["fan", "frequency", "rating", "pump"]);
const COMPRESSORS: ReadonlySet<string> = new Set(["frequency", "rating"]);
/** What a house asks for: a machine that gives all it can may stay below it. */
const ASKED: ReadonlySet<string> = new Set(["flow", "kw"]);

/** A layout with nothing but what belongs to no part. */
export function createLayout(): BlockLayout {
  const numbers: { readonly at: number; readonly values: ArrayLike<number> }[] = [];
  let length = 0;
  const reserve = (count: number) => {
    length += count;
    if (length > PLACE_MAX) throw new RangeError(`a model of ${length} numbers is too large`);
    return length - count;
  };
  const place = (values: ArrayLike<number>) => {
    const at = reserve(values.length);
    numbers.push({ at, values });
    return at;
  };
  place(HEAD);
  return {
    get length() {
      return length;
    },
    ...{ numbers, places: [], reserve, place },
  };
}

/** Gives every part of the model its places, with what is known of it. */
export function placeParts(
  { plan, parts }: NormalModel,
  { fits }: NormalState,
  { places, reserve, place }: BlockLayout,
): void {
  if (parts.length > PARTS_MAX) throw new RangeError(`a model of ${parts.length} parts`);
  const widths = [SUMS_PER_PART, LAST_NUMBERS, 2];
  const starts = widths.map((width) => reserve(parts.length * width));
  const own = reserve(SECTIONS * PARTS_MAX);
  for (const [index, part] of parts.entries()) {
    const size = fits[index]?.size ?? 0;
    places.push(
      place(factsOf(part, plan.parts[index])),
      // Adding 0 leaves every number as it is but -0.
      place(part.beta.map((value) => value + 0)),
      reserve(size + size * size),
      reserve((WAIT_DAYS + 1) * strideOf(size)),
      ...starts.map((start, which) => start + index * (widths[which] ?? 0)),
      own + index,
      ...targetOf(plan.parts, index, starts[2] ?? 0),
      reserve(WAITING_MAX),
    );
  }
}

/** Moves the place of today's sums from one slot of the ring of days to another. */
export function turnTo(places: Uint16Array, { fits }: NormalState, from: number, to: number): void {
  for (const [part, { size }] of fits.entries()) {
    const at = part * PLACES + 3;
    places[at] = (places[at] ?? 0) + (to - from) * strideOf(size);
  }
}

/** Puts `state` into the block; what it then is changes with the block. */
export function viewState(
  state: NormalState,
  places: Uint16Array,
  numbers: Float64Array,
): BlockViews {
  const put = (values: Float64Array, at: number) => {
    numbers.set(values, at);
    return numbers.subarray(at, at + values.length);
  };
  const all = (which: number, values: Float64Array) => put(values, places[which] ?? 0);
  const section = (which: number, values: Float64Array) =>
    put(values, (places[7] ?? 0) + which * PARTS_MAX);
  const fits = state.fits.map(({ size, ...fit }, index): LocalFit => {
    const deviation = places[index * PLACES + 2] ?? 0;
    return {
      size,
      information: fit.information.slice(),
      pull: fit.pull.slice(),
      deviation: put(fit.deviation, deviation),
      covariance: put(fit.covariance, deviation + size),
      waiting: put(fit.waiting, places[index * PLACES + 3] ?? 0),
    };
  });
  const nothing = new Float64Array(state.fits.length);
  numbers[5] = state.capacityCell ?? Number.NEGATIVE_INFINITY;
  numbers[6] = state.rowsOutOfReach;
  return {
    // One literal: put together by spreading, every state would get a shape of its own.
    state: {
      cell: state.cell,
      rowsOutOfReach: state.rowsOutOfReach,
      fits,
      sums: all(4, state.sums),
      last: all(5, state.last),
      stops: all(6, state.stops),
      evidence: section(0, state.evidence),
      evidenceCell: section(1, state.evidenceCell),
      calm: section(2, state.calm),
      peaks: section(3, state.peaks),
    },
    shares: section(4, nothing),
    fastShares: section(5, nothing),
    residuals: section(6, nothing),
  };
}

/**
 * Channel, what excuses a part, and stops and channel of the compressor that has to deliver it.
 */
function targetOf(parts: readonly PlanPart[], index: number, stops: number): number[] {
  const part = parts[index];
  if (part === undefined) return [0, 0, 0, 0];
  const channel = channelIndex(part.target);
  if (DRIVES.has(part.target)) return [channel, AT_STOP, 0, 0];
  if (!ASKED.has(part.target)) return [channel, 0, 0, 0];
  if (part.mode === "day") return [channel, SPENT_TODAY, 0, 0];
  const drive = parts.findIndex(
    ({ mode, target }) => mode === part.mode && COMPRESSORS.has(target),
  );
  const reaching = parts[drive];
  if (reaching === undefined) return [channel, 0, 0, 0];
  return [channel, SPENT, stops + drive * 2, channelIndex(reaching.target)];
}

function factsOf(part: PartModel, planned: PlanPart | undefined): Float64Array {
  const inverse = (limit: number) => 1 / (limit * limit);
  const { rowVariance, dayVariance, rho, psi, limitFast, limitSlow } = part;
  const spread = [rowVariance, dayVariance, 1 / Math.sqrt(rowVariance), rho / rowVariance];
  const least = [planned?.tolerance ?? 0, (planned?.percent ?? 0) / 100];
  const limits = [psi, inverse(limitFast), planned?.house === true ? 0 : inverse(limitSlow)];
  const facts = new Float64Array(FACTS);
  facts.set([...spread, ...least, ...limits]);
  facts[10] = Number.NaN;
  const { min, max } = channelAt(channelIndex(planned?.target ?? "flow"));
  facts[13] = min;
  facts[14] = max;
  return facts;
}
