/**
 * Codec 2, decoding: the mirror of `codec-2-encoder.ts`. Work is bounded by the declared cells,
 * whatever the bytes say; that the bytes are what was encoded is proved by the digest alone.
 */
import { checkCells } from "./block-checks.js";
import type { ChannelTable } from "./channel-table.js";
import { type LanePlan, planLanes, type StartModel } from "./codec-2-lanes.js";
import {
  activityOf,
  CONTEXTS,
  DELTA_STOP,
  FIRST_PREFIX,
  FIRST_SIGN,
  FIRST_STOP,
  FIRST_ZERO,
  GONE_MAX,
  HISTORY_AFTER,
  learnOne,
  learnZero,
  MANTISSA,
  type Model,
  PREFIX,
  PREFIX_OF,
  PRESENCE,
  SIGN,
  SIGN_OF,
  sortStep,
  ZERO,
  ZERO_OF,
  ZERO_PER_ACTIVITY,
} from "./codec-2-model.js";
import { type Columns, growColumn, growTimes } from "./columns.js";
import { type Layout, readLayout } from "./layout.js";
import {
  createRangeDecoder,
  decodeBit,
  decodeRaw,
  finishDecoder,
  RANGE_MIN,
  type RangeDecoder,
  scale,
  shiftIn,
} from "./range-coder.js";
import { type Cursor, malformed } from "./varint.js";

/**
 * Decodes a block into `into`, whose rows are set.
 *
 * @param start gives the model to begin from, which is changed
 * @throws HeatpoolError `BATCH_MALFORMED`, `BATCH_TOO_LARGE`
 */
export function decodeRange(
  block: Uint8Array,
  table: ChannelTable,
  into: Columns,
  start: StartModel,
): void {
  const { rows } = into;
  const cursor: Cursor = { bytes: block, at: 0 };
  const layout = readLayout(cursor, table);
  checkCells(rows, layout.lanes);
  growTimes(into, rows);
  into.counts.fill(0);
  for (const c of layout.channels) growColumn(into, table, c, rows);
  const from = createRangeDecoder(block, cursor.at);
  decodeRows(from, start(layout), planLanes(layout, table, into), into);
  finishDecoder(from, cursor.at);
  countCells(layout, into);
}

function decodeRows(from: RangeDecoder, model: Model, plan: LanePlan, into: Columns): void {
  const { lanes, last } = model;
  const { gap, off, rows } = into;
  for (let row = 0; row < rows; row++) {
    decodeTime(from, model, lanes);
    gap[row] = last[lanes] as number;
    decodeTime(from, model, lanes + 1);
    off[row] = last[lanes + 1] as number;
    decodeRow(from, model, plan, row);
  }
}

function decodeTime(from: RangeDecoder, model: Model, lane: number): void {
  const was = model.history[lane] as number;
  const zero = lane * CONTEXTS + ZERO + (ZERO_OF[was] as number);
  if (decodeBit(from, model.odds, zero) === 1) decodeChange(from, model, lane);
  else model.history[lane] = HISTORY_AFTER[was] as number;
}

function decodeRow(from: RangeDecoder, model: Model, plan: LanePlan, row: number): void {
  const { lanes, odds, last, seen, history } = model;
  const { cells, isPartial } = plan;
  const { state } = from;
  const busy = ZERO + ZERO_PER_ACTIVITY * activityOf(model);
  let act = 0;
  let changed = 0;
  for (let lane = 0; lane < lanes; lane++) {
    if (isPartial[lane] === 1 && decodePresence(from, model, plan, lane, row) === 0) {
      lane += plan.more[lane] as number;
      changed = 0;
      continue;
    }
    if (seen[lane] === 0) {
      decodeFirst(from, model, lane);
      changed = 0;
    } else {
      // Two of three cells end here: `decodeBit` in place, which halves what they cost.
      const was = history[lane] as number;
      const k = lane * CONTEXTS + busy + (ZERO_OF[was] as number) + changed;
      const now = odds[k] as number;
      const code = state[0] as number;
      const range = state[1] as number;
      const bound = scale(range, now);
      if (code < bound) {
        odds[k] = learnZero(now);
        state[1] = bound;
        if (bound < RANGE_MIN) shiftIn(from);
        history[lane] = HISTORY_AFTER[was] as number;
        changed = 0;
      } else {
        odds[k] = learnOne(now);
        state[0] = code - bound;
        state[1] = range - bound;
        if (range - bound < RANGE_MIN) shiftIn(from);
        changed = decodeChange(from, model, lane);
        act += changed;
      }
    }
    (cells[lane] as Int32Array)[row] = last[lane] as number;
  }
  model.act = act;
}

/** Returns 1 when the column that begins with `lane` has a cell in this row. */
function decodePresence(
  from: RangeDecoder,
  model: Model,
  plan: LanePlan,
  lane: number,
  row: number,
): number {
  const { odds, gone } = model;
  const before = gone[lane] as number;
  const isAbsent = decodeBit(from, odds, lane * CONTEXTS + PRESENCE + before);
  gone[lane] = isAbsent === 0 ? 0 : Math.min(GONE_MAX, before + 1);
  (plan.present[lane] as Uint8Array)[row] = 1 - isAbsent;
  return 1 - isAbsent;
}

function decodeFirst(from: RangeDecoder, model: Model, lane: number): void {
  const base = lane * CONTEXTS;
  const { odds } = model;
  let x = 0;
  if (decodeBit(from, odds, base + FIRST_ZERO) === 1) {
    const isNegative = decodeBit(from, odds, base + FIRST_SIGN) === 1;
    const v = decodeMagnitude(from, odds, base + FIRST_PREFIX, FIRST_STOP, -1);
    x = isNegative ? -v : v;
  }
  model.seen[lane] = 1;
  model.last[lane] = x;
}

/** A difference that is known not to be 0. Returns 1, or 0 where a hostile block says 0 anyway. */
function decodeChange(from: RangeDecoder, model: Model, lane: number): number {
  const { odds, last, history } = model;
  const base = lane * CONTEXTS;
  const was = history[lane] as number;
  const isNegative = decodeBit(from, odds, base + SIGN + (SIGN_OF[was] as number)) === 1;
  const prefix = base + PREFIX + (PREFIX_OF[was] as number);
  const v = decodeMagnitude(from, odds, prefix, DELTA_STOP, base + MANTISSA);
  const d = isNegative ? -v | 0 : v | 0;
  last[lane] = (last[lane] as number) + d;
  history[lane] = (HISTORY_AFTER[was] as number) + sortStep(d);
  return d === 0 ? 0 : 1;
}

/** @param mantissa first of the mantissa's contexts, or -1 for none */
function decodeMagnitude(
  from: RangeDecoder,
  odds: Uint32Array,
  prefix: number,
  stop: number,
  mantissa: number,
): number {
  let e = 0;
  while (e < stop && decodeBit(from, odds, prefix + e) === 1) e++;
  if (e === 0) return 1;
  if (e === stop) return decodeRaw(from, 32);
  let v = 1;
  let left = e;
  if (mantissa >= 0) {
    left--;
    const first = decodeBit(from, odds, mantissa + 4 * e + 1);
    v = 2 + first;
    if (left > 0) {
      left--;
      v = 2 * v + decodeBit(from, odds, mantissa + 4 * e + 2 + first);
    }
  }
  return left === 0 ? v : (v << left) | decodeRaw(from, left);
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
