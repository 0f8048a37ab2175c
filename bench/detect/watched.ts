/** One device watched over a stretch of rows: score, alarm and named parts per row. */

import { type Finding, findingsByCell } from "#core/anomaly/finding.js";
import type { NormalModel } from "#core/anomaly/normal-model.js";
import { type RowBlock, rowsOf } from "#core/anomaly/operating-row.js";
import { openWatch, startWatch, type WatchState } from "#core/anomaly/watch.js";
import type { Timeline } from "./episodes.js";
import { cpuSeconds } from "./figures.js";

/** What a watch said, row by row. */
export interface Watched extends Timeline {
  readonly score: Float64Array;
  /** States before the rows that were asked for. */
  readonly states: ReadonlyMap<number, WatchState>;
  /** Hints at slow change, when they came. */
  readonly hints: readonly SeenHint[];
  readonly seconds: number;
}

/** A hint that came up. */
export interface SeenHint {
  readonly atMs: number;
  readonly part: string;
}

/** Where a watch begins and what it keeps. */
export interface WatchOptions {
  /** Nothing is raised before this cell. */
  readonly quietUntil?: number;
  /** What a local model knows of its machine. */
  readonly known?: readonly Float64Array[];
  /** Goes on from here instead of from nothing. */
  readonly state?: WatchState | undefined;
  /** Names are kept for every row, not only where an alarm begins. */
  readonly isNaming?: boolean;
  /** What was found wrong with the data. */
  readonly findings?: readonly Finding[];
  /** Rows before which the state is kept. */
  readonly keepAt?: ReadonlySet<number>;
}

const CELL_MS = 300_000;

/** Watches `rows`. */
export function watchRows(model: NormalModel, rows: RowBlock, options: WatchOptions = {}): Watched {
  const startedAt = cpuSeconds();
  const { quietUntil = Number.NEGATIVE_INFINITY, known, keepAt, findings = [] } = options;
  const watch = openWatch(model, options.state ?? startWatch(model, quietUntil, known));
  const findingsOf = findingsByCell(findings);
  const score = new Float64Array(rows.length);
  const alarm = new Uint8Array(rows.length);
  const named = new Map<number, readonly string[]>();
  const states = new Map<number, WatchState>();
  const hints: SeenHint[] = [];
  let hinted = new Set<number>();
  let index = 0;
  for (const row of rowsOf(rows)) {
    if (keepAt?.has(index)) states.set(index, watch.state());
    const change = watch.read(row, findingsOf(row.cell));
    score[index] = watch.score;
    alarm[index] = watch.isOn ? 1 : 0;
    if (options.isNaming === true || change === "raised" || change === "reopened")
      named.set(index, watch.named());
    if (watch.hints.length !== hinted.size || watch.hints.some(({ part }) => !hinted.has(part))) {
      for (const { part } of watch.hints)
        if (!hinted.has(part))
          hints.push({ atMs: row.cell * CELL_MS, part: model.plan.parts[part]?.id ?? "" });
      hinted = new Set(watch.hints.map(({ part }) => part));
    }
    index++;
  }
  return {
    atMs: rows.cells.map((cell) => cell * CELL_MS),
    score,
    alarm,
    named: (row) => named.get(row) ?? [],
    states,
    hints,
    seconds: cpuSeconds() - startedAt,
  };
}
