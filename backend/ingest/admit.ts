/**
 * Admission: which rows of a block may enter the store. Pure; columns and facts in, verdict out.
 *
 * One bad snapshot never dooms its batch: the row with the bad cell is refused with its reason, the
 * others are admitted. A cell costs two comparisons of integers and no object.
 */
import { type Columns, isPresent, readTimes } from "#core/batch/columns.js";
import { type ChannelLanes, readValue } from "#core/batch/value-lanes.js";
import type { Rejection } from "./ingest.js";
import type { ChannelBounds, TablePlan } from "./table-plan.js";

/** Data older than this are not taken, even where they are kept for longer. */
const AGE_MAX_MS = 400 * 86_400_000;

/** A daemon's clock may run ahead of ours by this much. */
const CLOCK_SKEW_MAX_MS = 5 * 60_000;

/** Why rows were refused. */
export interface Outcome {
  readonly reason: Rejection;
  snapshots: number;
  /** The first one found, for a person to read. */
  readonly detail: string;
}

/** What became of the rows of one block. */
export interface Admission {
  readonly firstMs: number;
  readonly lastMs: number;
  /** Rows refused; `undefined`: none, everything is admitted. */
  readonly refused: Uint8Array | undefined;
  readonly outcomes: readonly Outcome[];
  /** Unix milliseconds per row; valid until the next call. */
  readonly times: Float64Array;
}

let times = new Float64Array(0);

/** What the times of rows are judged by. */
export interface TimeFacts {
  readonly nowMs: number;
  /** What was measured before it is not kept. */
  readonly keptFromMs: number;
}

/** Decides on the rows of a decoded block. */
export function admit(columns: Columns, plan: TablePlan, facts: TimeFacts): Admission {
  if (times.length < columns.rows) times = new Float64Array(columns.rows);
  readTimes(columns, times);
  const refusals: Refusals = { total: columns.rows, rows: undefined, outcomes: [] };
  checkWindow(columns.rows, facts, refusals);
  for (let c = 0; c < plan.bounds.length; c++) {
    checkChannel(columns, c, plan.bounds[c] as ChannelBounds, refusals);
  }
  return {
    firstMs: times[0] as number,
    lastMs: times[columns.rows - 1] as number,
    refused: refusals.rows,
    outcomes: refusals.outcomes,
    times,
  };
}

/** Refusals of one block; a row is refused once, for the first reason found. */
interface Refusals {
  readonly total: number;
  rows: Uint8Array | undefined;
  outcomes: Outcome[];
}

function refuse(refusals: Refusals, row: number, reason: Rejection, detail: string): void {
  refusals.rows ??= new Uint8Array(refusals.total);
  if (refusals.rows[row] === 1) return;
  refusals.rows[row] = 1;
  const known = refusals.outcomes.find((one) => one.reason === reason);
  if (known !== undefined) known.snapshots++;
  else refusals.outcomes.push({ reason, snapshots: 1, detail });
}

/** Times rise, so the first and the last row tell whether any has to be looked at. */
function checkWindow(rows: number, facts: TimeFacts, refusals: Refusals): void {
  const { nowMs, keptFromMs } = facts;
  const [oldestMs, newestMs] = [
    Math.max(nowMs - AGE_MAX_MS, keptFromMs),
    nowMs + CLOCK_SKEW_MAX_MS,
  ];
  if ((times[0] as number) >= oldestMs && (times[rows - 1] as number) <= newestMs) return;
  for (let row = 0; row < rows; row++) {
    const timeMs = times[row] as number;
    if (timeMs >= oldestMs && timeMs <= newestMs) continue;
    const at = new Date(timeMs).toISOString();
    if (timeMs < oldestMs) {
      refuse(refusals, row, "TIME_TOO_OLD", `${at}: older than what is taken`);
    } else {
      const aheadS = Math.round((timeMs - nowMs) / 1000);
      refuse(refusals, row, "TIME_IN_FUTURE", `${at}: ${aheadS} s ahead of the backend`);
    }
  }
}

function checkChannel(
  columns: Columns,
  c: number,
  bounds: ChannelBounds,
  refusals: Refusals,
): void {
  const { rows, counts } = columns;
  if (counts[c] === 0) return;
  const { encoding } = bounds.channel;
  const lane = columns.lanes[bounds.lane] as Int32Array;
  const isInteger = encoding === "int" || encoding === "uint";
  if (isInteger && counts[c] === rows && areAllWithin(lane, rows, bounds, encoding === "uint")) {
    return;
  }
  const low = columns.lanes[bounds.lane + (encoding === "wide" || encoding === "f64" ? 1 : 0)];
  const lanes: ChannelLanes = { high: lane, low: low as Int32Array };
  for (let row = 0; row < rows; row++) {
    if (isPresent(columns, c, row)) checkValue(lanes, row, bounds, refusals);
  }
}

/** The common case: whole columns of integers, nothing out of bounds. */
function areAllWithin(
  lane: Int32Array,
  rows: number,
  { minSteps, maxSteps }: ChannelBounds,
  isUnsigned: boolean,
): boolean {
  if (isUnsigned) {
    for (let row = 0; row < rows; row++) {
      const q = (lane[row] as number) >>> 0;
      if (q < minSteps || q > maxSteps) return false;
    }
    return true;
  }
  for (let row = 0; row < rows; row++) {
    const q = lane[row] as number;
    if (q < minSteps || q > maxSteps) return false;
  }
  return true;
}

function checkValue(
  lanes: ChannelLanes,
  row: number,
  bounds: ChannelBounds,
  refusals: Refusals,
): void {
  const { channel, min, max } = bounds;
  const value = readValue(lanes, row, channel);
  if (!Number.isFinite(value)) {
    refuse(refusals, row, "NON_FINITE", `${channel.metric}: no finite number`);
  } else if (value > max) {
    refuse(refusals, row, "OUT_OF_RANGE", `${channel.metric}: ${value} above ${max}`);
  } else if (value < min) {
    refuse(refusals, row, "OUT_OF_RANGE", `${channel.metric}: ${value} below ${min}`);
  }
}
