/**
 * Blocks: columns to bytes and back, with their digest.
 *
 * A content has exactly one codec-0 form, and the digest is taken of that form, so it does not
 * depend on the codec. Decoding believes no claim before it is checked: memory and time are bounded
 * by the limits alone, and every fault has its own message. `test/vectors` holds blocks of every
 * released version as literal bytes.
 */
import {
  type BlockClaims,
  checkCodec,
  checkFacts,
  checkLengths,
  checkTimes,
  tooLarge,
} from "./block-checks.js";
import type { ChannelTable } from "./channel-table.js";
import { deflatePlain, inflatePlain } from "./codec-1.js";
import { decodeRange } from "./codec-2-decoder.js";
import { encodeRange } from "./codec-2-encoder.js";
import type { StartModel } from "./codec-2-lanes.js";
import { startAlone } from "./codec-2-start.js";
import type { Columns } from "./columns.js";
import { digestBlock } from "./digest.js";
import { BLOCK_BYTES_MAX } from "./limits.js";
import { decodePlain, encodePlain } from "./plain-block.js";
import { NO_PRIOR, type PriorId } from "./prior.js";
import { malformed } from "./varint.js";

/** An encoded block and what is said about it. */
export interface EncodedBlock {
  readonly block: Uint8Array;
  /** Length in codec 0. */
  readonly plainBytes: number;
  readonly digest: Uint8Array;
}

/**
 * Encodes what `columns` hold.
 *
 * @param prior what codec 2 starts from; the other codecs do not ask
 * @throws HeatpoolError `BATCH_TOO_LARGE`, `BATCH_MALFORMED` columns beyond the limits
 */
export function encodeBlock(
  columns: Columns,
  table: ChannelTable,
  codec: number,
  prior: PriorId = NO_PRIOR,
): EncodedBlock {
  checkCodec(codec);
  checkFacts(columns);
  checkTimes(columns);
  const plain = encodePlain(columns, table);
  const digest = digestBlock({ ...columns, tableId: table.id }, plain);
  const plainBytes = plain.length;
  const block = codec === 2 ? encodeAlone(columns, table, prior) : carry(plain, codec);
  if (block.length > BLOCK_BYTES_MAX) throw tooLarge(`block of ${block.length} bytes`);
  return { block, plainBytes, digest };
}

/**
 * Decodes into `into`, whose buffers are reused; after an error its content means nothing.
 *
 * @param into columns made for the same table
 * @param start where a block of codec 2 begins that is not self-contained
 * @returns the digest of what was decoded; it is for the caller to compare
 * @throws HeatpoolError `BATCH_MALFORMED` against the format · `BATCH_TOO_LARGE` beyond a limit
 */
export function decodeBlock(
  of: BlockClaims,
  table: ChannelTable,
  into: Columns,
  start?: StartModel,
): { digest: Uint8Array } {
  checkCodec(of.codec);
  checkFacts(of);
  checkLengths(of, table);
  into.rows = of.rows;
  into.slot = of.slot;
  into.stepMs = of.stepMs;
  const plain = fill(into, of, table, start);
  checkTimes(into);
  return { digest: digestBlock({ ...of, tableId: table.id }, plain) };
}

/** The bytes of codec 0 or 1; `plain` is only borrowed. */
function carry(plain: Uint8Array, codec: number): Uint8Array {
  return codec === 0 ? plain.slice() : deflatePlain(plain);
}

function encodeAlone(columns: Columns, table: ChannelTable, prior: PriorId): Uint8Array {
  return encodeRange(columns, table, startAlone(table, prior));
}

/** Decodes the cells. Returns the codec-0 form. */
function fill(
  into: Columns,
  of: BlockClaims,
  table: ChannelTable,
  start: StartModel | undefined,
): Uint8Array {
  if (of.codec === 2) {
    decodeRange(of.block, table, into, start ?? startAlone(table, of.prior ?? NO_PRIOR));
    const plain = encodePlain(into, table);
    if (of.plainBytes === 0 || of.plainBytes === plain.length) return plain;
    throw malformed(`${plain.length} bytes in codec 0, ${of.plainBytes} declared`);
  }
  const plain = of.codec === 0 ? of.block : inflatePlain(of.block, of.plainBytes);
  decodePlain(plain, table, into);
  return plain;
}
