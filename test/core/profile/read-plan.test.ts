/** Each request costs a slow device time; each forbidden word may cost the whole answer. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Profile, ProfileRegister } from "#core/profile/profile.js";
import { type PlannedRange, planReads, planSingle, splitWords } from "#core/profile/read-plan.js";
import { describeRange } from "#core/profile/register-range.js";
import { profileOf } from "../../support/profile-text.js";

const planned = (profile: Profile, choice: Partial<Parameters<typeof planReads>[1]> = {}) =>
  planReads(profile, { wanted: "all", ...choice }).ranges.map(describeRange);

const word = (address: number, more = "") => `address: ${address}, id: r${address}${more}`;

describe("planReads", () => {
  it("joins what lies side by side, and never more than the device gives", () => {
    const registers = [1, 2, 3, 4, 5, 7].map((address) => word(address));
    const profile = profileOf({ connection: "wordsPerReadMax: 4", registers });
    expect(planned(profile)).toEqual(["holding 1+4", "holding 5+1", "holding 7+1"]);
  });

  it("never cuts a value in two", () => {
    const registers = ["1", "3", "5"].map((a) => `address: ${a}, id: r${a}, encoding: float32`);
    const profile = profileOf({ connection: "wordsPerReadMax: 5", registers });
    expect(planned(profile)).toEqual(["holding 1+4", "holding 5+2"]);
  });

  it("bridges a hole only where the profile says so, and no forbidden one", () => {
    const registers = [1, 3, 6, 8].map((address) => word(address));
    const connection = "wordsPerReadMax: 20, gapWordsMax: 1";
    expect(planned(profileOf({ connection, registers }))).toEqual(["holding 1+3", "holding 6+3"]);
    const forbidden = `${connection}, forbidden: [{ from: 7, to: 7 }]`;
    expect(planned(profileOf({ connection: forbidden, registers }))).toEqual([
      "holding 1+3",
      "holding 6+1",
      "holding 8+1",
    ]);
  });

  it("never bridges what is set aside, or what must be alone", () => {
    const registers = [word(1), word(2), word(3), word(5), word(6, ", single: true"), word(7)];
    const profile = profileOf({ connection: "wordsPerReadMax: 20, gapWordsMax: 3", registers });
    expect(planned(profile, { excluded: new Set(["r2"]) })).toEqual([
      "holding 1+1",
      "holding 3+3",
      "holding 6+1",
      "holding 7+1",
    ]);
  });

  it("reads members of an overlap each from its own address", () => {
    const registers = [
      word(1),
      word(2, ", encoding: float32, overlap: true"),
      word(3, ", overlap: true"),
      word(4),
    ];
    expect(planned(profileOf({ registers }))).toEqual([
      "holding 1+1",
      "holding 2+2",
      "holding 3+1",
      "holding 4+1",
    ]);
  });

  it("stays within readable ranges", () => {
    const connection = "wordsPerReadMax: 20, readable: [{ from: 0, to: 2 }, { from: 3, to: 9 }]";
    const registers = [1, 2, 3, 4].map((address) => word(address));
    expect(planned(profileOf({ connection, registers }))).toEqual(["holding 1+2", "holding 3+2"]);
  });

  it("keeps units, spaces and groups apart, and reads two spaces as one where they are one", () => {
    const registers = [
      word(1, ", space: input"),
      word(2, ", space: holding"),
      word(3, ", space: input, unitId: 7"),
      word(4, ", space: input, group: slow"),
    ];
    expect(planned(profileOf({ registers }))).toEqual([
      "holding 2+1",
      "input 1+1",
      "input 3+1@7",
      "input 4+1",
    ]);
    const connection = "wordsPerReadMax: 8, oneSpace: true";
    expect(planned(profileOf({ connection, registers }))[0]).toBe("input 1+2");
  });

  it("asks for exactly one register where the device wants that", () => {
    const registers = [word(1), word(2)];
    expect(
      planned(profileOf({ connection: "wordsPerReadMax: 8, exact: true", registers })),
    ).toEqual(["holding 1+1", "holding 2+1"]);
  });

  it("reads several bits of one word once", () => {
    const registers = ["address: 5, id: a, bit: 0", "address: 5, id: b, bit: 1", word(6)];
    const [range] = planReads(profileOf({ registers }), { wanted: "all" }).ranges;
    expect(range && describeRange(range)).toBe("holding 5+2");
    expect(range && [...splitWords(range, [3, 9])]).toEqual([
      ["a", [3]],
      ["b", [3]],
      ["r6", [9]],
    ]);
  });

  it("addresses another unit where the installation has another", () => {
    const profile = profileOf({ registers: [word(1), word(2, ", unitId: 50")] });
    expect(planned(profile, { unitId: 3 })).toEqual(["holding 1+1@3", "holding 2+1@50"]);
  });

  it("plans one register alone for a second look", () => {
    const [register] = profileOf({ registers: [word(7, ", encoding: float32")] }).registers;
    expect(register && describeRange(planSingle(register))).toBe("holding 7+2");
  });
});

/** Random devices: words of one or two, some alone, some forbidden. */
const device = fc.record({
  limit: fc.integer({ min: 2, max: 10 }),
  gap: fc.integer({ min: 0, max: 3 }),
  forbidden: fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 3 }),
  steps: fc.array(
    fc.record({
      hole: fc.integer({ min: 0, max: 4 }),
      isFloat: fc.boolean(),
      isSingle: fc.boolean(),
    }),
    { minLength: 1, maxLength: 10 },
  ),
});

