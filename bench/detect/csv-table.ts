/** CSV files, plain or gzipped, as columns. */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { parse } from "csv-parse/sync";
import { HeatpoolError } from "#core/errors.js";

/** Columns by name, as text. */
export interface CsvTable {
  readonly columns: readonly string[];
  readonly records: readonly (readonly string[])[];
}

/** Separators that files use; the one that stands most often in the first line is the file's. */
const DELIMITERS = [",", ";", "\t"];
/** Gzip files begin with these bytes, whatever their name. */
const GZIP = [0x1f, 0x8b];

/**
 * Reads a whole file; names lose blanks around them.
 *
 * @param delimiter left out: as the first line suggests
 * @throws HeatpoolError naming the file, and the line where there is one
 */
export function readCsv(path: string, delimiter?: string): CsvTable {
  const text = readText(path);
  const between = delimiter ?? guessDelimiter(text);
  const [columns = [], ...records] = text.includes('"')
    ? parseQuoted(path, text, between)
    : splitPlain(text, between);
  if (columns.length === 0) throw new HeatpoolError("INVALID_ARGUMENT", `${path}: is empty`);
  return { columns: columns.map((name) => name.trim()), records };
}

function readText(path: string): string {
  try {
    const bytes = readFileSync(path);
    const isGzip = GZIP.every((byte, at) => bytes[at] === byte);
    return (isGzip ? gunzipSync(bytes) : bytes).toString("utf8").replace(/^\uFEFF/, "");
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new HeatpoolError("INVALID_ARGUMENT", `${path}: cannot be read: ${why}`, { cause });
  }
}

function guessDelimiter(text: string): string {
  const [first = ""] = text.split("\n", 1);
  const count = (one: string) => first.split(one).length;
  return DELIMITERS.reduce((best, one) => (count(one) > count(best) ? one : best));
}

function parseQuoted(path: string, text: string, delimiter: string): string[][] {
  try {
    return parse(text, { delimiter, relax_column_count: true, skip_empty_lines: true });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new HeatpoolError("INVALID_ARGUMENT", `${path}: ${why}`, { cause });
  }
}

/** A column as numbers; NaN where it is empty, no number, or not there. */
export function numbersOf(table: CsvTable, name: string): Float64Array {
  const at = table.columns.indexOf(name);
  return Float64Array.from(table.records, (record) => toNumber(record[at]));
}

/** A column as text. */
export function textsOf(table: CsvTable, name: string): string[] {
  const at = table.columns.indexOf(name);
  return table.records.map((record) => record[at] ?? "");
}

/** Digits alone are seconds since 1970 up to this, milliseconds beyond: the year 5138. */
const SECONDS_MAX = 1e11;

/**
 * Unix milliseconds of `2024-10-01 00:00:00+00:00` and its relatives (without a zone: UTC), or of
 * seconds or milliseconds since 1970; NaN for anything else.
 */
export function toMs(text: string): number {
  const plain = text.trim();
  if (/^\d{9,}(\.\d+)?$/.test(plain)) {
    const number = Number(plain);
    return number < SECONDS_MAX ? number * 1_000 : number;
  }
  const iso = plain
    .replace(/\s*(UTC|GMT|Z)$/, "Z")
    .replace(/\s+(?=[+-]\d)/, "")
    .replace(" ", "T");
  if (!/^\d{4}-\d\d-\d\d/.test(iso)) return Number.NaN;
  const zoned = iso.replace(/([+-]\d\d)$/, (zone, _, at) => (at > 10 ? `${zone}:00` : zone));
  const hasZone = /(Z|T.*[+-]\d\d:?\d\d)$/.test(zoned);
  return Date.parse(hasZone || !zoned.includes("T") ? zoned : `${zoned}Z`);
}

/** The column as times. @throws HeatpoolError naming the line of the first that is none */
export function timesOf(path: string, table: CsvTable, name: string): Float64Array {
  const atMs = Float64Array.from(textsOf(table, name), toMs);
  const wrong = atMs.findIndex((one) => Number.isNaN(one));
  if (wrong < 0) return atMs;
  const text = table.records[wrong]?.[table.columns.indexOf(name)] ?? "";
  throw new HeatpoolError(
    "INVALID_ARGUMENT",
    `${path}:${wrong + 2}: ${name} "${text}" is no time`,
    {
      hint: "Times are 2024-10-01 00:00:00+00:00, without a zone UTC, or seconds or milliseconds since 1970.",
    },
  );
}

function toNumber(text: string | undefined): number {
  return text === undefined || text.trim() === "" ? Number.NaN : Number(text);
}

/** Without a quotation mark in the whole file a comma is a comma. */
function splitPlain(text: string, delimiter: string): string[][] {
  const lines = text.split(/\r?\n/);
  return lines.filter((line) => line !== "").map((line) => line.split(delimiter));
}
