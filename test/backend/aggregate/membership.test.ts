/** Somebody who reads every release must learn nothing about a household that joins or leaves. */
import { describe, expect, it } from "vitest";
import { carryOver, type Figure } from "../../../backend/aggregate/figure.js";
import {
  changeMembers,
  decodeMembers,
  encodeMembers,
  memberNumber,
} from "../../../backend/aggregate/membership.js";

const K = 15;

/** A day: who is there, and what each one's value is. */
type Day = ReadonlyMap<number, number>;

/** Publishes day after day as a release does; resolves with what outsiders see. */
function publish(days: readonly Day[]): (number | undefined)[] {
  let kept: Figure<number> | undefined;
  return days.map((day) => {
    const found = carryOver<number>({
      values: Float64Array.from(day.values()),
      numbers: Uint32Array.from(day.keys()),
      before: kept,
      compute: (values) =>
        values.length < K ? undefined : values.reduce((a, b) => a + b, 0) / values.length,
    });
    kept = found ?? kept;
    return found?.figure;
  });
}

/** Households 1 to `count`, each with the value 20, but for the last one. */
function pool(count: number, victim = 20): Day {
  const day = new Map<number, number>(Array.from({ length: count }, (_, k) => [k + 1, 20]));
  if (victim !== 20) day.set(count, victim);
  return day;
}

const without = (day: Day, ...gone: number[]): Day =>
  new Map([...day].filter(([one]) => !gone.includes(one)));

describe("who stands behind a figure", () => {
  it.each([14, 15, 16, 30, 500])("a cohort of %i that one joins looks as before", (count) => {
    const secret = publish([pool(count), pool(count + 1, 99), pool(count + 1, 99)]);
    const other = publish([pool(count), pool(count + 1, -7), pool(count + 1, -7)]);
    // Where the one makes the cohort large enough, it is one of fifteen at once.
    if (count + 1 === K) expect(secret[0]).toBeUndefined();
    else expect(secret).toEqual(other);
  });

  it.each([15, 16, 30, 500])(
    "a cohort of %i that one leaves looks as before, or not at all",
    (count) => {
      const full = pool(count, 99);
      const [before, after] = publish([full, without(full, count)]);
      if (count === K) expect(after).toBeUndefined();
      else expect(after).toBe(before);
    },
  );

  it("one for another does not give the other away, also over a day without figures", () => {
    const full = pool(15, 99);
    const swapped = new Map([...without(full, 15), [16, 20] as const]);
    const [first, gap, second] = publish([full, without(full, 15), swapped]);
    expect(gap).toBeUndefined();
    expect(second).toBe(first);
  });

  it("four together change nothing, the fifth lets all of them in", () => {
    const days = [0, 1, 2, 3, 4, 5].map((more) => {
      const day = new Map(pool(20));
      for (let k = 1; k <= more; k++) day.set(100 + k, 50);
      return day;
    });
    expect(publish(days)).toEqual([20, 20, 20, 20, 20, 26]);
  });

  it("those who stay give their new values while one who joined waits", () => {
    const warmer = new Map([...pool(20)].map(([one, value]) => [one, value + 3] as const));
    expect(publish([pool(20), new Map([...warmer, [21, 90] as const])])).toEqual([20, 23]);
  });

  it("a column that is given to another household is another member", () => {
    expect(memberNumber(7, 1_700_000_000_000)).not.toBe(memberNumber(7, 1_700_000_000_001));
    expect(memberNumber(7, 1_700_000_000_000)).not.toBe(memberNumber(8, 1_700_000_000_000));
  });

  it("is kept as text, and no text is nobody", () => {
    const members = Uint32Array.from([1, 4_294_967_295]);
    expect(decodeMembers(encodeMembers(members))).toEqual(members);
    expect(decodeMembers("abc")).toEqual(new Uint32Array());
    expect(changeMembers(members, members)).toBe("everybody");
  });
});
