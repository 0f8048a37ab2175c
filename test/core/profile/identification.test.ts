/** A wrong map reads garbage as if it were data, so the wrong device is refused before the first poll. */
import { describe, expect, it } from "vitest";
import type { Decoded } from "#core/profile/decode.js";
import { findMismatch, identifyingRegisters } from "#core/profile/identification.js";
import { profileOf } from "../../support/profile-text.js";

const profile = profileOf({
  more: `identification:
  - { register: controller, oneOf: [390, 391], meaning: a WPM3 or WPM3i }
  - { register: outdoor, min: -60, max: 60, mayBeAbsent: true, meaning: an outdoor temperature }
  - { register: successor, refused: true, meaning: nothing at 30 }`,
  registers: [
    "address: 1, id: controller",
    "address: 2, id: outdoor, encoding: int16",
    "address: 30, id: successor",
    "address: 4, id: other",
  ],
});
const good = (value: number): Decoded => ({ quality: "good", value, exact: value });
const absent: Decoded = { quality: "absent", value: undefined, exact: undefined };
const implausible: Decoded = { quality: "implausible", value: undefined, exact: undefined };
const fits = new Map<string, Decoded | "refused">([
  ["controller", good(390)],
  ["outdoor", good(7)],
  ["successor", "refused"],
]);
const mismatch = (changes: Record<string, Decoded | "refused">) =>
  findMismatch(profile, new Map([...fits, ...Object.entries(changes)]));

describe("identification", () => {
  it("asks for the registers that prove something", () => {
    expect(identifyingRegisters(profile).map((one) => one.id)).toEqual([
      "controller",
      "outdoor",
      "successor",
    ]);
  });

  it("lets the right device pass, with a sensor missing too", () => {
    expect(mismatch({})).toBeUndefined();
    expect(mismatch({ outdoor: absent })).toBeUndefined();
  });

  it.each([
    [{ controller: good(449) }, "controller is 449; expected a WPM3 or WPM3i"],
    [{ controller: "refused" }, "controller is refused by the device; expected a WPM3 or WPM3i"],
    [{ controller: absent }, "controller has no value; expected a WPM3 or WPM3i"],
    [{ outdoor: implausible }, "outdoor has no plausible value; expected an outdoor temperature"],
    [{ successor: good(1) }, "successor is answered by the device; expected nothing at 30"],
  ] as const)("refuses %j and says why", (changes, message) => {
    expect(mismatch(changes)).toBe(message);
  });
});
