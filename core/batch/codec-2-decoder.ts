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

/**
 * One row. Code and range live in variables: in memory each bit would wait for the one before it to
 * be written and read again. Whatever is rare hands them over in `state`.
 */
function decodeRow(from: RangeDecoder, model: Model, plan: LanePlan, row: number): void {
  const { lanes, odds, last, seen, history } = model;
  const { cells, isPartial } = plan;
  const { state } = from;
  const busy = ZERO + ZERO_PER_ACTIVITY * activityOf(model);
  let code = state[0] as number;
  let range = state[1] as number;
  let act = 0;
  let changed = 0;
  for (let lane = 0; lane < lanes; lane++) {
    if (isPartial[lane] === 1 || seen[lane] === 0) {
      state[0] = code;
      state[1] = range;
      const sort = decodeSpecial(from, model, plan, lane, row);
      code = state[0] as number;
      range = state[1] as number;
      if (sort === ABSENT) lane += plan.more[lane] as number;
      if (sort !== KNOWN) {
        changed = 0;
        continue;
      }
    }
    // Two of three cells end here, in one bit.
    const was = history[lane] as number;
    const k = lane * CONTEXTS + busy + (ZERO_OF[was] as number) + changed;
    const now = odds[k] as number;
    const bound = scale(range, now);
    if (code < bound) {
      odds[k] = learnZero(now);
      range = bound;
      history[lane] = HISTORY_AFTER[was] as number;
      changed = 0;
      if (range < RANGE_MIN) {
        state[0] = code;
        state[1] = range;
        shiftIn(from);
        code = state[0] as number;
        range = state[1] as number;
      }
    } else {
      odds[k] = learnOne(now);
      state[0] = code - bound;
      state[1] = range - bound;
      if (range - bound < RANGE_MIN) shiftIn(from);
      changed = decodeChange(from, model, lane);
      act += changed;
      code = state[0] as number;
      range = state[1] as number;
    }
    (cells[lane] as Int32Array)[row] = last[lane] as number;
  }
  state[0] = code;
  state[1] = range;
  model.act = act;
}

/** A cell of which more than its difference has to be known. */
const ABSENT = 0;
/** Its first value was read. */
const FIRST = 1;
/** Like any other. */
const KNOWN = 2;

function decodeSpecial(
  from: RangeDecoder,
  model: Model,
  plan: LanePlan,
  lane: number,
  row: number,
): number {
  if (plan.isPartial[lane] === 1 && decodePresence(from, model, plan, lane, row) === 0) {
    return ABSENT;
  }
  if (model.seen[lane] === 1) return KNOWN;
  decodeFirst(from, model, lane);
  (plan.cells[lane] as Int32Array)[row] = model.last[lane] as number;
  return FIRST;
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

/**
 * A difference that is known not to be 0. Returns 1, or 0 where a hostile block says 0 anyway.
 *
 * Sign, length and first bits one after the other in variables, as in `decodeRow`.
 */
function decodeChange(from: RangeDecoder, model: Model, lane: number): number {
  const { odds, last, history } = model;
  const { state, bytes } = from;
  const end = bytes.length;
  const base = lane * CONTEXTS;
  const was = history[lane] as number;
  let at = from.at;
  let code = state[0] as number;
  let range = state[1] as number;

  let k = base + SIGN + (SIGN_OF[was] as number);
  let now = odds[k] as number;
  let bound = scale(range, now);
  let isNegative = false;
  if (code < bound) {
    odds[k] = learnZero(now);
    range = bound;
  } else {
    odds[k] = learnOne(now);
    code = (code - bound) >>> 0;
    range = (range - bound) >>> 0;
    isNegative = true;
  }
  while (range < RANGE_MIN) {
    code = ((code << 8) | (at < end ? (bytes[at] as number) : 0)) >>> 0;
    range = (range << 8) >>> 0;
    at++;
  }

  const prefix = base + PREFIX + (PREFIX_OF[was] as number);
  let e = 0;
  for (; e < DELTA_STOP; e++) {
    k = prefix + e;
    now = odds[k] as number;
    bound = scale(range, now);
    const isLast = code < bound;
    if (isLast) {
      odds[k] = learnZero(now);
      range = bound;
    } else {
      odds[k] = learnOne(now);
      code = (code - bound) >>> 0;
      range = (range - bound) >>> 0;
    }
    while (range < RANGE_MIN) {
      code = ((code << 8) | (at < end ? (bytes[at] as number) : 0)) >>> 0;
      range = (range << 8) >>> 0;
      at++;
    }
    if (isLast) break;
  }

  let v = 1;
  let left = e === DELTA_STOP ? 32 : e;
  let context = base + MANTISSA + 4 * e + 1;
  for (let known = 0; known < 2 && left > 0 && e < DELTA_STOP; known++) {
    now = odds[context] as number;
    bound = scale(range, now);
    if (code < bound) {
      odds[context] = learnZero(now);
      range = bound;
      v = 2 * v;
    } else {
      odds[context] = learnOne(now);
      code = (code - bound) >>> 0;
      range = (range - bound) >>> 0;
      v = 2 * v + 1;
    }
    while (range < RANGE_MIN) {
      code = ((code << 8) | (at < end ? (bytes[at] as number) : 0)) >>> 0;
      range = (range << 8) >>> 0;
      at++;
    }
    left--;
    context = base + MANTISSA + 4 * e + v;
  }
  for (; left > 0; left--) {
    const half = range >>> 1;
    // -1 where the bit is 0; both numbers fit, because code < range.
    const mask = (code - half) >> 31;
    code = (code - half + (half & mask)) >>> 0;
    v = (2 * v + 1 + mask) | 0;
    range = half;
    while (range < RANGE_MIN) {
      code = ((code << 8) | (at < end ? (bytes[at] as number) : 0)) >>> 0;
      range = (range << 8) >>> 0;
      at++;
    }
  }

  from.at = at;
  state[0] = code;
  state[1] = range;
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
