/**
 * Sealed batches to rows: what was sealed, cell by cell and millisecond by millisecond.
 */
import { HeatpoolError } from "#core/errors.js";
import { decodeBlock } from "./block.js";
import type { ChannelTable } from "./channel-table.js";
import { type Columns, createColumns, isPresent, readTimes } from "./columns.js";
import { isSameDigest } from "./digest.js";
import { ROWS_MAX } from "./limits.js";
import type { SealedBatch } from "./sealed-batch.js";
import { listChannelLanes, readValue } from "./value-lanes.js";

/** One snapshot of a batch. */
export interface BatchRow {
  /** Unix milliseconds. */
  readonly atMs: number;
  /** Values by metric; an absent cell has no entry. */
  readonly values: ReadonlyMap<string, number>;
}

/**
 * Decodes a sealed batch and proves that it is what was sealed.
 *
 * @param into columns made for `table`, when they are to be reused
 * @throws HeatpoolError `DIGEST_MISMATCH` other content than its digest names, `BATCH_MALFORMED`,
 *   `BATCH_TOO_LARGE`
 */
export function openSealed(
  sealed: SealedBatch,
  table: ChannelTable,
  into: Columns = createColumns(table, Math.min(sealed.rows, ROWS_MAX)),
): Columns {
  if (!isSameDigest(sealed.tableId, table.id)) {
    throw new HeatpoolError("DIGEST_MISMATCH", "batch was sealed with another channel table");
  }
  const { digest } = decodeBlock(sealed, table, into);
  if (!isSameDigest(digest, sealed.digest)) {
    const what = `batch of ${sealed.rows} rows at slot ${sealed.slot}: content has another digest`;
    throw new HeatpoolError("DIGEST_MISMATCH", what);
  }
  return into;
}

/** The rows of decoded columns, oldest first. For people and tests; hot paths walk the columns. */
export function* readRows(columns: Columns, table: ChannelTable): Generator<BatchRow> {
  const times = new Float64Array(columns.rows);
  readTimes(columns, times);
  const lanes = listChannelLanes(columns, table);
  for (const [row, atMs] of times.entries()) {
    const values = new Map<string, number>();
    for (const [c, channel] of table.channels.entries()) {
      const cells = lanes[c];
      if (cells === undefined || !isPresent(columns, c, row)) continue;
      values.set(channel.metric, readValue(cells, row, channel));
    }
    yield { atMs, values };
  }
}
