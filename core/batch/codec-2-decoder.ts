/**
 * Codec 2, decoding: the mirror of `codec-2-encoder.ts`. Work is bounded by the declared cells,
 * whatever the bytes say; that the bytes are what was encoded is proved by the digest alone.
 */
import { checkCells } from "./block-checks.js";
import type { ChannelTable } from "./channel-table.js";
import {
  activityOf,
  CONTEXTS,
  DELTA_STOP,
  FIRST_PREFIX,
  FIRST_SIGN,
  FIRST_STOP,
  FIRST_ZERO,
  learn,
  MANTISSA,
  type Model,
  noteDelta,
  notePresence,
  prefixContext,
  presenceContext,
  signContext,
  takeSpareModel,
  zeroContext,
} from "./codec-2-model.js";
import { type Columns, growColumn, growTimes } from "./columns.js";
import { type Layout, readLayout } from "./layout.js";
import {
  createRangeDecoder,
  decodeBit,
  decodeRaw,
  finishDecoder,
  type RangeDecoder,
} from "./range-coder.js";
import { type Cursor, malformed } from "./varint.js";

/**
 * Decodes a block into `into`, whose rows are set.
 *
 * @param model where to start and what is changed; left out: an empty one
 * @throws HeatpoolError `BATCH_MALFORMED`, `BATCH_TOO_LARGE`
 */
export function decodeRange(
  block: Uint8Array,
  table: ChannelTable,
  into: Columns,
  model?: Model,
): void {
  const { rows } = into;
  const start: Cursor = { bytes: block, at: 0 };
  const layout = readLayout(start, table);
  checkCells(rows, layout.lanes);
  if (model !== undefined && model.lanes !== layout.lanes) {
    throw malformed(`continues a block of ${model.lanes} lanes with ${layout.lanes}`);
  }
  growTimes(into, rows);
  into.counts.fill(0);
  for (const c of layout.channels) growColumn(into, table, c, rows);
  const from = createRangeDecoder(block, start.at);
  decodeRows(from, model ?? takeSpareModel(layout.lanes), layout, into, table);
  finishDecoder(from, start.at);
  countCells(layout, into);
}

function decodeRows(
  from: RangeDecoder,
  model: Model,
  layout: Layout,
  into: Columns,
  table: ChannelTable,
): void {
  const { lanes } = model;
  for (let row = 0; row < into.rows; row++) {
    decodeDelta(from, model, lanes, 0, 0);
    into.gap[row] = model.last[lanes] as number;
    decodeDelta(from, model, lanes + 1, 0, 0);
    into.off[row] = model.last[lanes + 1] as number;
    const activity = activityOf(model);
    let act = 0;
    let changed = 0;
    let lane = 0;
    for (let position = 0; position < layout.channels.length; position++) {
      const c = layout.channels[position] as number;
      const end = table.laneStarts[c + 1] as number;
      let l = table.laneStarts[c] as number;
      if (layout.isPartial[position] === true) {
        const isAbsent = decodeModelled(from, model, presenceContext(model, lane));
        notePresence(model, lane, isAbsent);
        (into.present[c] as Uint8Array)[row] = 1 - isAbsent;
        if (isAbsent === 1) {
          lane += end - l;
          changed = 0;
          continue;
        }
      }
      for (; l < end; l++, lane++) {
        if (model.seen[lane] === 0) {
          decodeFirst(from, model, lane);
          changed = 0;
        } else {
          changed = decodeDelta(from, model, lane, activity, changed);
          act += changed;
        }
        (into.lanes[l] as Int32Array)[row] = model.last[lane] as number;
      }
    }
    model.act = act;
  }
}

function decodeModelled(from: RangeDecoder, model: Model, k: number): number {
  const bit = decodeBit(from, model.p[k] as number);
  learn(model, k, bit);
  return bit;
}

function decodeFirst(from: RangeDecoder, model: Model, lane: number): void {
  const base = lane * CONTEXTS;
  let x = 0;
  if (decodeModelled(from, model, base + FIRST_ZERO) === 1) {
    const isNegative = decodeModelled(from, model, base + FIRST_SIGN) === 1;
    const v = decodeMagnitude(from, model, base + FIRST_PREFIX, FIRST_STOP, -1);
    x = isNegative ? -v : v;
  }
  model.seen[lane] = 1;
  model.last[lane] = x;
}

/** Returns 1 when the lane changed, else 0; the value is the model's `last`. */
function decodeDelta(
  from: RangeDecoder,
  model: Model,
  lane: number,
  activity: number,
  neighbour: number,
): number {
  const isChanged = decodeModelled(from, model, zeroContext(model, lane, activity, neighbour));
  let d = 0;
  if (isChanged === 1) {
    const isNegative = decodeModelled(from, model, signContext(model, lane)) === 1;
    const mantissa = lane * CONTEXTS + MANTISSA;
    const v = decodeMagnitude(from, model, prefixContext(model, lane), DELTA_STOP, mantissa);
    d = (isNegative ? -v : v) | 0;
  }
  noteDelta(model, lane, ((model.last[lane] as number) + d) | 0, d);
  return isChanged;
}

function decodeMagnitude(
  from: RangeDecoder,
  model: Model,
  prefix: number,
  stop: number,
  mantissa: number,
): number {
  let e = 0;
  while (e < stop && decodeModelled(from, model, prefix + e) === 1) e++;
  if (e === stop) return decodeRaw(from, 32);
  let v = 1;
  let left = e;
  if (mantissa >= 0 && left > 0) {
    left--;
    const first = decodeModelled(from, model, mantissa + 4 * e + 1);
    v = 2 + first;
    if (left > 0) {
      left--;
      v = 2 * v + decodeModelled(from, model, mantissa + 4 * e + 2 + first);
    }
  }
  return (v << left) | decodeRaw(from, left);
}

/** Counts the present cells. @throws HeatpoolError `BATCH_MALFORMED` */
function countCells(layout: Layout, into: Columns): void {
  const { rows } = into;
  for (const [position, c] of layout.channels.entries()) {
    let count = rows;
    if (layout.isPartial[position] === true) {
      const present = into.present[c] as Uint8Array;
      count = 0;
      for (let row = 0; row < rows; row++) count += present[row] as number;
      if (count === 0 || count === rows) {
        throw malformed("partial column without both sorts of cells");
      }
    }
    into.counts[c] = count;
  }
}
