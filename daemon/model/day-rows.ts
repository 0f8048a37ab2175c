/** The rows of a UTC day as they come, to be kept when it is over. */
import { CELLS_PER_DAY, CHANNEL_COUNT, channelIndex } from "#core/anomaly/channel.js";
import { createRowBlock, MODES, type RowBlock, sliceRows } from "#core/anomaly/operating-row.js";
import type { DayFacts } from "./row-store.js";

/** Rows of a day, and what is known of it. */
export interface FinishedDay {
  readonly facts: DayFacts;
  readonly rows: RowBlock;
}

const RUNS = (["heating", "hot_water", "cooling", "running"] as const).map((mode) =>
  MODES.indexOf(mode),
);
const OUTDOOR = channelIndex("outdoor");

/** An empty day. */
export function createDayRows() {
  const block = createRowBlock(CELLS_PER_DAY);
  const steady = new Map<number, number>();
  let count = 0;
  let scoreMax = 0;
  let warmth = 0;
  let outdoors = 0;
  const note = (mode: number, isSteady: boolean, outdoor: number) => {
    if (isSteady && RUNS.includes(mode)) steady.set(mode, (steady.get(mode) ?? 0) + 1);
    if (Number.isNaN(outdoor)) return;
    warmth += outdoor;
    outdoors++;
  };
  return {
    day: Number.NaN,
    add(row: { cell: number; mode: number; steady: boolean; values: Float64Array }, score: number) {
      if (count >= block.length) return;
      if (count === 0) this.day = Math.floor(row.cell / CELLS_PER_DAY);
      block.cells[count] = row.cell;
      block.modes[count] = row.mode;
      block.steady[count] = row.steady ? 1 : 0;
      block.values.set(row.values, count * CHANNEL_COUNT);
      count++;
      scoreMax = Math.max(scoreMax, score);
      note(row.mode, row.steady, row.values[OUTDOOR] ?? Number.NaN);
    },
    resume(rows: RowBlock) {
      for (let row = 0; row < rows.length; row++) {
        const at = row * CHANNEL_COUNT;
        const values = rows.values.subarray(at, at + CHANNEL_COUNT);
        const cell = rows.cells[row] ?? 0;
        this.add({ cell, mode: rows.modes[row] ?? 0, steady: rows.steady[row] === 1, values }, 0);
      }
    },
    facts(): DayFacts | undefined {
      if (count === 0) return undefined;
      const outdoorMean = outdoors === 0 ? undefined : warmth / outdoors;
      const steadyRows = Math.max(0, ...steady.values());
      return { day: this.day, rows: count, steadyRows, scoreMax, outdoorMean };
    },
    finish(): FinishedDay {
      const facts = this.facts();
      if (facts === undefined) throw new RangeError("a day without rows");
      return { facts, rows: sliceRows(block, 0, count) };
    },
  };
}
