/** A recording of one machine, as a file of columns, to cells. A `label` column is never read. */
import { gunzipSync } from "node:zlib";
import { parse } from "csv-parse/sync";
import { findChannel } from "#core/anomaly/channel.js";
import { type CellGrid, gridPolls } from "#core/anomaly/grid.js";
import { guessModes } from "#core/anomaly/guess-mode.js";
import { METRIC_CHANNELS } from "#core/anomaly/metric-channels.js";
import { MODES } from "#core/anomaly/operating-row.js";
import { HeatpoolError } from "#core/errors.js";

/** Names that recordings have for metrics of the catalogue. */
const ALSO: Readonly<Record<string, string>> = { fan_speed: "fan", temp_discharge: "discharge" };
const TIME = "timestamp";
const MODE = "mode";
const UNKNOWN = MODES.indexOf("unknown");
/** A file that unpacks to more is no recording of one machine. */
const BYTES_MAX = 256 * 1024 * 1024;
/** Gzip files begin with these bytes. */
const GZIP = [0x1f, 0x8b];

/**
 * Reads a recording; columns it does not know are not looked at.
 *
 * @param modes name of the mode by what stands in the column `mode`
 * @throws HeatpoolError `INVALID_ARGUMENT` naming the line
 */
export function readRecording(
  bytes: Uint8Array,
  modes: Readonly<Record<string, string>>,
): CellGrid {
  const [names = [], ...records] = parseText(bytes);
  const place = (name: string) => names.findIndex((one) => one.trim() === name);
  const timeAt = place(TIME);
  if (timeAt < 0) throw new HeatpoolError("INVALID_ARGUMENT", `no column ${TIME}`);
  const known = names.flatMap((name, column) => {
    const id = METRIC_CHANNELS[name.trim()] ?? ALSO[name.trim()];
    const channel = id === undefined ? undefined : findChannel(id);
    return channel === undefined ? [] : [{ column, channel }];
  });
  const modeAt = place(MODE);
  const grid = gridPolls({
    atMs: Float64Array.from(records, (record, row) => toMs(record[timeAt] ?? "", row)),
    channels: known.map(({ channel }) => channel),
    columns: known.map(({ column }) => Float64Array.from(records, (one) => toNumber(one[column]))),
    ...(modeAt >= 0 && {
      modes: Uint8Array.from(records, (one) => modeOf(modes[(one[modeAt] ?? "").trim()])),
    }),
  });
  return modeAt >= 0 ? grid : guessModes(grid);
}

function parseText(bytes: Uint8Array): readonly (readonly string[])[] {
  try {
    const isGzip = GZIP.every((byte, at) => bytes[at] === byte);
    const plain = isGzip ? gunzipSync(bytes, { maxOutputLength: BYTES_MAX }) : bytes;
    return parse(Buffer.from(plain), { bom: true, relax_column_count: true });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new HeatpoolError("INVALID_ARGUMENT", `is no CSV file: ${why}`, { cause });
  }
}

/** `2025-10-02 00:00:00+00:00`, with a zone. */
function toMs(text: string, row: number): number {
  const atMs = timeOf(text);
  if (Number.isFinite(atMs)) return atMs;
  throw new HeatpoolError("INVALID_ARGUMENT", `line ${row + 2}: "${text}" is no time with a zone`);
}

/** Milliseconds since 1970; NaN for what is no time with a zone. */
export function timeOf(text: string): number {
  const iso = text.trim().replace(" ", "T");
  return /(Z|[+-]\d\d:?\d\d)$/.test(iso) ? Date.parse(iso) : Number.NaN;
}

function toNumber(text: string | undefined): number {
  return text === undefined || text.trim() === "" ? Number.NaN : Number(text);
}

function modeOf(name: string | undefined): number {
  const index = (MODES as readonly string[]).indexOf(name ?? "unknown");
  return index < 0 ? UNKNOWN : index;
}
