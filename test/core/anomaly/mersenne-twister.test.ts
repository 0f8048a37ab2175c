/** A forest is rebuilt from its seed: one wrong number and no node is what it was. */
import { describe, expect, it } from "vitest";
import { createMersenneTwister } from "#core/anomaly/mersenne-twister.js";
import { readVectors } from "../../../bench/detect-hst.js";
import { vectorFile } from "../../support/half-space-vectors.js";

const vectors = await readVectors(vectorFile("mt19937"));
if (!("first_12" in vectors)) throw new Error("the vectors of the generator are others");

describe("createMersenneTwister", () => {
  it.each(Object.entries(vectors.first_12))(
    "gives CPython's numbers for seed %s",
    (seed, first) => {
      const random = createMersenneTwister(Number(seed));
      expect(Array.from(first, () => random())).toEqual(first);
    },
  );

  it("does not see the sign of a seed, as CPython does not", () => {
    expect(createMersenneTwister(-7)()).toBe(createMersenneTwister(7)());
  });

  it("goes on after the first 624 words", () => {
    const random = createMersenneTwister(42);
    const thousand = Array.from({ length: 1_000 }, () => random());
    // python3 -c 'import random; r=random.Random(42); print([r.random() for _ in range(1000)][-1])'
    expect(thousand[999]).toBe(LAST_OF_THOUSAND);
  });

  it.each([0.5, Number.NaN, 2 ** 53])("refuses the seed %s", (seed) => {
    expect(() => createMersenneTwister(seed)).toThrow(/whole number/);
  });
});

const LAST_OF_THOUSAND = 0.8554501933059546;
