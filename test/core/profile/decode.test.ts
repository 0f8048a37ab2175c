/** Register words to values: the device sends bits, we must see degrees, and nothing else. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeRegister, decodeText, isTooSteep, round } from "#core/profile/decode.js";
import type { ProfileRegister } from "#core/profile/profile.js";
import { profileOf } from "../../support/profile-text.js";

function register(fields: string): ProfileRegister {
  const [one] = profileOf({ registers: [`address: 1, ${fields}`] }).registers;
  if (one === undefined) throw new Error("no register");
  return one;
}

const value = (fields: string, words: readonly number[]) => {
  const decoded = decodeRegister(words, register(fields));
  return decoded.value ?? decoded.quality;
};

const float = "id: a, encoding: float32, wordOrder: low-first";

describe("decodeRegister", () => {
  it.each([
    [[215], 21.5],
    [[65526], -1],
    [[3], 0.3],
  ])("reads tenths of an int16 %j as %d", (words, expected) => {
    expect(value("id: a, encoding: int16, scale: 0.1", words)).toBe(expected);
  });

  it("reads float32 with the low word first, as an IDM sends it", () => {
    expect(value(`${float}, resolution: 0.01`, [13107, 16966])).toBe(49.55);
  });

  it("knows a missing sensor before it scales: -1, not -0.001", () => {
    expect(value(`${float}, scale: 0.001, absent: [-1]`, [0, 49024])).toBe("absent");
  });

  it("reads all orders of words and bytes", () => {
    const orders = [
      ["high-first", "high-first", [0x4246, 0x3333]],
      ["low-first", "high-first", [0x3333, 0x4246]],
      ["high-first", "low-first", [0x4642, 0x3333]],
      ["low-first", "low-first", [0x3333, 0x4642]],
    ] as const;
    for (const [wordOrder, byteOrder, words] of orders) {
      const format = `encoding: float32, wordOrder: ${wordOrder}, byteOrder: ${byteOrder}`;
      expect(value(`id: a, ${format}, resolution: 0.01`, words)).toBe(49.55);
    }
  });

  it.each([
    ["encoding: int8", [0xff], -1],
    ["encoding: int8", [0xffff], -1],
    ["encoding: int8", [0x1ff], "implausible"],
    ["encoding: uint8", [255], 255],
    ["encoding: uint8", [32453], "implausible"],
    ["encoding: uint16", [65535], 65535],
    ["encoding: int32", [0xffff, 0xfffe], -2],
    ["encoding: uint32", [0xffff, 0xfffe], 4294967294],
    ["encoding: uint32, wordOrder: low-first", [1, 2], 131073],
    ["encoding: bool", [1], 1],
    ["encoding: bool", [7], "implausible"],
    ["encoding: bool, invert: true", [0], 1],
    ["bit: 3", [0b1000], 1],
    ["bit: 3, invert: true", [0b1000], 0],
    ["bits: { first: 8, count: 8 }", [0x12ff], 0x12],
    ["encoding: sum, magnitudes: [1, 1000]", [345, 12], 12345],
    ["encoding: sum, magnitudes: [1, 1000], absent: [-32768]", [345, 0x8000], "absent"],
    ["encoding: sum, magnitudes: [1, 10000, 100000000]", [1, 2, 3], 300020001],
    ["encoding: int16, absent: [-32768]", [0x8000], "absent"],
    ["encoding: float32, absent: [nan]", [0x7fc0, 0], "absent"],
    ["encoding: float32", [0x7fc0, 0], "implausible"],
    ["encoding: float32", [0x7f80, 0], "implausible"],
    ["encoding: uint16, scale: 1/60, resolution: 0.1", [100], 1.7],
    ["encoding: uint16, scale: 0.1, offset: -40", [0], -40],
    ["encoding: uint16, min: 1, max: 9", [10], "implausible"],
  ] as const)("reads %s of %j as %s", (fields, words, expected) => {
    expect(value(`id: a, ${fields}`, words)).toBe(expected);
  });

  it("takes a legal -1 of a pump for -1, though -1 is a sentinel elsewhere", () => {
    expect(value("id: a, encoding: int16, absent: [-1], legal: [-1]", [65535])).toBe(-1);
    expect(value("id: a, encoding: int16, absent: [-1]", [65535])).toBe("absent");
  });

  it("knows no minus zero", () => {
    expect(Object.is(value(`${float}, resolution: 0.1`, [0, 0x8000]), 0)).toBe(true);
    expect(Object.is(value(float, [0, 0x8000]), 0)).toBe(true);
  });

  it("reads texts apart", () => {
    const text = register("id: a, encoding: string, words: 1");
    expect(decodeText([0x5531], text)).toBe("U1");
    expect(decodeText([0], text)).toBeUndefined();
    expect(decodeRegister([0x5531], text).quality).toBe("absent");
  });

  it("takes answers of the wrong length, or words that are none, for implausible", () => {
    expect(value("id: a", [])).toBe("implausible");
    expect(value("id: a", [1, 2])).toBe("implausible");
    expect(value("id: a", [65536])).toBe("implausible");
    expect(value("id: a", [1.5])).toBe("implausible");
  });

  it("never throws, and every value is a bounded multiple of its step", () => {
    const formats = [
      "encoding: int8",
      "encoding: uint8, absent: [255]",
      "encoding: int16, scale: 0.1, absent: [-32768]",
      "encoding: uint16, scale: 1/3, resolution: 0.5",
      "encoding: int32, scale: 0.01, wordOrder: low-first",
      "encoding: uint32, scale: 1000",
      "encoding: float32, resolution: 0.1, absent: [-1, nan]",
      "encoding: float32, wordOrder: low-first, min: -60, max: 60, resolution: 0.02",
      "encoding: bool, invert: true",
      "bits: { first: 3, count: 5 }",
      "encoding: sum, magnitudes: [1, 0.01]",
      "encoding: string, words: 2",
    ].map((fields) => register(`id: a, ${fields}`));
    const anyWords = fc.array(fc.oneof(fc.integer({ min: 0, max: 65535 }), fc.double()), {
      maxLength: 3,
    });
    fc.assert(
      fc.property(fc.constantFrom(...formats), anyWords, (one, words) => {
        const decoded = decodeRegister(words, one);
        expect(decoded.quality === "good").toBe(decoded.value !== undefined);
        if (decoded.value === undefined) return;
        expect(decoded.value).toBeGreaterThanOrEqual(one.min);
        expect(decoded.value).toBeLessThanOrEqual(one.max);
        expect(round(decoded.value, one.format.resolution)).toBe(decoded.value);
        expect(Object.is(decoded.value, -0)).toBe(false);
      }),
      { numRuns: 3000, seed: 49024 },
    );
  });
});

describe("round", () => {
  it("makes one exact product and one division", () => {
    expect(round(0.30000000000000004, { multiplier: 1, decimals: 1 })).toBe(0.3);
    expect(round(1.23, { multiplier: 2, decimals: 2 })).toBe(1.24);
  });

  it("gives nothing for what has no exact multiple", () => {
    expect(round(1e300, { multiplier: 1, decimals: 1 })).toBeUndefined();
    expect(round(Number.NaN, undefined)).toBeUndefined();
  });
});

describe("isTooSteep", () => {
  it("compares with the last value, and with none there is no step", () => {
    const one = register("id: a, step: 5");
    expect(isTooSteep(one, 20, 14)).toBe(true);
    expect(isTooSteep(one, 20, 15)).toBe(false);
    expect(isTooSteep(one, 20, undefined)).toBe(false);
  });
});
