/**
 * Values to the 32-bit lanes of a column and back, exactly.
 *
 * A value with a resolution is the integer q, and the value is q * m / 10^d: one exact product, one
 * division (`3 * 0.1` is not 0.3). Floats without resolution are their bits, turned so that order
 * is kept. What has no finite number, or does not fit its lane, is absent; nothing is clamped, and
 * there is no negative zero.
 */
import assert from "node:assert/strict";
import type { Channel, ChannelTable } from "./channel-table.js";
import type { Columns } from "./columns.js";

const INT_MIN = -(2 ** 31);
const INT_MAX = 2 ** 31 - 1;
const UINT_MAX = 2 ** 32 - 1;
/** Integers beyond it are not all numbers. */
const WIDE_MAX = 2 ** 53;
const WORD = 2 ** 32;

/** Below it a value comes back from its rounded product without doubt. */
const EXACT_MAX = 2 ** 40;

const view = new DataView(new ArrayBuffer(8));

/** The lanes of one channel: `low` is used by `wide` and `f64` only, else it is `high`. */
export interface ChannelLanes {
  readonly high: Int32Array;
  readonly low: Int32Array;
}

/** Per channel its lanes; to be taken anew whenever the columns may have grown. */
export function listChannelLanes(columns: Columns, table: ChannelTable): ChannelLanes[] {
  return table.channels.map((_, c) => {
    const high = columns.lanes[table.laneStarts[c] ?? -1];
    const low = columns.lanes[(table.laneStarts[c + 1] ?? 0) - 1];
    assert.ok(high !== undefined && low !== undefined, "columns were made for another table");
    return { high, low };
  });
}

/** Writes `value` at `row`. Returns whether it can be said; if not, the cell is absent. */
export function writeValue(
  lanes: ChannelLanes,
  row: number,
  channel: Channel,
  value: number,
): boolean {
  if (!Number.isFinite(value)) return false;
  if (channel.encoding === "f32") return writeFloat32(lanes, row, value);
  if (channel.encoding === "f64") return writeFloat64(lanes, row, value);
  const q = toSteps(channel, value);
  switch (channel.encoding) {
    case "int":
      if (q < INT_MIN || q > INT_MAX) return false;
      lanes.high[row] = q;
      return true;
    case "uint":
      if (q < 0 || q > UINT_MAX) return false;
      lanes.high[row] = q;
      return true;
    case "wide":
      if (Math.abs(q) > WIDE_MAX) return false;
      lanes.high[row] = Math.floor(q / WORD);
      lanes.low[row] = q;
      return true;
  }
}

/** The value at `row` of a present cell; NaN or infinite only where a hostile block says so. */
export function readValue(lanes: ChannelLanes, row: number, channel: Channel): number {
  const high = lanes.high[row] as number;
  switch (channel.encoding) {
    case "int":
      return fromSteps(channel, high);
    case "uint":
      return fromSteps(channel, high >>> 0);
    case "f32":
      view.setInt32(0, turn(high));
      return view.getFloat32(0);
    case "wide": {
      const q = high * WORD + ((lanes.low[row] as number) >>> 0);
      return Math.abs(q) <= WIDE_MAX ? fromSteps(channel, q) : Number.NaN;
    }
    case "f64": {
      const bits = lanes.low[row] as number;
      view.setInt32(0, turn(high));
      view.setInt32(4, high < 0 ? ~bits : bits);
      return view.getFloat64(0);
    }
  }
}

/** The whole number of steps nearest to `value`. */
function toSteps(channel: Channel, value: number): number {
  // Adding 0 turns the -0 that rounding gives into 0.
  const q = Math.round((value * 10 ** channel.decimals) / channel.multiplier) + 0;
  if (Math.abs(q) < EXACT_MAX) return q;
  // The product was rounded itself: a neighbour may be the one whose value this is.
  const exact = [q, q - 1, q + 1, q - 2, q + 2].find((one) => fromSteps(channel, one) === value);
  return exact ?? q;
}

function fromSteps(channel: Channel, q: number): number {
  return (q * channel.multiplier) / 10 ** channel.decimals;
}

/** Rounds to the nearest float32, which the value of a float register is already. */
function writeFloat32(lanes: ChannelLanes, row: number, value: number): boolean {
  const rounded = Math.fround(value) + 0;
  if (!Number.isFinite(rounded)) return false;
  view.setFloat32(0, rounded);
  lanes.high[row] = turn(view.getInt32(0));
  return true;
}

function writeFloat64(lanes: ChannelLanes, row: number, value: number): boolean {
  view.setFloat64(0, value + 0);
  const high = view.getInt32(0);
  const low = view.getInt32(4);
  lanes.high[row] = turn(high);
  lanes.low[row] = high < 0 ? ~low : low;
  return true;
}

/** Sign-magnitude bits to a two's complement order, and back. */
function turn(bits: number): number {
  return bits < 0 ? bits ^ 0x7fffffff : bits;
}
