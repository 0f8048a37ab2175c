/**
 * Rollups: what community questions are answered from. Per metric, column (one heat pump model of
 * one installation) and hour a count, a sum and the bounds, in flat arrays. The hours of a column
 * lie side by side: a batch touches one column, and a question adds up hours of each.
 *
 * The hours are a ring of the last 48: a newer hour clears the place it takes, an older one is
 * ignored. Each commit is applied once; `appliedThrough` says how far. Sums are float64, because
 * float32 loses a reading beside a day of others.
 */
import { PART_STRIDE, type RollupPart } from "./rollup-part.js";

/** Hours remembered. */
export const RING_HOURS = 48;

const CAPACITY_FIRST = 64;

/** One metric's arrays, indexed by `column * RING_HOURS + ring place`. */
export interface MetricArrays {
  count: Uint32Array;
  sum: Float64Array;
  min: Float32Array;
  max: Float32Array;
}

/** Everything the rollups know; what a snapshot file holds. */
export interface RollupState {
  readonly metrics: readonly string[];
  readonly arrays: readonly MetricArrays[];
  /** Hour (since 1970) that each place of the ring holds. */
  readonly ringHours: Float64Array;
  /** Newest hour; -1: none yet. */
  newestHour: number;
  /** Columns that may hold something. */
  columns: number;
  /** Columns there is room for. */
  capacity: number;
  appliedThrough: number;
}

/** Hours from (included) to (excluded), since 1970. */
interface HourRange {
  readonly from: number;
  readonly to: number;
}

/** Hourly sums of the fleet. */
export interface Rollups {
  /** Adds what a durable block holds. `commitNumber` never falls. */
  apply(column: number, part: RollupPart, commitNumber: number): void;
  /**
   * Means over some hours, one per column asked for; NaN where a column has no reading.
   *
   * @param metric index in `state.metrics`
   */
  means(metric: number, columns: Int32Array, hours: HourRange): Float64Array;
  /** Forgets a column, so that it may be given to somebody else. */
  zero(column: number): void;
  readonly state: RollupState;
}

/** @param state from a snapshot file; without it everything is empty */
export function createRollups(
  metrics: readonly string[],
  state: RollupState = emptyState(metrics),
): Rollups {
  return {
    apply(column, part, commitNumber) {
      if (column >= state.capacity) grow(state, column + 1);
      state.columns = Math.max(state.columns, column + 1);
      for (let at = 0; at < part.length; at += PART_STRIDE) addEntry(state, column, part, at);
      state.appliedThrough = Math.max(state.appliedThrough, commitNumber);
    },
    means(metric, columns, hours) {
      const runs = listRuns(state.ringHours, hours);
      return computeMeans(state.arrays[metric] as MetricArrays, columns, runs);
    },
    zero(column) {
      if (column >= state.capacity) return;
      const [from, to] = [column * RING_HOURS, (column + 1) * RING_HOURS];
      for (const { count, sum, min, max } of state.arrays) {
        count.fill(0, from, to);
        sum.fill(0, from, to);
        min.fill(0, from, to);
        max.fill(0, from, to);
      }
    },
    state,
  };
}

/** Rollups that know nothing. */
export function emptyState(metrics: readonly string[], capacity = CAPACITY_FIRST): RollupState {
  return {
    metrics,
    arrays: metrics.map(() => emptyArrays(capacity)),
    ringHours: new Float64Array(RING_HOURS).fill(-1),
    newestHour: -1,
    columns: 0,
    capacity,
    appliedThrough: 0,
  };
}

/** Room for `capacity` columns of one metric. */
function emptyArrays(capacity: number): MetricArrays {
  const length = RING_HOURS * capacity;
  return {
    count: new Uint32Array(length),
    sum: new Float64Array(length),
    min: new Float32Array(length),
    max: new Float32Array(length),
  };
}

function addEntry(state: RollupState, column: number, part: RollupPart, at: number): void {
  const hour = part[at + 1] as number;
  if (hour > state.newestHour) turnRing(state, hour);
  if (hour <= state.newestHour - RING_HOURS) return;
  const { count, sum, min, max } = state.arrays[part[at] as number] as MetricArrays;
  const k = column * RING_HOURS + (hour % RING_HOURS);
  const before = count[k] as number;
  const [low, high] = [part[at + 4] as number, part[at + 5] as number];
  count[k] = before + (part[at + 2] as number);
  sum[k] = (sum[k] as number) + (part[at + 3] as number);
  if (before === 0 || low < (min[k] as number)) min[k] = low;
  if (before === 0 || high > (max[k] as number)) max[k] = high;
}

/** Clears the places of the hours that have come. */
function turnRing(state: RollupState, hour: number): void {
  const first = Math.max(state.newestHour + 1, hour - RING_HOURS + 1, 0);
  for (let one = first; one <= hour; one++) {
    const place = one % RING_HOURS;
    state.ringHours[place] = one;
    for (const arrays of state.arrays) clearPlace(arrays, place);
  }
  state.newestHour = hour;
}

function clearPlace({ count, sum, min, max }: MetricArrays, place: number): void {
  for (let at = place; at < count.length; at += RING_HOURS) {
    // Most columns of an hour that was never filled are clear already.
    if (count[at] === 0) continue;
    count[at] = 0;
    sum[at] = 0;
    min[at] = 0;
    max[at] = 0;
  }
}

/** The places of some hours, as runs: from (included) to (excluded), one after the other. */
function listRuns(ringHours: Float64Array, hours: HourRange): number[] {
  const runs: number[] = [];
  for (const [place, hour] of ringHours.entries()) {
    if (hour < hours.from || hour >= hours.to) continue;
    if (runs.at(-1) === place) runs[runs.length - 1] = place + 1;
    else runs.push(place, place + 1);
  }
  return runs;
}

function computeMeans(
  { count, sum }: MetricArrays,
  columns: Int32Array,
  runs: readonly number[],
): Float64Array {
  const means = new Float64Array(columns.length);
  for (let k = 0; k < columns.length; k++) {
    const from = (columns[k] as number) * RING_HOURS;
    let [total, readings] = [0, 0];
    // A column that was never written is beyond the arrays, and has nothing.
    for (let run = 0; run < runs.length && from < sum.length; run += 2) {
      const end = from + (runs[run + 1] as number);
      for (let at = from + (runs[run] as number); at < end; at++) {
        total += sum[at] as number;
        readings += count[at] as number;
      }
    }
    means[k] = total / readings;
  }
  return means;
}

function grow(state: RollupState, columns: number): void {
  const capacity = Math.max(columns, state.capacity * 2);
  for (const arrays of state.arrays) {
    const wider = emptyArrays(capacity);
    wider.count.set(arrays.count);
    wider.sum.set(arrays.sum);
    wider.min.set(arrays.min);
    wider.max.set(arrays.max);
    Object.assign(arrays, wider);
  }
  state.capacity = capacity;
}
