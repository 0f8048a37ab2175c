/** Waits between attempts: spread out, never above the cap, never growing without end. */
import { describe, expect, it } from "vitest";
import { backoffMs, createUniform } from "../../core/backoff.js";
import { createChance, createRandom } from "../support/chance.js";

const RANGE = { baseMs: 1000, capMs: 60_000 };
const almostOne = () => 1 - 2 ** -32;

describe("backoffMs", () => {
  it.each([
    { attempt: 0, longest: 999 },
    { attempt: 1, longest: 1999 },
    { attempt: 5, longest: 31_999 },
    { attempt: 6, longest: 59_999 },
    { attempt: 100_000, longest: 59_999 },
  ])("waits at most $longest ms after $attempt failures", ({ attempt, longest }) => {
    expect(backoffMs(attempt, RANGE, almostOne)).toBe(longest);
    expect(backoffMs(attempt, RANGE, () => 0)).toBe(0);
  });

  it("stays spread over the whole range at the cap", () => {
    const random = createRandom(3);
    const waits = Array.from({ length: 6000 }, () => backoffMs(20, RANGE, random));
    const perTenth = Array.from(
      { length: 10 },
      (_, tenth) => waits.filter((wait) => Math.floor(wait / 6000) === tenth).length,
    );
    for (const count of perTenth) expect(Math.abs(count - 600)).toBeLessThan(120);
  });
});

describe("createUniform", () => {
  it("makes numbers in [0, 1) of random bytes", () => {
    const uniform = createUniform(createChance(5));
    const numbers = Array.from({ length: 2000 }, uniform);
    expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...numbers)).toBeLessThan(1);
    expect(numbers.reduce((sum, one) => sum + one) / 2000).toBeCloseTo(0.5, 1);
    expect(createUniform((count) => new Uint8Array(count).fill(255))()).toBe(1 - 2 ** -32);
  });
});
