/** A fleet that lost its backend together must not come back together. */
import { describe, expect, it } from "vitest";
import { backoffMs } from "#core/backoff.js";

const schedule = { baseMs: 2_000, capMs: 300_000 };

describe("backoffMs", () => {
  it.each([
    { attempt: 0, bound: 2_000 },
    { attempt: 3, bound: 16_000 },
    { attempt: 8, bound: 300_000 },
    { attempt: 5_000, bound: 300_000 },
  ])("after $attempt failures lies between 0 and $bound ms", ({ attempt, bound }) => {
    expect(backoffMs(attempt, schedule, () => 0)).toBe(0);
    expect(backoffMs(attempt, schedule, () => 0.5)).toBe(bound / 2);
    expect(backoffMs(attempt, schedule, () => 0.999999)).toBeLessThan(bound);
  });
});
