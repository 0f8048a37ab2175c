/**
 * Blocks: columns to bytes and back, with their digest.
 *
 * A content has exactly one codec-0 form, and the digest is taken of that form, so it does not
 * depend on the codec. Decoding believes no claim before it is checked: memory and time are bounded
 * by the limits alone, and every fault has its own message. Source of the format: `docs/adr` and
 * the golden vectors in `test/vectors`.
 */
import { HeatpoolError } from "#core/errors.js";
import type { ChannelTable } from "./channel-table.js";
import { readLane, readPresence, writeLane, writePresence } from "./codec-0.js";
import { deflatePlain, inflatePlain } from "./codec-1.js";
import { type Columns, growColumn, growTimes } from "./columns.js";
import { digestBlock } from "./digest.js";
import { type Layout, planLayout, readLayout, writeLayout } from "./layout.js";
import {
  BLOCK_BYTES_MAX,
  CELLS_MAX,
  isCodec,
  PLAIN_BYTES_MAX,
  ROWS_MAX,
  SLOTS_MAX,
  STEP_MS_MAX,
  STEP_MS_MIN,
} from "./limits.js";
import { type Cursor, malformed, VARINT_BYTES_MAX } from "./varint.js";

/** An encoded block and what is said about it. */
export interface EncodedBlock {
  readonly block: Uint8Array;
  /** Length in codec 0. */
  readonly plainBytes: number;
  readonly digest: Uint8Array;
}

/** A block as it came, with the claims that came beside it. */
export interface BlockToDecode {
  readonly codec: number;
  /** Length in codec 0; may be 0 (not said) except for codec 1. */
  readonly plainBytes: number;
  readonly rows: number;
  readonly slot: number;
  readonly stepMs: number;
  readonly block: Uint8Array;
}

/** Encoders write here before they know the length; results are copies. Grows to the largest. */
let scratch = new Uint8Array(0);
let dense = new Int32Array(0);

/**
 * Encodes what `columns` hold.
 *
 * @throws HeatpoolError `BATCH_TOO_LARGE`, `BATCH_MALFORMED` columns beyond the limits
 */
export function encodeBlock(columns: Columns, table: ChannelTable, codec: number): EncodedBlock {
  checkCodec(codec);
  checkFacts(columns);
  checkTimes(columns);
  const plain = encodePlain(columns, table);
  const digest = digestBlock({ ...columns, tableId: table.id }, plain);
  const block = codec === 0 ? plain.slice() : deflatePlain(plain);
  if (block.length > BLOCK_BYTES_MAX) throw tooLarge(`block of ${block.length} bytes`);
  return { block, plainBytes: plain.length, digest };
}

/**
 * Decodes into `into`, whose buffers are reused; after an error its content means nothing.
 *
 * @param into columns made for the same table
 * @returns the digest of what was decoded; it is for the caller to compare
 * @throws HeatpoolError `BATCH_MALFORMED` against the format · `BATCH_TOO_LARGE` beyond a limit
 */
export function decodeBlock(
  of: BlockToDecode,
  table: ChannelTable,
  into: Columns,
): { digest: Uint8Array } {
  checkCodec(of.codec);
  checkFacts(of);
  checkLengths(of, table);
  const plain = of.codec === 0 ? of.block : inflatePlain(of.block, of.plainBytes);
  into.rows = of.rows;
  into.slot = of.slot;
  into.stepMs = of.stepMs;
  decodePlain(plain, table, into);
  checkTimes(into);
  return { digest: digestBlock({ ...of, tableId: table.id }, plain) };
}

/** The codec-0 form; valid until the next call. */
function encodePlain(columns: Columns, table: ChannelTable): Uint8Array {
  const { rows } = columns;
  const layout = planLayout(columns, table);
  checkCells(rows, layout);
  reserve(plainBytesMax(rows, layout.channels.length, layout.lanes), rows);
  let at = writeLayout(scratch, 0, layout, table);
  at = writeLane(scratch, at, columns.gap, rows);
  at = writeLane(scratch, at, columns.off, rows);
  for (const [position, c] of layout.channels.entries()) {
    at = writeColumn(at, columns, table, c, layout.isPartial[position] === true);
  }
  return scratch.subarray(0, at);
}

function writeColumn(
  at: number,
  columns: Columns,
  table: ChannelTable,
  c: number,
  isPartial: boolean,
): number {
  const { rows } = columns;
  const present = columns.present[c] as Uint8Array;
  let next = isPartial ? writePresence(scratch, at, present, rows) : at;
  const end = table.laneStarts[c + 1] as number;
  for (let l = table.laneStarts[c] as number; l < end; l++) {
    const lane = columns.lanes[l] as Int32Array;
    if (!isPartial) {
      next = writeLane(scratch, next, lane, rows);
      continue;
    }
    let cells = 0;
    for (let row = 0; row < rows; row++) {
      if (present[row] === 1) dense[cells++] = lane[row] as number;
    }
    next = writeLane(scratch, next, dense, cells);
  }
  return next;
}

