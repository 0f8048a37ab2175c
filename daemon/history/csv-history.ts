/**
 * A CSV file of an earlier logger, read as it streams: one column with the time, one per metric. A
 * row that is broken is passed over with its line.
 */
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream";
import { parse } from "csv-parse";
import { HeatpoolError } from "#core/errors.js";
import type { HistoryRow } from "./history.js";
import {
  type ImportedPart,
  type ImportFault,
  type NameRules,
  readImported,
  readInstant,
  toMetric,
} from "./import-rows.js";

/** Rows that are handed on together. */
const ROWS_AT_A_TIME = 10_000;
const LINE_BYTES_MAX = 64 * 1024;
const TIME_COLUMNS = ["timestamp", "time", "datetime", "date", "_time"];

interface Read {
  readonly record: Readonly<Record<string, string | undefined>>;
  readonly info: { readonly lines: number };
}

/** @throws HeatpoolError `USAGE` the file cannot be read, or has no time or no known column */
export async function* readCsvHistory(
  file: string,
  rules: NameRules & { readonly timeColumn: string | undefined },
): AsyncGenerator<ImportedPart> {
  const skipped: ImportFault[] = [];
  const parser = parse({
    ...{ bom: true, columns: true, info: true, trim: true, skip_empty_lines: true },
    ...{ relax_column_count: true, skip_records_with_error: true },
    max_record_size: LINE_BYTES_MAX,
    on_skip: (fault) => {
      skipped.push({ place: `line ${fault?.lines ?? "?"}`, why: fault?.code ?? "broken" });
      return undefined;
    },
  });
  // A file that cannot be read ends the parser with its error, which the loop below sees.
  void pipeline(createReadStream(file), parser, () => undefined);
  let columns: Columns | undefined;
  let rows: HistoryRow[] = [];
  try {
    for await (const { record, info } of parser as AsyncIterable<Read>) {
      columns ??= chooseColumns(file, Object.keys(record), rules);
      const row = readRow(record, info.lines, columns, skipped);
      if (row !== undefined) rows.push(row);
      if (rows.length >= ROWS_AT_A_TIME) {
        yield { rows, metrics: columns.metrics, faults: skipped.splice(0) };
        rows = [];
      }
    }
  } catch (cause) {
    if (cause instanceof HeatpoolError) throw cause;
    throw new HeatpoolError(
      "USAGE",
      `${file}: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        cause,
        hint: "It must be a CSV file in UTF-8, with commas and a header line.",
      },
    );
  } finally {
    parser.destroy();
  }
  yield { rows, metrics: columns?.metrics ?? [], faults: skipped.splice(0) };
}

interface Columns {
  readonly time: string;
  /** Their name, our metric. */
  readonly known: readonly (readonly [string, string])[];
  readonly metrics: readonly string[];
}

function chooseColumns(
  file: string,
  names: readonly string[],
  rules: NameRules & { readonly timeColumn: string | undefined },
): Columns {
  const wanted = rules.timeColumn === undefined ? TIME_COLUMNS : [rules.timeColumn];
  const time = names.find((name) => wanted.includes(name));
  const known = names.flatMap((name) => {
    const metric = toMetric(name, rules);
    return metric === undefined ? [] : [[name, metric] as const];
  });
  const metrics = [...new Set(known.map(([, metric]) => metric))];
  if (time === undefined || metrics.length === 0) {
    const what = time === undefined ? `no column ${wanted.join(" or ")}` : "no column of a metric";
    throw new HeatpoolError("USAGE", `${file}: ${what}`, {
      hint: "Name the column with --time, and columns with --map theirs=ours; see docs/metrics.md.",
    });
  }
  return { time, known, metrics };
}

function readRow(
  record: Read["record"],
  line: number,
  { time, known }: Columns,
  faults: ImportFault[],
): HistoryRow | undefined {
  const place = `line ${line}`;
  const atMs = readInstant(record[time] ?? "");
  if (atMs === undefined) {
    faults.push({ place, why: `${(record[time] ?? "nothing").slice(0, 40)} is no time` });
    return undefined;
  }
  const values = new Map<string, number>();
  for (const [name, metric] of known) {
    const text = record[name] ?? "";
    // An empty cell is an absent value, not a fault.
    if (text === "") continue;
    const value = readImported(metric, text);
    if (typeof value === "number") values.set(metric, value);
    else faults.push({ place, why: value });
  }
  return values.size === 0 ? undefined : { atMs, values };
}
