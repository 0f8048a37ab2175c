/** Files with a heat pump's columns → cells. A `label` column is never read. */
import { findChannel } from "#core/anomaly/channel.js";
import { type CellGrid, gridPolls } from "#core/anomaly/grid.js";
import { guessModes } from "#core/anomaly/guess-mode.js";
import { MODES } from "#core/anomaly/operating-row.js";
import { HeatpoolError } from "#core/errors.js";
import { type CsvTable, numbersOf, readCsv, textsOf, timesOf } from "./csv-table.js";
import { type FilePlan, OWN_COLUMNS } from "./plan-file.js";

const UNKNOWN = MODES.indexOf("unknown");

/** A file's cells, and where its rows went. */
export interface HeatPumpFile {
  readonly grid: CellGrid;
  /** As they stand in the file. */
  readonly timestamps: readonly string[];
  readonly atMs: Float64Array;
}

/** Reads a file; `keep` limits which channels are taken. */
export function readHeatPump(path: string, keep: (channel: string) => boolean): CellGrid {
  return readHeatPumpFile(path, OWN_COLUMNS, keep).grid;
}

/** Reads a file whose columns mean what `plan` says. */
export function readHeatPumpFile(
  path: string,
  plan: FilePlan,
  keep: (channel: string) => boolean = () => true,
): HeatPumpFile {
  const table = readCsv(path, plan.delimiter);
  if (!table.columns.includes(plan.timestamp))
    throw new HeatpoolError("INVALID_ARGUMENT", `${path}: no column ${plan.timestamp}`, {
      hint: `It has ${table.columns.slice(0, 12).join(", ")}. Say with --plan which one is the time.`,
    });
  const known = Object.entries(plan.channels).filter(
    ([column, channel]) => table.columns.includes(column) && keep(channel),
  );
  if (known.length === 0)
    throw new HeatpoolError("INVALID_ARGUMENT", `${path}: no column that is known`, {
      hint: "Say with --plan which column is which channel, or use --generic.",
    });
  const timestamps = textsOf(table, plan.timestamp);
  const atMs = timesOf(path, table, plan.timestamp);
  const hasModes = plan.mode !== undefined && table.columns.includes(plan.mode.column);
  const grid = gridPolls({
    atMs,
    channels: known.map(([, channel]) => findChannel(channel) ?? 0),
    columns: known.map(([column]) => numbersOf(table, column)),
    ...(hasModes && { modes: modesOf(table, plan) }),
  });
  return { grid: hasModes ? grid : guessModes(grid), timestamps, atMs };
}

function modesOf(table: CsvTable, { mode }: FilePlan): Uint8Array {
  return Uint8Array.from(textsOf(table, mode?.column ?? ""), (text) => {
    const name = mode?.values[text.trim().replace(/\.0$/, "")];
    return name === undefined ? UNKNOWN : MODES.indexOf(name);
  });
}
