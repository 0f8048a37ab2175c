/** Payloads become numbers strictly, or nothing. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseMqttProfile } from "#core/profile/mqtt-compile.js";
import { decodeScalar, extract, toPayload } from "#core/profile/mqtt-payload.js";
import type { Extractor } from "#core/profile/mqtt-profile.js";
import { mqttProfileText } from "../../support/mqtt-profile-text.js";

const [flow, mode] = parseMqttProfile(mqttProfileText(), "test.yaml").points;
if (flow === undefined || mode === undefined) throw new Error("the profile has two points");

const path = (...keys: (string | number)[]): Extractor => ({ kind: "path", keys });
const whole: Extractor = { kind: "whole" };
const field = (index: number): Extractor => ({ kind: "field", index });

describe("the part of a payload", () => {
  it.each<[string, Extractor, unknown]>([
    ["39.6", whole, "39.6"],
    ['"off"', whole, "off"],
    [" 17 \n", whole, "17"],
    ['{"a":1}', whole, undefined],
    ["17.0;20.0;-", field(1), "20.0"],
    ["17.0;20.0;-", field(3), undefined],
    ['{"0":1}', field(0), undefined],
    ['{"a":{"b":[{"c":5}]}}', path("a", "b", 0, "c"), 5],
    ['{"good reads":7}', path("good reads"), 7],
    ['{"a":null}', path("a"), null],
    ['{"a":{"b":1}}', path("a"), undefined],
    ["17", path("a"), undefined],
    ['{"a":', path("a"), undefined],
    ["{}", path("constructor"), undefined],
    ["{}", path("__proto__"), undefined],
  ])("%j at %j is %j", (text, extractor, expected) => {
    expect(extract(toPayload(text), extractor)).toBe(expected);
  });
});

describe("a number", () => {
  it.each([
    ["39.6", 39.6],
    ["+39.55", 39.6],
    ["-3.4", -3.4],
    ["1e1", 10],
    [".5", 0.5],
    ["5.", 5],
    [39.6, 39.6],
    ["-99", "absent"],
    [-99, "absent"],
    ["-", "absent"],
    ["", "absent"],
    [null, "absent"],
    [true, "absent"],
    ["0x10", "absent"],
    ["1,5", "absent"],
    ["1 5", "absent"],
    ["Infinity", "absent"],
    ["unexpected error", "absent"],
    ["121", "implausible"],
  ])("from %j is %j", (scalar, expected) => {
    const decoded = decodeScalar(scalar, flow);
    expect(decoded.value ?? decoded.quality).toBe(expected);
  });

  it("never throws and never yields what is out of bounds", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.double(), fc.boolean()), (scalar) => {
        const { value } = decodeScalar(scalar, flow);
        return value === undefined || (value >= flow.min && value <= flow.max);
      }),
    );
  });
});

describe("a code", () => {
  it.each([
    ["heating", 1],
    ["HEIZEN", 1],
    ["heating_ACTIVE", 1],
    ["1", 1],
    [1, 1],
    ["1.0", 1],
    ["aus", 0],
    ["cooling", "absent"],
    ["1.5", "absent"],
    [7, 7],
  ])("from %j is %j", (scalar, expected) => {
    const decoded = decodeScalar(scalar, mode);
    expect(decoded.value ?? decoded.quality).toBe(expected);
  });
});
