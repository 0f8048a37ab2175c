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
import type { Columns } from "./columns.js";
import { digestBlock } from "./digest.js";
import { BLOCK_BYTES_MAX } from "./limits.js";
import { decodePlain, encodePlain } from "./plain-block.js";

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
  of: BlockClaims,
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
