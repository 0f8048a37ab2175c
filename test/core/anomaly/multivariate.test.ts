/** The catch-all knows no roles: it must see what is unusual together, and drown in nothing. */
import { describe, expect, it } from "vitest";
import {
  addMoments,
  beginMoments,
  calibrateMoments,
  contributions,
  mergeMoments,
  SHARE_10,
  scoreMoments,
  solveMoments,
  startMoments,
} from "#core/anomaly/multivariate.js";
import { createRandom } from "../../support/chance.js";

const random = createRandom(7);
const scales = { centre: Float64Array.of(10, 20, 5), spread: Float64Array.of(2, 2, 1) };

/** Two channels that follow each other, one that does as it likes. */
function normalRow(): Float64Array {
  const common = random() - 0.5;
  return Float64Array.of(10 + 4 * common, 20 + 8 * common + 0.2 * (random() - 0.5), 5 + random());
}

const rows = Array.from({ length: 2_000 }, normalRow);
const learn = (of: readonly Float64Array[]) => {
  const sums = beginMoments(3);
  for (const row of of) addMoments(sums, scales, row);
  return sums;
};
const model = calibrateMoments(solveMoments(learn(rows), scales, SHARE_10), rows);
const scoresOf = (of: readonly Float64Array[]) => {
  const state = startMoments(3);
  return { scores: of.map((row) => scoreMoments(model, state, row)), state };
};

describe("the catch-all", () => {
  it("scores about twice the channels on normal rows", () => {
    const { scores } = scoresOf(Array.from({ length: 2_000 }, normalRow));
    const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
    expect(mean).toBeGreaterThan(4);
    expect(mean).toBeLessThan(8);
  });

  it("sees channels that stop following each other, though each is usual by itself", () => {
    const apart = Array.from({ length: 60 }, () => Float64Array.of(11.5, 17, 5.5));
    const { scores, state } = scoresOf(apart);
    expect(scores.at(-1)).toBeGreaterThan(60);
    const [first = 0, second = 0, third = 0] = contributions(model, state);
    expect(Math.min(first, second)).toBeGreaterThan(third);
  });

  it("is not alarmed for ever by the least departure of channels that were always equal", () => {
    const pairOf = () => {
      const value = 10 + 4 * (random() - 0.5);
      return Float64Array.of(value, value);
    };
    const pairs = Array.from({ length: 500 }, pairOf);
    const two = { centre: Float64Array.of(10, 10), spread: Float64Array.of(1, 1) };
    const sums = beginMoments(2);
    for (const row of pairs) addMoments(sums, two, row);
    const equal = calibrateMoments(solveMoments(sums, two, SHARE_10), pairs);
    const scoreAfter = (apart: number) => {
      const state = startMoments(2);
      let score = 0;
      for (let row = 0; row < 100; row++)
        score = scoreMoments(equal, state, Float64Array.of(10, 10 + apart));
      return score;
    };
    expect(scoreAfter(0.02)).toBeLessThan(8);
    expect(scoreAfter(2)).toBeGreaterThan(60);
  });

  it("merges: two halves give the model of the whole, to 1e-9", () => {
    const half = mergeMoments(learn(rows.slice(1_000)), learn(rows.slice(0, 1_000)));
    const merged = solveMoments(half, scales, SHARE_10);
    merged.mean.forEach((value, i) => {
      expect(Math.abs(value - (model.mean[i] ?? 0))).toBeLessThan(1e-9);
    });
    expect(half.rows).toBe(2_000);
  });

  it("is not carried away by one wild channel, and takes an absent one for nothing", () => {
    const { scores } = scoresOf(Array.from({ length: 50 }, () => Float64Array.of(1e9, 20, 5.5)));
    expect(scores.every((score) => score <= 6 * 64)).toBe(true);
    const absent = scoresOf([Float64Array.of(Number.NaN, Number.NaN, Number.NaN)]).scores;
    expect(absent).toEqual([0]);
  });

  it("learns from a channel that never moved without dividing by nothing", () => {
    const still = solveMoments(
      learn(rows.map((row) => Float64Array.of(row[0] ?? 0, 20, 5))),
      scales,
      SHARE_10,
    );
    expect(still.deviation.every((value) => value > 0)).toBe(true);
    expect(scoreMoments(still, startMoments(3), Float64Array.of(10, 20, 5))).toBeGreaterThanOrEqual(
      0,
    );
  });
});
