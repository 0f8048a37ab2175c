/**
 * Rollups: what community questions are answered from. Per metric, hour and column (one heat pump
 * model of one installation) a count, a sum and the bounds, in flat arrays.
 *
 * The hours are a ring of the last 48: a newer hour clears the place it takes, an older one is
 * ignored. Each commit is applied once; `appliedThrough` says how far. Sums are float64, because
 * float32 loses a reading beside a day of others.
 */
import { PART_STRIDE, type RollupPart } from "./rollup-part.js";

/** Hours remembered. */
export const RING_HOURS = 48;

const CAPACITY_FIRST = 64;

/** Columns summed at a time: their sums and counts stay in the cache next to the processor. */
const SLICE_COLUMNS = 1024;

/** One metric's arrays, indexed by `ring place * capacity + column`. */
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
      const means = new Float64Array(columns.length);
      for (let from = 0; from < columns.length; from += SLICE_COLUMNS) {
        const slice = columns.subarray(from, from + SLICE_COLUMNS);
        addMeans(state, metric, slice, hours, means.subarray(from, from + SLICE_COLUMNS));
      }
      return means;
    },
    zero(column) {
      if (column >= state.capacity) return;
      for (const { count, sum, min, max } of state.arrays) {
        for (let at = column; at < count.length; at += state.capacity) {
          count[at] = 0;
          sum[at] = 0;
          min[at] = 0;
          max[at] = 0;
        }
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
  const k = (hour % RING_HOURS) * state.capacity + column;
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
    const [from, to] = [place * state.capacity, (place + 1) * state.capacity];
    for (const { count, sum, min, max } of state.arrays) {
      count.fill(0, from, to);
      sum.fill(0, from, to);
      min.fill(0, from, to);
      max.fill(0, from, to);
    }
  }
  state.newestHour = hour;
}

/** Writes the means of a slice of columns. */
function addMeans(
  state: RollupState,
  metric: number,
  columns: Int32Array,
  hours: HourRange,
  means: Float64Array,
): void {
  const { count, sum } = state.arrays[metric] as MetricArrays;
  const counts = new Float64Array(columns.length);
  for (const [place, hour] of state.ringHours.entries()) {
    if (hour < hours.from || hour >= hours.to) continue;
    const from = place * state.capacity;
    for (let k = 0; k < columns.length; k++) {
      const column = columns[k] as number;
      if (column >= state.capacity) continue;
      means[k] = (means[k] as number) + (sum[from + column] as number);
      counts[k] = (counts[k] as number) + (count[from + column] as number);
    }
  }
  for (let k = 0; k < means.length; k++) means[k] = (means[k] as number) / (counts[k] as number);
}

function grow(state: RollupState, columns: number): void {
  const capacity = Math.max(columns, state.capacity * 2);
  for (const arrays of state.arrays) {
    const wider = emptyArrays(capacity);
    for (let place = 0; place < RING_HOURS; place++) {
      const [from, to] = [place * state.capacity, (place + 1) * state.capacity];
      wider.count.set(arrays.count.subarray(from, to), place * capacity);
      wider.sum.set(arrays.sum.subarray(from, to), place * capacity);
      wider.min.set(arrays.min.subarray(from, to), place * capacity);
      wider.max.set(arrays.max.subarray(from, to), place * capacity);
    }
    Object.assign(arrays, wider);
  }
  state.capacity = capacity;
}