function decodePlain(plain: Uint8Array, table: ChannelTable, into: Columns): void {
  const { rows } = into;
  const from: Cursor = { bytes: plain, at: 0 };
  const layout = readLayout(from, table);
  checkCells(rows, layout);
  growTimes(into, rows);
  into.counts.fill(0);
  readLane(from, into.gap, rows);
  readLane(from, into.off, rows);
  for (const [position, c] of layout.channels.entries()) {
    growColumn(into, table, c, rows);
    readColumn(from, into, table, c, layout.isPartial[position] === true);
  }
  const trailing = plain.length - from.at;
  if (trailing !== 0) throw malformed(`${trailing} bytes after the last cell`);
}

function readColumn(
  from: Cursor,
  into: Columns,
  table: ChannelTable,
  c: number,
  isPartial: boolean,
): void {
  const { rows } = into;
  const present = into.present[c] as Uint8Array;
  const count = isPartial ? readPresence(from, present, rows) : rows;
  into.counts[c] = count;
  const end = table.laneStarts[c + 1] as number;
  for (let l = table.laneStarts[c] as number; l < end; l++) {
    const lane = into.lanes[l] as Int32Array;
    readLane(from, lane, count);
    if (isPartial) spread(lane, present, count, rows);
  }
}

/** Moves the first `count` numbers to the rows where cells are present; from the end, in place. */
function spread(lane: Int32Array, present: Uint8Array, count: number, rows: number): void {
  let from = count;
  for (let row = rows - 1; row >= from; row--) {
    if (present[row] === 1) lane[row] = lane[--from] as number;
  }
}

function reserve(bytes: number, rows: number): void {
  if (scratch.length < bytes) scratch = new Uint8Array(bytes);
  if (dense.length < rows) dense = new Int32Array(rows);
}

/** No codec-0 block within the limits is longer: lists, two time lanes, presence, cells. */
function plainBytesMax(rows: number, channels: number, lanes: number): number {
  const lists = 1 + 2 * VARINT_BYTES_MAX * (1 + channels);
  const presence = channels * (rows + VARINT_BYTES_MAX);
  const cells = 2 * rows + Math.min(lanes * rows, CELLS_MAX);
  return lists + presence + cells * VARINT_BYTES_MAX;
}

function tooLarge(what: string): HeatpoolError {
  return new HeatpoolError("BATCH_TOO_LARGE", what);
}

function checkCodec(codec: number): void {
  if (!isCodec(codec)) throw malformed(`codec ${codec} is not known`);
}

function checkFacts(of: { rows: number; slot: number; stepMs: number }): void {
  if (!Number.isInteger(of.rows) || of.rows < 1) throw malformed(`${of.rows} rows`);
  if (of.rows > ROWS_MAX) throw tooLarge(`${of.rows} rows, at most ${ROWS_MAX}`);
  const isStep =
    Number.isInteger(of.stepMs) && of.stepMs >= STEP_MS_MIN && of.stepMs <= STEP_MS_MAX;
  if (!isStep) throw malformed(`step of ${of.stepMs} ms`);
  const isSlot = Number.isInteger(of.slot) && of.slot >= 0;
  if (!isSlot || !Number.isSafeInteger((of.slot + SLOTS_MAX) * of.stepMs)) {
    throw malformed(`slot ${of.slot}`);
  }
}

function checkCells(rows: number, layout: Layout): void {
  const cells = rows * layout.lanes;
  if (cells > CELLS_MAX) {
    throw tooLarge(`${rows} rows of ${layout.lanes} lanes, at most ${CELLS_MAX} cells`);
  }
}

function checkLengths(of: BlockToDecode, table: ChannelTable): void {
  const { block, plainBytes, codec } = of;
  if (block.length > BLOCK_BYTES_MAX) {
    throw tooLarge(`block of ${block.length} bytes, at most ${BLOCK_BYTES_MAX}`);
  }
  if (plainBytes > PLAIN_BYTES_MAX) {
    throw tooLarge(`${plainBytes} bytes in codec 0, at most ${PLAIN_BYTES_MAX}`);
  }
  if (codec === 0 && plainBytes !== 0 && plainBytes !== block.length) {
    throw malformed(`block of ${block.length} bytes, ${plainBytes} declared`);
  }
  const most = plainBytesMax(of.rows, table.channels.length, table.lanes);
  if (!Number.isInteger(plainBytes) || plainBytes < 0 || plainBytes > most) {
    throw malformed(`${plainBytes} bytes declared, ${of.rows} rows take at most ${most}`);
  }
}

function checkTimes(columns: Columns): void {
  const { gap, off, rows, stepMs } = columns;
  const half = stepMs / 2;
  if (gap[0] !== 0) throw malformed(`first row has gap ${gap[0]}`);
  let span = 0;
  for (let row = 0; row < rows; row++) {
    const skipped = gap[row] as number;
    const ms = off[row] as number;
    if (ms <= -half || ms > half) throw malformed(`row ${row} is ${ms} ms from its slot`);
    const isRising = skipped >= 0 || (skipped === -1 && ms > (off[row - 1] as number));
    if (!isRising) throw malformed(`time does not rise at row ${row}`);
    span += 1 + skipped;
    if (span > SLOTS_MAX) throw tooLarge(`more than ${SLOTS_MAX} slots`);
  }
}
