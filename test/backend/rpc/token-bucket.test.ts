/** An allowance: what is used up grows back, and debts do too. */
import { describe, expect, it } from "vitest";
import { createTokenBucket } from "../../../backend/rpc/token-bucket.js";

const SIZE = { burst: 3, perSecond: 2 };

describe("a token bucket", () => {
  it("gives its burst at once, then as much as grew back", () => {
    const bucket = createTokenBucket(SIZE, 0);
    expect([1, 2, 3, 4].map(() => bucket.take(1, 0))).toEqual([true, true, true, false]);
    expect(bucket.take(1, 499)).toBe(false);
    expect(bucket.take(1, 500)).toBe(true);
    expect(bucket.isFull(1_999)).toBe(false);
    expect(bucket.isFull(2_000)).toBe(true);
  });

  it("never holds more than its burst, nor gives anything for a clock that goes back", () => {
    const bucket = createTokenBucket(SIZE, 10_000);
    expect(bucket.take(3, 90_000)).toBe(true);
    expect(bucket.take(1, 20_000)).toBe(false);
  });

  it("owes what was charged, at most its burst", () => {
    const bucket = createTokenBucket(SIZE, 0);
    bucket.charge(100, 0);
    expect(bucket.take(1, 1_999)).toBe(false);
    expect(bucket.take(1, 2_000)).toBe(true);
  });
});
