/**
 * A table of simulated records: one column of numbers per quantity, what was wrong at the time, and
 * the same as text in the form of the public data sets.
 */
import type { Fault } from "./faults.js";
import { FAULTS } from "./faults.js";
import { COLUMNS, type Column, type Reading } from "./sensors.js";

/** Records in the order in which they were made. */
export interface SimulatedTable {
  readonly length: number;
  /** As the recorder's clock told. */
  readonly timesMs: Float64Array;
  /** NaN = absent. */
  readonly columns: Readonly<Record<Column, Float64Array>>;
  /** Ground truth: index in `FAULTS`, -1 where nothing is wrong. */
  readonly faults: Int8Array;
}

/** A record with its time and the truth. */
export interface SimulatedRow {
  readonly atMs: number;
  readonly reading: Reading;
  readonly fault: Fault | undefined;
}

/** An empty table. */
export function createTable(length: number): SimulatedTable {
  const columns = Object.fromEntries(
    COLUMNS.map((column) => [column, new Float64Array(length)]),
  ) as Record<Column, Float64Array>;
  return { length, timesMs: new Float64Array(length), columns, faults: new Int8Array(length) };
}

/** The records from `from` to before `to`, with numbers of their own. */
export function cutTable(table: SimulatedTable, keep: readonly number[]): SimulatedTable {
  const cut = createTable(keep.length);
  for (const [to, from] of keep.entries()) {
    cut.timesMs[to] = table.timesMs[from] ?? 0;
    cut.faults[to] = table.faults[from] ?? -1;
    for (const column of COLUMNS)
      cut.columns[column][to] = table.columns[column][from] ?? Number.NaN;
  }
  return cut;
}

/** The records one by one. */
export function* rowsOfTable(table: SimulatedTable): Generator<SimulatedRow> {
  for (let row = 0; row < table.length; row++) {
    const reading = Object.fromEntries(
      COLUMNS.map((column) => [column, table.columns[column][row] ?? Number.NaN]),
    ) as Reading;
    yield {
      atMs: table.timesMs[row] ?? 0,
      reading,
      fault: FAULTS[table.faults[row] ?? -1],
    };
  }
}

/** Lines of CSV: `timestamp`, the columns, `label` (empty = nothing is wrong). */
export function* tableToCsv(table: SimulatedTable): Generator<string> {
  yield `timestamp,${COLUMNS.join(",")},label\n`;
  for (const { atMs, reading, fault } of rowsOfTable(table)) {
    const time = new Date(atMs).toISOString().replace("T", " ").replace(".000Z", "+00:00");
    const cells = COLUMNS.map((column) => (Number.isNaN(reading[column]) ? "" : reading[column]));
    yield `${time},${cells.join(",")},${fault ?? ""}\n`;
  }
}
