/** Distinct days decide who may have models: no day may be counted twice or kept too long. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { countDays, markDay, NO_DAYS } from "../../../backend/registry/day-bitmap.js";

describe("day bitmap", () => {
  it("agrees with a set of days, in whatever order they come", () => {
    const days = fc.array(fc.integer({ min: 20_000, max: 20_150 }), { maxLength: 80 });
    fc.assert(
      fc.property(days, fc.integer({ min: 1, max: 64 }), fc.nat(150), (marked, window, later) => {
        let bitmap = NO_DAYS;
        const seen = new Set<number>();
        for (const day of marked) {
          if (day > bitmap.lastDay - 64) seen.add(day);
          bitmap = markDay(bitmap, day);
        }
        // Asked on the last day, after it, and for a time before it.
        const today = bitmap.lastDay - 75 + later;
        const kept = [...seen].filter((day) => day > bitmap.lastDay - 64);
        const expected = kept.filter((day) => day > today - window && day <= today).length;
        expect(countDays(bitmap, today, window)).toBe(expected);
      }),
    );
  });

  it("does not count days that are yet to come", () => {
    const bitmap = markDay(markDay(NO_DAYS, 100), 101);
    expect(countDays(bitmap, 100, 30)).toBe(1);
  });
});
