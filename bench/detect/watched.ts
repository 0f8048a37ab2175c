/** One device watched over a stretch of rows: score, alarm and named parts per row. */
import type { NormalModel } from "#core/anomaly/normal-model.js";
import { type RowBlock, rowsOf } from "#core/anomaly/operating-row.js";
import { openWatch, startWatch, type WatchState } from "#core/anomaly/watch.js";
import type { Timeline } from "./episodes.js";

/** What a watch said, row by row. */
export interface Watched extends Timeline {
  readonly score: Float64Array;
  readonly state: WatchState;
  readonly seconds: number;
}

const CELL_MS = 300_000;

/** Watches `rows`; nothing is raised before `quietUntil` (a cell). */
export function watchRows(model: NormalModel, rows: RowBlock, quietUntil: number, known?: readonly Float64Array[]): Watched {
  const startedAt = performance.now();
  const watch = openWatch(model, startWatch(model, quietUntil, known));
  const score = new Float64Array(rows.length);
  const alarm = new Uint8Array(rows.length);
  const named = new Map<number, readonly string[]>();
  let index = 0;
  for (const row of rowsOf(rows)) {
    const change = watch.read(row);
    score[index] = watch.score;
    alarm[index] = watch.alarm.raisedAt === undefined ? 0 : 1;
    if (change !== undefined && change !== "resolved")
      named.set(
        index,
        watch.strongest(2).flatMap((part) => model.plan.parts[part]?.id ?? []),
      );
    index++;
  }
  return {
    atMs: rows.cells.map((cell) => cell * CELL_MS),
    score,
    alarm,
    named: (row) => named.get(row) ?? [],
    state: watch.state(),
    seconds: (performance.now() - startedAt) / 1000,
  };
}
