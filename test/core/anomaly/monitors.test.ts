/** Evidence over hours and over days: half-lives by wall clock, however many rows there were. */
import { describe, expect, it } from "vitest";
import { CELLS_PER_DAY, CELLS_PER_HOUR } from "#core/anomaly/channel.js";
import { DOUBT, monitorAt, restartSlow, SLOW, SUMS_PER_PART } from "#core/anomaly/monitors.js";
import { addEvidence, fade } from "../../support/plain-normal.js";

const fadedBy = (cells: number) => {
  const sums = new Float64Array(SUMS_PER_PART);
  addEvidence(sums, 0, 2, 0.5);
  fade(sums, cells);
  return sums;
};

describe("a monitor", () => {
  it("has forgotten half after 6 hours, the slow one after 72", () => {
    const [fast = 0, squares = 0, held = 0] = fadedBy(6 * CELLS_PER_HOUR);
    expect([fast, squares, held].map((one) => one.toFixed(9))).toEqual([
      "1.000000000",
      "0.250000000",
      "0.250000000",
    ]);
    expect(fadedBy(72 * CELLS_PER_HOUR)[SLOW]).toBeCloseTo(1, 9);
    expect(fadedBy(72 * CELLS_PER_HOUR)[SLOW + 1]).toBeCloseTo(0.25, 9);
  });

  it("fades by the clock: a gap counts like as many cells without a row", () => {
    const stepwise = fadedBy(1);
    for (let cell = 1; cell < 300; cell++) fade(stepwise, 1);
    for (const [place, value] of fadedBy(300).entries())
      expect(value).toBeCloseTo(stepwise[place] ?? 0, 12);
  });

  it("begins anew after a gap of more than three days", () => {
    expect(fadedBy(3 * CELLS_PER_DAY)[SLOW]).toBeGreaterThan(0.9);
    expect([...fadedBy(3 * CELLS_PER_DAY + 1)]).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it("weighs few rows little, and what does not average out by its sum", () => {
    const sums = Float64Array.of(6, 5, 4, 0, 0, 0);
    expect(monitorAt(sums, 0, 2)).toBeCloseTo(6 / Math.sqrt(2 * 5 + 4 * 4 + DOUBT), 12);
    expect(DOUBT).toBe(4);
  });

  it("that is slow knows no more than the fast one after an event", () => {
    const sums = Float64Array.of(9, 9, 9, 9, 9, 9, 1, 2, 3, 40, 50, 60);
    restartSlow(sums, 1);
    expect([...sums]).toEqual([9, 9, 9, 9, 9, 9, 1, 2, 3, 1, 2, 3]);
  });
});
