/** One metric, one reading: candidates by priority, absences with their reason, no number for nothing. */
import { describe, expect, it } from "vitest";
import { decodeReadings, type RegisterOutcome } from "#core/profile/readings.js";
import { profileOf } from "../../support/profile-text.js";

const kW = "unit: kW, scale: 0.001, encoding: uint16, absent: [65535]";
const profile = profileOf({
  registers: [
    "address: 1, metric: temp_hot_water, unit: °C, encoding: int16, absent: [-32768]",
    "address: 2, metric: temp_hot_water_bottom, also: { temp_hot_water: 2 }, unit: °C, encoding: int16, absent: [-32768]",
    `address: 3, metric: power_thermal, ${kW}`,
    `address: 4, metric: power_current, ${kW}`,
    "address: 5, id: own_number",
    "address: 6, id: own_text, encoding: string, words: 1",
    "address: 7, metric: energy_heat_total, unit: kWh, encoding: sum, magnitudes: [1, 1000]",
  ],
  more: `derived:
  - { metric: cop_current, divide: [power_thermal, power_current], when: { power_current: { above: 0.1 } } }
  - { metric: power_limit, sum: [power_thermal, power_current] }
  - { metric: power_pv, first: [own_number, power_current] }
`,
});

const good = (...words: number[]): RegisterOutcome => ({ words, quality: "good" });
const readings = (outcomes: Record<string, RegisterOutcome>) =>
  new Map(
    decodeReadings(profile, new Map(Object.entries(outcomes))).map((one) => [
      one.metric,
      one.value ?? one.quality,
    ]),
  );

describe("decodeReadings", () => {
  it("takes the best candidate that has a value", () => {
    const both = { temp_hot_water: good(50), temp_hot_water_bottom: good(40) };
    expect(readings(both)).toEqual(
      new Map([
        ["temp_hot_water", 50],
        ["temp_hot_water_bottom", 40],
      ]),
    );
    const missing = { ...both, temp_hot_water: good(0x8000) };
    expect(readings(missing).get("temp_hot_water")).toBe(40);
  });

  it("says of the best candidate why none has a value", () => {
    const none = readings({
      temp_hot_water: good(0x8000),
      temp_hot_water_bottom: { words: undefined, quality: "read-error" },
    });
    expect(none.get("temp_hot_water")).toBe("absent");
    expect(none.get("temp_hot_water_bottom")).toBe("read-error");
  });

  it("computes of values before rounding: 6.204 kW by 1.844 kW is 3.36, not 3.37", () => {
    const cop = readings({ power_thermal: good(6204), power_current: good(1844) });
    expect(cop.get("power_thermal")).toBe(6.2);
    expect(cop.get("power_current")).toBe(1.84);
    expect(cop.get("cop_current")).toBe(3.36);
  });

  it.each([
    ["the guard does not hold", good(100), "absent"],
    ["an operand is not there", good(65535), "absent"],
    ["an operand was not read", { words: undefined, quality: "not-due" } as const, "not-due"],
  ])("has no COP when %s", (_, power, expected) => {
    const all = readings({ power_thermal: good(6207), power_current: power });
    expect(all.get("cop_current")).toBe(expected);
  });

  it("does not believe a COP of 31", () => {
    const all = readings({ power_thermal: good(6207), power_current: good(200) });
    expect(all.get("cop_current")).toBe("implausible");
  });

  it("marks what was read twice, and what is computed of it", () => {
    const all = decodeReadings(
      profile,
      new Map<string, RegisterOutcome>([
        ["power_thermal", { words: [6207], quality: "reread" }],
        ["power_current", good(1839)],
      ]),
    );
    const qualities = new Map(all.map((one) => [one.metric, one.quality]));
    expect(qualities.get("power_thermal")).toBe("reread");
    expect(qualities.get("cop_current")).toBe("reread");
    expect(qualities.get("power_current")).toBe("good");
  });

  it("gives a register without metric its own name, and texts none", () => {
    expect(readings({ own_number: good(7), own_text: good(0x5531) }).get("own_number")).toBe(7);
    expect(readings({ own_text: good(0x5531) }).has("own_text")).toBe(false);
  });

  it("takes the first operand that has a value, where a profile says first", () => {
    expect(readings({ own_number: good(7), power_current: good(500) }).get("power_pv")).toBe(7);
    expect(readings({ power_current: good(500) }).get("power_pv")).toBe(0.5);
  });

  it("adds up totals of two words", () => {
    expect(readings({ energy_heat_total: good(345, 12) }).get("energy_heat_total")).toBe(12345);
  });

  it("says nothing about what the installation does not have", () => {
    expect(readings({})).toEqual(new Map());
  });
});
