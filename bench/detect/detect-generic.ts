/** `--generic`: any numeric columns, learnt from files that were normal. */
import { writeFileSync } from "node:fs";
import { SHARE_72 } from "#core/anomaly/multivariate.js";
import { HeatpoolError } from "#core/errors.js";
import { type CsvTable, numbersOf, readCsv, textsOf } from "./csv-table.js";
import type { DetectFiles } from "./detect-files.js";
import { scoreGeneric } from "./generic.js";

/** A column is numeric when this share of its rows is a number. */
const NUMERIC_SHARE_MIN = 0.5;
/** Never a channel: time and what somebody says about the rows. */
const NOT_CHANNELS = /^(timestamp|datetime|time|date|label|anomaly|changepoint)$/i;
/** The highest score of normal rows, and as much again half. */
const MARGIN = 1.5;

/** Learns, scores, writes: score 1 is one and a half times the highest of normal rows. */
export function detectGeneric({ learn, calibrate, score, out }: DetectFiles): void {
  if (score === undefined || out === undefined || learn.length === 0)
    throw new HeatpoolError("USAGE", "--generic needs --learn, --score and --out");
  const tables = [...learn, ...calibrate, score].map((path) => readCsv(path));
  const [first] = tables;
  const names = (first?.columns ?? []).filter((name) =>
    tables.every((table) => isNumeric(table, name)),
  );
  if (names.length === 0)
    throw new HeatpoolError("INVALID_ARGUMENT", "no numeric column in all files");
  const starts = new Set<number>();
  const rows: Float64Array[] = [];
  const borders = tables.map((table) => {
    starts.add(rows.length);
    const columns = names.map((name) => numbersOf(table, name));
    for (let row = 0; row < table.records.length; row++)
      rows.push(Float64Array.from(columns, (column) => column[row] ?? Number.NaN));
    return rows.length;
  });
  const learnEnd = borders[learn.length - 1] ?? 0;
  const normalEnd = borders[borders.length - 2] ?? learnEnd;
  const rowsUpTo = Array.from({ length: learnEnd }, (_, row) => row);
  const result = scoreGeneric({ names, rows, starts }, rowsUpTo, SHARE_72);
  let highest = 0;
  for (let row = 0; row < normalEnd; row++) highest = Math.max(highest, result.score[row] ?? 0);
  const limit = Math.max(1, MARGIN * highest);
  const table = tables.at(-1);
  const times = table === undefined ? [] : textsOf(table, timeColumn(table));
  const lines = times.map((time, index) => {
    const row = normalEnd + index;
    const value = (result.score[row] ?? 0) / limit;
    const [part1 = "", part2 = ""] = result.named(row);
    return [time, value.toFixed(5), value > 1 ? 1 : 0, quote(part1), quote(part2)].join(",");
  });
  writeFileSync(out, ["timestamp,score,alarm,part1,part2", ...lines, ""].join("\n"));
}

function isNumeric(table: CsvTable, name: string): boolean {
  if (NOT_CHANNELS.test(name) || !table.columns.includes(name)) return false;
  const values = numbersOf(table, name);
  const numbers = values.reduce((sum, value) => sum + (Number.isFinite(value) ? 1 : 0), 0);
  return numbers > NUMERIC_SHARE_MIN * values.length;
}

function timeColumn(table: CsvTable): string {
  return (
    table.columns.find((name) => /^(timestamp|datetime|time|date)$/i.test(name)) ??
    table.columns[0] ??
    ""
  );
}

function quote(text: string): string {
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
