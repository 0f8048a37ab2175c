/** CSV files, plain or gzipped, as columns. */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { parse } from "csv-parse/sync";

/** Columns by name, as text. */
export interface CsvTable {
  readonly columns: readonly string[];
  readonly records: readonly (readonly string[])[];
}

/** Reads a whole file; names lose blanks around them. */
export function readCsv(path: string, delimiter = ","): CsvTable {
  const bytes = readFileSync(path);
  const text = (path.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8");
  const [columns = [], ...records] = text.includes('"')
    ? (parse(text, { delimiter, bom: true, relax_column_count: true }) as string[][])
    : splitPlain(text, delimiter);
  return { columns: columns.map((name) => name.trim()), records };
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

/** Unix milliseconds of `2024-10-01 00:00:00+00:00` and its relatives; without a zone: UTC. */
export function toMs(text: string): number {
  const iso = text.trim().replace(" ", "T");
  return Date.parse(/(Z|[+-]\d\d:?\d\d)$/.test(iso) ? iso : `${iso}Z`);
}

function toNumber(text: string | undefined): number {
  return text === undefined || text.trim() === "" ? Number.NaN : Number(text);
}

/** Without a quotation mark in the whole file a comma is a comma. */
function splitPlain(text: string, delimiter: string): string[][] {
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  return lines.filter((line) => line !== "").map((line) => line.split(delimiter));
}
