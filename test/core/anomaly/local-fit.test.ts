/** What a machine learns about itself: late, and only from days that proved quiet. */
import { describe, expect, it } from "vitest";
import {
  endLocalDay,
  type LocalFit,
  notePeak,
  startLocalFit,
  WAIT_DAYS,
} from "#core/anomaly/local-fit.js";
import type { PartModel } from "#core/anomaly/normal-model.js";
import { noteRow } from "../../support/plain-normal.js";

const part: PartModel = {
  ...{ isUsable: true, beta: Float64Array.of(0), rowVariance: 1, dayVariance: 0, psi: 1, rho: 1 },
  ...{ between: Float64Array.of(4), leverage: Float64Array.of(1), limitFast: 3, limitSlow: 3 },
};
const RING = WAIT_DAYS + 1;

/** Days in which the machine lies 2 above its family; `peaks` by day. */
function liveDays(days: number, peaks: Readonly<Record<number, number>> = {}): LocalFit {
  const fit = startLocalFit(part);
  for (let day = 0; day < days; day++) {
    for (let row = 0; row < 100; row++) noteRow(fit, day % RING, Float64Array.of(1), 2, 1);
    notePeak(fit, day % RING, peaks[day] ?? 0.1);
    endLocalDay(fit, part, day % RING);
  }
  return fit;
}

describe("a machine's own level", () => {
  it("takes a day in five days later, not before", () => {
    expect(liveDays(5).deviation[0]).toBe(0);
    // The day's hundred rows are one look at it, beside a family that spreads by 4.
    expect(liveDays(6).deviation[0]).toBeCloseTo(1.6, 12);
    expect(liveDays(6).covariance[0]).toBeCloseTo(0.8, 12);
  });

  it("takes no day in that was not quiet from then until now", () => {
    expect(liveDays(6, { 0: 0.7 }).information[0]).toBe(0);
    expect(liveDays(6, { 5: 0.7 }).information[0]).toBe(0);
    expect(liveDays(6, { 0: 0.69 }).information[0]).toBe(1);
    expect(liveDays(12, { 5: 0.7 }).information[0]).toBe(1);
  });

  it("takes it in all the same while the machine is new", () => {
    const fit = startLocalFit(part);
    for (let day = 0; day < 6; day++) {
      noteRow(fit, day % RING, Float64Array.of(1), 2, 1);
      notePeak(fit, day % RING, 3);
      endLocalDay(fit, part, day % RING, true);
    }
    expect(fit.information[0]).toBe(1);
  });

  it("fades with a half-life of 60 days", () => {
    const fit = liveDays(6);
    for (let day = 6; day < 66; day++) {
      notePeak(fit, day % RING, 1);
      endLocalDay(fit, part, day % RING);
    }
    expect(fit.information[0]).toBeCloseTo(0.5, 8);
  });
});
