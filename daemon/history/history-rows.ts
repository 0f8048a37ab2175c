/** Rows of the history in the order of time, whatever order they came in. */
import { hourOf } from "./blocks.js";
import type { HistoryRow } from "./history.js";

/** By time; rows of one instant become one, of which the first value of each metric counts. */
export function joinRows(rows: readonly HistoryRow[]): HistoryRow[] {
  const sorted = rows.toSorted((a, b) => a.atMs - b.atMs);
  const joined: { atMs: number; values: Map<string, number> }[] = [];
  for (const { atMs, values } of sorted) {
    const last = joined.at(-1);
    if (last === undefined || last.atMs !== atMs) joined.push({ atMs, values: new Map(values) });
    else
      for (const [metric, value] of values)
        if (!last.values.has(metric)) last.values.set(metric, value);
  }
  return joined;
}

/** Of rows in the order of time, those of each hour. */
export function groupByHour(sorted: readonly HistoryRow[]): Iterable<readonly HistoryRow[]> {
  const hours = new Map<number, HistoryRow[]>();
  for (const row of sorted) {
    const mine = hours.get(hourOf(row.atMs));
    if (mine === undefined) hours.set(hourOf(row.atMs), [row]);
    else mine.push(row);
  }
  return hours.values();
}
