/**
 * Snapshots to sealed batches.
 *
 * A batch holds consecutive snapshots whose time rises; where it does not (a clock was set back),
 * where a limit is reached, or where the bytes do not fit, another batch begins. Nothing is
 * reordered and no snapshot is left out; readings without a value, and metrics that the table does
 * not name, leave an absent cell.
 */
import assert from "node:assert/strict";
import { HeatpoolError } from "#core/errors.js";
import type { Reading, Snapshot } from "#core/measurement/snapshot.js";
import { type EncodedBlock, encodeBlock } from "./block.js";
import type { ChannelTable } from "./channel-table.js";
import { type Columns, createColumns, growColumn, growTimes } from "./columns.js";
import { BLOCK_BYTES_MAX, CELLS_MAX, ROWS_MAX, SLOTS_MAX } from "./limits.js";
import { NO_PRIOR, type PriorId } from "./prior.js";
import type { SealedBatch } from "./sealed-batch.js";
import { listChannelLanes, writeValue } from "./value-lanes.js";

/** What all snapshots of a batch share. */
export interface SealStream {
  readonly deviceId: string;
  readonly table: ChannelTable;
  readonly stepMs: number;
}

/** How batches are cut and stamped. */
export interface SealRules {
  /** Greatest block; a batch above it is halved. */
  readonly blockBytesMax: number;
  /** Greatest number of snapshots. */
  readonly rowsMax: number;
  /** A row this near to its slot is stamped with the slot; 0: every millisecond is kept. */
  readonly timeToleranceMs: number;
  /** What codec 2 starts from. */
  readonly prior: PriorId;
}

const RULES: SealRules = {
  blockBytesMax: BLOCK_BYTES_MAX,
  rowsMax: ROWS_MAX,
  timeToleranceMs: 0,
  prior: NO_PRIOR,
};

const DEFLATED_CODEC = 1;
const RANGE_CODEC = 2;

/** A snapshot with its place on the time grid. */
interface Row {
  readonly snapshot: Snapshot;
  readonly slot: number;
  readonly off: number;
}

/**
 * Turns snapshots into batches, in order.
 *
 * @param snapshots of the stream's device
 * @throws HeatpoolError `BATCH_TOO_LARGE` when a single snapshot does not fit `blockBytesMax`
 */
export function sealSnapshots(
  snapshots: readonly Snapshot[],
  stream: SealStream,
  codec: number,
  rules: Partial<SealRules> = {},
): SealedBatch[] {
  const all = { ...RULES, ...rules };
  const columns = createColumns(stream.table, Math.min(snapshots.length, ROWS_MAX));
  return planBatches(snapshots, stream, all).flatMap((rows) =>
    sealRows(rows, stream, { ...all, codec, columns }),
  );
}

/** Cuts the snapshots into runs that one batch each may hold. */
function planBatches(
  snapshots: readonly Snapshot[],
  stream: SealStream,
  rules: SealRules,
): readonly Row[][] {
  const cellRows = Math.floor(CELLS_MAX / Math.max(1, stream.table.lanes));
  const rowsMax = Math.max(1, Math.min(rules.rowsMax, ROWS_MAX, cellRows));
  const batches: Row[][] = [];
  let rows: Row[] = [];
  for (const snapshot of snapshots) {
    assert.equal(snapshot.deviceId, stream.deviceId, "a batch is of one device");
    const row = placeRow(snapshot, rows.at(-1), stream.stepMs, rules.timeToleranceMs);
    const first = rows[0];
    const last = rows.at(-1);
    const fits =
      first === undefined ||
      last === undefined ||
      (rows.length < rowsMax && isAfter(row, last) && row.slot - first.slot < SLOTS_MAX);
    if (rows.length === 0 || !fits) {
      rows = [];
      batches.push(rows);
    }
    rows.push(row);
  }
  return batches;
}

/** Places a snapshot on the grid; within the tolerance its time is its slot's. */
function placeRow(
  snapshot: Snapshot,
  last: Row | undefined,
  stepMs: number,
  timeToleranceMs: number,
): Row {
  const atMs = Math.round(snapshot.takenAtMs);
  const slot = Math.ceil(atMs / stepMs - 0.5);
  const exact: Row = { snapshot, slot, off: atMs - slot * stepMs };
  if (Math.abs(exact.off) > timeToleranceMs) return exact;
  const stamped: Row = { snapshot, slot, off: 0 };
  // Two rows that would fall on one slot keep the milliseconds that tell them apart.
  return last === undefined || isAfter(stamped, last) ? stamped : exact;
}

