/** Speed may not change a bit: many rows at once score and learn as one by one. */
import { describe, expect, it } from "vitest";
import { learnRows, scoreAndLearn } from "#core/anomaly/half-space-batch.js";
import { sumUp } from "#core/anomaly/half-space-masses.js";
import {
  createHalfSpaceTrees,
  type GrownTrees,
  type HalfSpaceSettings,
  type HalfSpaceTrees,
  learnRow,
  scoreRow,
} from "#core/anomaly/half-space-trees.js";
import { rowAt, uniformRows } from "../../support/half-space-vectors.js";

const COLUMNS = ["c", "a", "b"];
const WIDTH = COLUMNS.length;
const ROWS = 700;
const SMALL: Partial<HalfSpaceSettings> = { trees: 7, height: 5, window: 130, seed: 9 };

/** Rows that widen the range now and then, and hold what is no usual number. */
function roughRows(): Float64Array {
  const rows = uniformRows(ROWS, WIDTH, 3);
  rows.set([2, -1, 0.5], 300 * WIDTH);
  rows.set([Number.NaN, 0.5, 0.5], 400 * WIDTH);
  rows.set([0.5, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY], 650 * WIDTH);
  return rows;
}

function oneByOne(trees: HalfSpaceTrees, rows: Float64Array): Float64Array {
  return Float64Array.from({ length: rows.length / WIDTH }, (_, index) => {
    const row = rowAt(rows, WIDTH, index);
    const score = scoreRow(trees, row);
    learnRow(trees, row);
    return score;
  });
}

function massesOf(trees: HalfSpaceTrees): readonly Int32Array[] {
  const grown = trees.grown as GrownTrees;
  sumUp(grown.forest, grown.masses);
  return [grown.masses.current, grown.masses.reference];
}

describe("scoreAndLearn", () => {
  it.each([
    { ...SMALL, isScaled: false },
    { ...SMALL, isScaled: true },
    { ...SMALL, isScaled: false, limits: new Map([["a", [0.5, 0.5] as const]]) },
    { ...SMALL, isScaled: true, window: 1 },
    { ...SMALL, isScaled: true, window: 600, trees: 50, height: 6 },
  ])("equals score and learn row by row: %o", (settings) => {
    const rows = roughRows();
    const single = createHalfSpaceTrees(COLUMNS, settings);
    const expected = oneByOne(single, rows);
    const batch = createHalfSpaceTrees(COLUMNS, settings);
    const scores = new Float64Array(ROWS);
    scoreAndLearn(batch, rows, scores);
    expect(scores).toEqual(expected);
    expect(massesOf(batch)).toEqual(massesOf(single));
    expect(new Set(scores).size).toBeGreaterThan(10);
  });

  it("does not care how the rows were cut", () => {
    const rows = roughRows();
    const whole = createHalfSpaceTrees(COLUMNS, SMALL);
    const scores = new Float64Array(ROWS);
    scoreAndLearn(whole, rows, scores);
    const cut = createHalfSpaceTrees(COLUMNS, SMALL);
    const pieces = [0, 1, 130, 131, 399, 400, ROWS].flatMap((from, at, cuts) => {
      const part = rows.subarray(from * WIDTH, (cuts[at + 1] ?? from) * WIDTH);
      const of = new Float64Array(part.length / WIDTH);
      scoreAndLearn(cut, part, of);
      return [...of];
    });
    expect(Float64Array.from(pieces)).toEqual(scores);
  });

  it("mixes with rows in which something is missing", () => {
    const rows = roughRows().subarray(0, 200 * WIDTH);
    const batch = createHalfSpaceTrees(COLUMNS, SMALL);
    const single = createHalfSpaceTrees(COLUMNS, SMALL);
    scoreAndLearn(batch, rows, new Float64Array(200));
    oneByOne(single, rows);
    const holed = [0.2, undefined, 0.7];
    learnRow(batch, holed);
    learnRow(single, holed);
    expect(scoreRow(batch, holed)).toBe(scoreRow(single, holed));
    expect(massesOf(batch)).toEqual(massesOf(single));
  });

  it("learns the same without telling scores", () => {
    const scored = createHalfSpaceTrees(COLUMNS, { ...SMALL, isScaled: true });
    const silent = createHalfSpaceTrees(COLUMNS, { ...SMALL, isScaled: true });
    scoreAndLearn(scored, roughRows(), new Float64Array(ROWS));
    learnRows(silent, roughRows());
    expect(massesOf(silent)).toEqual(massesOf(scored));
  });

  it("refuses half a row, and scores without a place", () => {
    const trees = createHalfSpaceTrees(COLUMNS, SMALL);
    expect(() => learnRows(trees, new Float64Array(4))).toThrow(/not rows of 3/);
    expect(() => scoreAndLearn(trees, new Float64Array(6), new Float64Array(1))).toThrow(/places/);
    learnRows(trees, new Float64Array(0));
    expect(trees.grown).toBeUndefined();
  });
});
