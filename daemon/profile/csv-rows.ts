/** Rows of a CSV file that a person gave, each with its line, so that a fault can be found. */
import { readFileSync } from "node:fs";
import { parse } from "csv-parse/sync";
import { HeatpoolError } from "#core/errors.js";

/** One record. */
export interface CsvRow {
  /** Line in the file, counted from 1. */
  readonly line: number;
  /** By column; columns that the file lacks are not there. */
  readonly cells: Readonly<Record<string, string | undefined>>;
}

/** A register table has some thousand lines. */
const BYTES_MAX = 10_000_000;

/**
 * Reads a file with a header line.
 *
 * @throws HeatpoolError `USAGE` when it cannot be read, is no CSV, or lacks one of `columns`
 */
export function readCsvRows(file: string, columns: readonly string[]): readonly CsvRow[] {
  const records = parseRecords(file);
  const header = records[0] === undefined ? [] : Object.keys(records[0].record);
  const missing = columns.filter((column) => !header.includes(column));
  if (records.length === 0 || missing.length > 0) {
    const what = records.length === 0 ? "no rows" : `no column ${missing.join(", ")}`;
    throw new HeatpoolError("USAGE", `${file}:1 has ${what}`, {
      hint: `The first line names the columns; these are needed: ${columns.join(", ")}.`,
    });
  }
  return records.map(({ record, info }) => ({ line: info.lines, cells: record }));
}

function parseRecords(
  file: string,
): readonly { readonly record: Record<string, string>; readonly info: { lines: number } }[] {
  try {
    const text = readFileSync(file, "utf8");
    if (text.length > BYTES_MAX) throw new Error(`more than ${BYTES_MAX} characters`);
    return parse(text, {
      columns: true,
      info: true,
      bom: true,
      trim: true,
      skip_empty_lines: true,
    });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new HeatpoolError("USAGE", `${file}: ${why}`, {
      hint: "It must be a CSV file in UTF-8, with commas and a header line.",
      cause,
    });
  }
}
