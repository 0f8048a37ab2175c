/** Bit patterns whose meaning is not plain arithmetic. */
import { describe, expect, it } from "vitest";
import { toRaw, toText, type WordFormat } from "#core/profile/words.js";

function format(encoding: WordFormat["encoding"]): WordFormat {
  return {
    encoding,
    wordOrder: "high-first",
    byteOrder: "high-first",
    bits: undefined,
    magnitudes: [],
  };
}

describe("nonzero", () => {
  it("is no for 0 and yes for anything else", () => {
    expect([0, 1, 100, 65_535].map((word) => toRaw([word], format("nonzero")))).toEqual([
      0, 1, 1, 1,
    ]);
  });

  it("is not bool, which refuses what is neither 0 nor 1", () => {
    expect(toRaw([100], format("bool"))).toBeUndefined();
  });
});

describe("version", () => {
  it("is a text with a number of each word, and no number itself", () => {
    expect(toText([3, 92, 0], format("version"))).toBe("3.92.0");
    expect(toRaw([3, 92, 0], format("version"))).toBeUndefined();
  });

  it("heeds the byte order", () => {
    expect(toText([0x0300, 0x5c00], { ...format("version"), byteOrder: "low-first" })).toBe("3.92");
  });
});
