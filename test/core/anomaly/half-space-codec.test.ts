/** Written trees go on to the bit, and damaged ones are never taken for others. */
import { describe, expect, it } from "vitest";
import { scoreAndLearn } from "#core/anomaly/half-space-batch.js";
import { decodeHalfSpaceTrees, encodeHalfSpaceTrees } from "#core/anomaly/half-space-codec.js";
import {
  createHalfSpaceTrees,
  type HalfSpaceSettings,
  type HalfSpaceTrees,
} from "#core/anomaly/half-space-trees.js";
import { uniformRows } from "../../support/half-space-vectors.js";

const COLUMNS = ["flow", "return", "outdoor"];

function learnt(rows: number, settings: Partial<HalfSpaceSettings> = {}): HalfSpaceTrees {
  const trees = createHalfSpaceTrees(COLUMNS, { trees: 6, height: 4, window: 60, ...settings });
  scoreAndLearn(trees, uniformRows(rows, 3, 1), new Float64Array(rows));
  return trees;
}

function scoresOf(trees: HalfSpaceTrees): Float64Array {
  const scores = new Float64Array(200);
  scoreAndLearn(trees, uniformRows(200, 3, 2), scores);
  return scores;
}

function changed(change: Record<string, unknown>): Uint8Array {
  const text = new TextDecoder().decode(encodeHalfSpaceTrees(learnt(100, { isScaled: true })));
  return new TextEncoder().encode(JSON.stringify({ ...JSON.parse(text), ...change }));
}

describe("half-space trees as bytes", () => {
  it.each([
    { rows: 1, settings: {} },
    { rows: 100, settings: { isScaled: true } },
    { rows: 120, settings: { limits: new Map([["flow", [-5, 60] as const]]), seed: 2 ** 40 } },
  ])("go on after $rows rows as if nothing had happened", ({ rows, settings }) => {
    const trees = learnt(rows, settings);
    const again = decodeHalfSpaceTrees(encodeHalfSpaceTrees(trees));
    expect(encodeHalfSpaceTrees(again)).toEqual(encodeHalfSpaceTrees(trees));
    expect(scoresOf(again)).toEqual(scoresOf(trees));
  });

  it("are 10 KB for what is usual, and name no threshold", () => {
    const trees = createHalfSpaceTrees(COLUMNS);
    scoreAndLearn(trees, uniformRows(300, 3, 1), new Float64Array(300));
    expect(encodeHalfSpaceTrees(trees).length).toBeLessThan(10_000);
  });

  it("cannot be written before anything was learnt", () => {
    expect(() => encodeHalfSpaceTrees(createHalfSpaceTrees(COLUMNS))).toThrow(/nothing was learnt/);
  });

  it.each([
    [{ kind: "multivariate" }, /kind/],
    [{ format: 2 }, /format/],
    [{ trees: 7 }, /forest/],
    [{ trees: 1_000, height: 15 }, /trees of height/],
    [{ height: 99 }, /height/],
    [{ seed: 41 }, /forest/],
    [{ window: 30 }, /rows/],
    [{ learntInWindow: 39 }, /counts 40 rows/],
    [{ learntInWindow: 60 }, /window of 60/],
    [{ isWarm: false }, /counts 60 rows/],
    [{ names: ["flow", "outdoor"] }, /limits are not one per name/],
    [{ names: ["return", "outdoor", "flow"] }, /sorted/],
    [{ names: ["flow", "flow", "return"] }, /twice/],
    [{ columns: ["flow", "return", "tank"] }, /without a column/],
    [{ columns: ["flow", "return", "outdoor", "flow"] }, /two columns/],
    [
      {
        limits: [
          [1, 0],
          [0, 1],
          [0, 1],
        ],
      },
      /limits of flow/,
    ],
    [
      {
        limits: [
          [0, 2],
          [0, 1],
          [0, 1],
        ],
      },
      /forest/,
    ],
    [{ forestSha256: "0".repeat(64) }, /forest/],
    [{ current: "AAAA" }, /cut off|counts/],
    [{ current: "not base64" }, /current/],
    [{ ranges: { minimum: "AAAA", maximum: "AAAA" } }, /ranges/],
    [{ ranges: { minimum: notNumbers(), maximum: notNumbers() } }, /not a number/],
    [{ extra: 1 }, /extra/],
  ])("are refused with %o", (change, reason) => {
    const bytes = changed(change);
    expect(() => decodeHalfSpaceTrees(bytes)).toThrow(
      expect.objectContaining({ code: "STATE_INVALID", message: expect.stringMatching(reason) }),
    );
  });

  it("are refused when cut off anywhere", () => {
    const bytes = encodeHalfSpaceTrees(learnt(100));
    for (let length = 0; length < bytes.length; length += 97) {
      expect(() => decodeHalfSpaceTrees(bytes.subarray(0, length))).toThrow(/not JSON/);
    }
  });
});

/** Three float64 that are no numbers. */
function notNumbers(): string {
  return Buffer.from(new Float64Array(3).fill(Number.NaN).buffer).toString("base64");
}