function isAfter(row: Row, last: Row): boolean {
  return row.slot > last.slot || (row.slot === last.slot && row.off > last.off);
}

interface SealWork extends SealRules {
  readonly codec: number;
  readonly columns: Columns;
}

function sealRows(rows: readonly Row[], stream: SealStream, work: SealWork): SealedBatch[] {
  const { columns, codec, blockBytesMax, prior } = work;
  const readings = fillColumns(columns, rows, stream);
  const encoded = encodeDensest(columns, stream.table, codec, prior);
  if (encoded.block.length > blockBytesMax) {
    if (rows.length === 1) {
      const what = `one snapshot takes ${encoded.block.length} bytes, at most ${blockBytesMax}`;
      throw new HeatpoolError("BATCH_TOO_LARGE", what);
    }
    const middle = rows.length >> 1;
    return [rows.slice(0, middle), rows.slice(middle)].flatMap((half) =>
      sealRows(half, stream, work),
    );
  }
  const { deviceId, stepMs, table } = stream;
  const { slot } = columns;
  const facts = { deviceId, tableId: table.id, stepMs, slot, rows: rows.length, readings };
  const start = encoded.codec === RANGE_CODEC && prior !== NO_PRIOR ? { prior } : {};
  return [{ ...facts, ...start, ...encoded }];
}

/**
 * Codec 2 does not know the bits of floats without a resolution: where most channels are such,
 * codec 1 takes up to a quarter less; where few are, up to a third more (measured). So a table that
 * has any is coded both ways.
 */
function encodeDensest(
  columns: Columns,
  table: ChannelTable,
  codec: number,
  prior: PriorId,
): EncodedBlock & { readonly codec: number } {
  const encoded = { ...encodeBlock(columns, table, codec, prior), codec };
  const hasBits = table.channels.some(({ encoding }) => encoding === "f32" || encoding === "f64");
  if (codec !== RANGE_CODEC || !hasBits) return encoded;
  const deflated = encodeBlock(columns, table, DEFLATED_CODEC);
  return deflated.block.length < encoded.block.length
    ? { ...deflated, codec: DEFLATED_CODEC }
    : encoded;
}

/** Fills the columns. Returns the number of present cells. */
function fillColumns(columns: Columns, rows: readonly Row[], stream: SealStream): number {
  clearColumns(columns, stream.table, rows.length);
  columns.stepMs = stream.stepMs;
  columns.slot = rows[0]?.slot ?? 0;
  let slot = columns.slot - 1;
  const putReading = createCellWriter(columns, stream.table);
  let readings = 0;
  for (const [k, row] of rows.entries()) {
    columns.gap[k] = row.slot - slot - 1;
    columns.off[k] = row.off;
    slot = row.slot;
    for (const reading of row.snapshot.readings) {
      if (putReading(k, reading)) readings++;
    }
  }
  return readings;
}

/** Makes room for `rows` rows without any cell. */
function clearColumns(columns: Columns, table: ChannelTable, rows: number): void {
  columns.rows = rows;
  columns.counts.fill(0);
  growTimes(columns, rows);
  for (let c = 0; c < table.channels.length; c++) growColumn(columns, table, c, rows);
  for (const present of columns.present) present.fill(0, 0, rows);
}

/** Puts readings into their cells. What it returns says whether a cell became present. */
function createCellWriter(
  columns: Columns,
  table: ChannelTable,
): (row: number, reading: Reading) => boolean {
  const lanes = listChannelLanes(columns, table);
  const indexOf = new Map(table.channels.map((channel, c) => [channel.metric, c]));
  return (row, { metric, value }) => {
    const c = indexOf.get(metric) ?? -1;
    const channel = table.channels[c];
    const cells = lanes[c];
    const present = columns.present[c];
    if (!channel || !cells || !present || value === undefined) return false;
    if (!writeValue(cells, row, channel, value) || present[row] === 1) return false;
    present[row] = 1;
    columns.counts[c] = (columns.counts[c] ?? 0) + 1;
    return true;
  };
}
