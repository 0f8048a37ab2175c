/** What a chart shows, as a file for a spreadsheet: made and kept in the browser, sent nowhere. */
import type { Series } from "./answers.js";

/** Saves the means, one line per time. */
export function saveCsv(name: string, series: readonly Series[]): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([toCsv(series)], { type: "text/csv" }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

/** @returns lines as `heatpool import csv` reads them */
export function toCsv(series: readonly Series[]): string {
  const rows = new Map<number, (number | undefined)[]>();
  for (const [column, { at, mean }] of series.entries()) {
    for (const [k, time] of at.entries()) {
      const row = rows.get(time) ?? new Array<number | undefined>(series.length).fill(undefined);
      row[column] = mean[k];
      rows.set(time, row);
    }
  }
  const lines = [...rows]
    .sort(([a], [b]) => a - b)
    .map(([time, values]) => [
      new Date(time).toISOString(),
      ...values.map((value) => (value === undefined ? "" : Number(value.toFixed(3)))),
    ]);
  return [["time", ...series.map(({ metric }) => metric)], ...lines, []].join("\n");
}
