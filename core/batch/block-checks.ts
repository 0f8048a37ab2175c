/**
 * What is checked of a block before and after its cells are read. Encoders pass the same checks, so
 * that no end makes what the other refuses.
 */
import { HeatpoolError } from "#core/errors.js";
import type { ChannelTable } from "./channel-table.js";
import type { Columns } from "./columns.js";
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
import { malformed, VARINT_BYTES_MAX } from "./varint.js";

/** A block and what is claimed beside it. */
export interface BlockClaims {
  readonly codec: number;
  /** Length in codec 0; may be 0 (not said) except for codec 1. */
  readonly plainBytes: number;
  readonly rows: number;
  readonly slot: number;
  readonly stepMs: number;
  readonly block: Uint8Array;
  /** What codec 2 starts from; left out: nothing. */
  readonly prior?: number;
}

/** No codec-0 block within the limits is longer: lists, two time lanes, presence, cells. */
export function plainBytesMax(rows: number, channels: number, lanes: number): number {
  const lists = 1 + 2 * VARINT_BYTES_MAX * (1 + channels);
  const presence = channels * (rows + VARINT_BYTES_MAX);
  const cells = 2 * rows + Math.min(lanes * rows, CELLS_MAX);
  return lists + presence + cells * VARINT_BYTES_MAX;
}

/** A block beyond a limit; `what` names it and its values. */
export function tooLarge(what: string): HeatpoolError {
  return new HeatpoolError("BATCH_TOO_LARGE", what);
}

/** @throws HeatpoolError `BATCH_MALFORMED` */
export function checkCodec(codec: number): void {
  if (!isCodec(codec)) throw malformed(`codec ${codec} is not known`);
}

/** Rows, step and slot. @throws HeatpoolError `BATCH_MALFORMED`, `BATCH_TOO_LARGE` */
export function checkFacts(of: { rows: number; slot: number; stepMs: number }): void {
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

/** @throws HeatpoolError `BATCH_TOO_LARGE` */
export function checkCells(rows: number, lanes: number): void {
  const cells = rows * lanes;
  if (cells > CELLS_MAX) {
    throw tooLarge(`${rows} rows of ${lanes} lanes, at most ${CELLS_MAX} cells`);
  }
}

/** Bytes that came and bytes that are claimed. @throws HeatpoolError as above */
export function checkLengths(of: BlockClaims, table: ChannelTable): void {
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

/** Rows rise and lie near their slots. @throws HeatpoolError as above */
export function checkTimes(columns: Columns): void {
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