function build(of: { limit: number; gap: number; forbidden: number[] }, lines: string[]): Profile {
  const spans = of.forbidden.map((address) => `{ from: ${address}, to: ${address} }`).join(", ");
  const connection = `wordsPerReadMax: ${of.limit}, gapWordsMax: ${of.gap}, forbidden: [${spans}]`;
  return profileOf({ connection, registers: lines });
}

describe("planReads, whatever the device", () => {
  it("covers each register once, keeps every limit, and needs the fewest requests", () => {
    fc.assert(
      fc.property(device, (of) => {
        const blocked = new Set(of.forbidden);
        const lines: string[] = [];
        let next = 0;
        for (const { hole, isFloat, isSingle } of of.steps) {
          next += hole;
          const words = isFloat ? 2 : 1;
          while (blocked.has(next) || blocked.has(next + words - 1)) next += 1;
          const encoding = isFloat ? ", encoding: float32" : "";
          lines.push(word(next, `${encoding}${isSingle ? ", single: true" : ""}`));
          next += words;
        }
        const profile = build(of, lines);
        const { ranges } = planReads(profile, { wanted: "all" });
        const ids = ranges.flatMap((range) => range.registers.map((one) => one.register.id));
        expect(ids.length).toBe(new Set(ids).size);
        expect(new Set(ids)).toEqual(new Set(profile.registers.map((one) => one.id)));
        for (const range of ranges)
          expect(
            isAllowed(
              range.registers.map((one) => one.register),
              of,
              profile,
            ),
          ).toBe(true);
        expect(ranges.length).toBe(fewest(profile, of));
        expect(planReads(profile, { wanted: "all" }).ranges).toEqual(ranges);
        expect(ranges.every(hasPlaces)).toBe(true);
      }),
      { numRuns: 300, seed: 20260128 },
    );
  });
});

function hasPlaces(range: PlannedRange): boolean {
  return range.registers.every(
    ({ register, offset }) =>
      range.address + offset === register.address && offset + register.format.words <= range.count,
  );
}

/** The rules, said again without the planner. */
function isAllowed(
  block: readonly ProfileRegister[],
  of: { limit: number; gap: number; forbidden: number[] },
  profile: Profile,
): boolean {
  const words = block.flatMap((one) =>
    Array.from({ length: one.format.words }, (_, i) => one.address + i),
  );
  const [from, to] = [Math.min(...words), Math.max(...words)];
  const holes = Array.from({ length: to - from + 1 }, (_, i) => from + i).filter(
    (address) => !words.includes(address),
  );
  const alone = profile.registers
    .filter((one) => one.isSingle)
    .flatMap((one) => [one.address, one.address + one.format.words - 1]);
  const runs = words.slice(1).map((address, i) => address - (words[i] ?? 0) - 1);
  return (
    (block.length === 1 || !block.some((one) => one.isSingle)) &&
    to - from + 1 <= of.limit &&
    Math.max(0, ...runs) <= of.gap &&
    !of.forbidden.some((address) => address >= from && address <= to) &&
    !holes.some((address) => alone.includes(address))
  );
}

/** Fewest blocks by dynamic programming over what is not alone. */
function fewest(profile: Profile, of: { limit: number; gap: number; forbidden: number[] }): number {
  const joined = profile.registers
    .filter((one) => !one.isSingle)
    .sort((a, b) => a.address - b.address);
  const best = [0];
  for (let end = 1; end <= joined.length; end++) {
    best[end] = Math.min(
      ...Array.from({ length: end }, (_, start) => start)
        .filter((start) => isAllowed(joined.slice(start, end), of, profile))
        .map((start) => (best[start] ?? 0) + 1),
    );
  }
  return (best[joined.length] ?? 0) + profile.registers.length - joined.length;
}
