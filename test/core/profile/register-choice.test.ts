/** What an installation does not have is not asked for: some devices then answer nothing at all. */
import { describe, expect, it } from "vitest";
import { type ReadChoice, selectRegisters } from "#core/profile/register-choice.js";
import { compareVersions } from "#core/profile/value-test.js";
import { profileOf } from "../../support/profile-text.js";

const profile = profileOf({
  more: `parameters:
  circuit: { label: { de: Kreis, en: Circuit }, values: [a, b, c], default: [a] }
  solar: { label: { de: Solar, en: Solar }, values: [without, with], default: [without], several: false }
firmware: { register: firmware }
derived:
  - { metric: power_limit, sum: [part_1, part_2] }`,
  registers: [
    'address: 1, stride: { circuit: 1 }, metric: "temp_flow_circuit_{circuit}", unit: °C',
    "address: 10, metric: temp_solar_collector, unit: °C, when: { parameter: { solar: [with] } }",
    "address: 11, id: controller",
    "address: 12, metric: temp_flow, unit: °C, when: { register: { controller: { oneOf: [390] } } }",
    "address: 13, metric: temp_return, unit: °C, when: { firmware: { since: 3.90.1 } }",
    "address: 14, id: local_only",
    "address: 15, id: order, access: w",
    "address: 16, id: part_1, unit: kW",
    "address: 17, id: part_2, unit: kW",
    "address: 18, id: firmware",
  ],
});

const ids = (choice: Partial<ReadChoice> = {}) =>
  selectRegisters(profile, { wanted: "shared", ...choice }).map((one) => one.id);
const always = ["controller", "part_1", "part_2", "firmware"];

describe("selectRegisters", () => {
  it("takes the defaults, and what shared metrics hang on", () => {
    expect(ids()).toEqual(["temp_flow_circuit_a", ...always]);
  });

  it("takes what the installer chose", () => {
    const parameters = { circuit: ["a", "c"], solar: ["with"] };
    expect(ids({ parameters })).toEqual([
      "temp_flow_circuit_a",
      "temp_flow_circuit_c",
      "temp_solar_collector",
      ...always,
    ]);
  });

  it("takes what another register or the firmware allows, once that is known", () => {
    expect(ids({ known: new Map([["controller", 390]]) })).toContain("temp_flow");
    expect(ids({ known: new Map([["controller", 449]]) })).not.toContain("temp_flow");
    expect(ids({ firmware: "3.90.1" })).toContain("temp_return");
    expect(ids({ firmware: "3.89.9" })).not.toContain("temp_return");
    expect(ids({ withGated: true })).toContain("temp_return");
  });

  it("never takes an order, not even when everything is wanted", () => {
    expect(ids({ wanted: "all" })).toContain("local_only");
    expect(ids({ wanted: "all" })).not.toContain("order");
  });

  it("leaves out what is set aside", () => {
    expect(ids({ excluded: new Set(["firmware"]) })).not.toContain("firmware");
  });

  it.each([
    [{ zone: ["1"] }, "brand/model has no parameter zone"],
    [{ circuit: ["z"] }, "brand/model: circuit may not be z"],
    [{ solar: ["with", "without"] }, "brand/model: solar takes exactly one value"],
  ])("refuses %j", (parameters, message) => {
    expect(() => ids({ parameters: parameters as ReadChoice["parameters"] & object })).toThrow(
      message,
    );
  });
});

describe("compareVersions", () => {
  it.each([
    ["1.9", "1.10", -1],
    ["3.90.1", "3.90.1", 0],
    ["4", "3.92.0", 1],
    ["3.90", "3.90.0", 0],
  ])("%s against %s", (left, right, sign) => {
    expect(Math.sign(compareVersions(left, right))).toBe(sign);
  });
});
