/** Sums are all that is kept of a household's rows: they must add up however they were gathered. */
import { describe, expect, it } from "vitest";
import { CELLS_PER_DAY } from "#core/anomaly/channel.js";
import { planFor } from "#core/anomaly/feature-plan.js";
import { rowAt, rowsOf, sliceRows } from "#core/anomaly/operating-row.js";
import { makeRows } from "#core/anomaly/row-maker.js";
import {
  beginStatistics,
  learnRows,
  mergeStatistics,
  type Statistics,
  subtractStatistics,
} from "#core/anomaly/statistics.js";
import { MADE_UP, madeUpCells } from "../../support/heat-pump-cells.js";

const plan = planFor(new Set(MADE_UP));
const rows = makeRows(madeUpCells({ seed: 1, days: 60 }));
const begin = beginStatistics(plan);
const learn = (from: number, to: number) => {
  const first = (rows.cells[0] ?? 0) / CELLS_PER_DAY;
  const border = (day: number) => rowAt(rows, (first + day) * CELLS_PER_DAY);
  return learnRows(plan, begin, rowsOf(sliceRows(rows, border(from), border(to))));
};

/** Largest difference, relative to the size of the sums of that part. */
function distance(a: Statistics, b: Statistics): number {
  return Math.max(
    ...a.sums.map((part, index) => {
      const size = Math.max(1, ...part.map(Math.abs));
      return (
        Math.max(...part.map((value, i) => Math.abs(value - (b.sums[index]?.[i] ?? 0)))) / size
      );
    }),
  );
}

describe("statistics", () => {
  it("of months merged equal those of all rows at once, to 1e-9", () => {
    const merged = mergeStatistics(mergeStatistics(learn(40, 60), learn(0, 20)), learn(20, 40));
    expect(distance(merged, learn(0, 60))).toBeLessThan(1e-9);
    expect(Math.max(...learn(0, 60).sums.map((part) => part[0] ?? 0))).toBeGreaterThan(1000);
  });

  it("lose a month again when it is subtracted", () => {
    expect(distance(subtractStatistics(learn(0, 60), learn(20, 60)), learn(0, 20))).toBeLessThan(
      1e-9,
    );
  });

  it("are not changed by learning more", () => {
    const before = learn(0, 20);
    const copy = before.sums.map((part) => part.slice());
    learnRows(plan, before, rowsOf(rows));
    expect(before.sums).toEqual(copy);
  });

  it("of another plan are refused", () => {
    const other = beginStatistics(planFor(new Set(["outdoor", "flow", "return", "power"])));
    expect(() => mergeStatistics(begin, other)).toThrow(/cannot meet plan/);
  });

  it("hold no NaN, whatever the rows hold", () => {
    const broken = { ...rows, values: rows.values.map((v, i) => (i % 7 === 0 ? Number.NaN : v)) };
    const sums = learnRows(plan, begin, rowsOf(broken)).sums;
    expect(sums.every((part) => part.every(Number.isFinite))).toBe(true);
  });
});
