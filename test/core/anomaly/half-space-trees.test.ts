/** What the earlier pipeline scored must come out again, to the last bit. */
import { describe, expect, it } from "vitest";
import {
  createHalfSpaceTrees,
  type HalfSpaceRow,
  type HalfSpaceSettings,
  learnRow,
  scoreRow,
} from "#core/anomaly/half-space-trees.js";
import { replayHst } from "../../../bench/detect-hst.js";
import { VECTORS, vectorFile } from "../../support/half-space-vectors.js";

const SMALL: Partial<HalfSpaceSettings> = { trees: 5, height: 3, window: 3 };

describe("half-space trees", () => {
  it.each(VECTORS)("scores %s as river did, node by node", async (name) => {
    const replay = await replayHst([vectorFile(name)]);
    expect(replay).toMatchObject({ files: 1, differingScores: 0, differingNodes: 0 });
    expect(replay.scores).toBeGreaterThanOrEqual(10);
    expect(replay.nodes).toBeGreaterThanOrEqual(2 * 5 * 15);
  });

  it("score nothing before a window was learnt", () => {
    const trees = createHalfSpaceTrees(["x"], SMALL);
    expect(scoreRow(trees, [0.5])).toBe(0);
    learnRow(trees, [0.5]);
    learnRow(trees, [0.5]);
    expect(scoreRow(trees, [0])).toBe(0);
    learnRow(trees, [0.5]);
    expect(scoreRow(trees, [0])).toBeGreaterThan(scoreRow(trees, [0.5]));
  });

  it("know only the names of the first row, in the order of code points", () => {
    const columns = ["\u{1F600}", "\uFF5E", "b", "late", "a"];
    const trees = createHalfSpaceTrees(columns, SMALL);
    learnRow(trees, [0.1, 0.2, 0.3, undefined, 0.4]);
    learnRow(trees, [0.1, 0.2, 0.3, 0.9, 0.4]);
    // By UTF-16 units the emoji would stand before the wave dash.
    expect(trees.grown?.names).toEqual(["a", "b", "\uFF5E", "\u{1F600}"]);
  });

  it("send what is not a number to the right, and what is missing to where more rows went", () => {
    const low: HalfSpaceRow = [0];
    const trees = createHalfSpaceTrees(["x"], SMALL);
    for (const row of [low, low, low]) learnRow(trees, row);
    learnRow(trees, low);
    const [usual, missing] = [scoreRow(trees, low), scoreRow(trees, [undefined])];
    expect(missing).toBe(usual);
    expect(scoreRow(trees, [Number.NaN])).toBe(scoreRow(trees, [Number.POSITIVE_INFINITY]));
    expect(scoreRow(trees, [Number.NaN])).toBeGreaterThan(usual);
  });

  it("do not learn by scoring, not even the range of a value", () => {
    const trees = createHalfSpaceTrees(["x"], { ...SMALL, isScaled: true });
    for (const x of [1, 2, 3]) learnRow(trees, [x]);
    const before = scoreRow(trees, [2]);
    scoreRow(trees, [1e6]);
    expect(scoreRow(trees, [2])).toBe(before);
  });

  it("do not take a name for a range that every object has", () => {
    const trees = createHalfSpaceTrees(["constructor", "__proto__"], SMALL);
    learnRow(trees, [0.5, 0.5]);
    expect(trees.grown?.names).toEqual(["__proto__", "constructor"]);
  });

  it.each([
    { trees: 0 },
    { height: 0 },
    { height: 16 },
    { window: 0 },
    { trees: 1_000, height: 15 },
    { limits: new Map([["x", [0, Number.POSITIVE_INFINITY]]]) } as Partial<HalfSpaceSettings>,
  ])("refuse what no forest can have: %o", (settings) => {
    const trees = createHalfSpaceTrees(["x"], settings);
    expect(() => learnRow(trees, [0.5])).toThrow();
  });

  it("refuse two columns of one name", () => {
    expect(() => createHalfSpaceTrees(["x", "x"])).toThrow(/name of another/);
  });
});
