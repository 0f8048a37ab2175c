/** What is asked of the families behind gateways: their rules of connection and gates, at work. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseProfile } from "#core/profile/compile-profile.js";
import type { Decoded } from "#core/profile/decode.js";
import { findMismatch, type IdentificationAnswers } from "#core/profile/identification.js";
import { planReads } from "#core/profile/read-plan.js";
import { decodeReadings, type RegisterOutcome } from "#core/profile/readings.js";
import type { ReadChoice } from "#core/profile/register-choice.js";

const folder = join(import.meta.dirname, "../../firmware-profiles");

function load(name: string) {
  const file = join(folder, `${name}.yaml`);
  return parseProfile(readFileSync(file, "utf8"), file);
}

function ranges(name: string, choice: Partial<ReadChoice> = {}) {
  return planReads(load(name), { wanted: "all", ...choice }).ranges;
}

/** Ids that an installation reads. */
function ids(name: string, choice: Partial<ReadChoice> = {}): readonly string[] {
  return ranges(name, choice).flatMap((one) => one.registers.map(({ register }) => register.id));
}

const good = (value: number): Decoded => ({ quality: "good", value, exact: value });
const words = (...raw: number[]) => ({ words: raw, quality: "good" as const });

describe("weishaupt/wbb-wwp", () => {
  it("asks for five words at most, by the printed numbers", () => {
    const all = ranges("weishaupt/wbb-wwp");
    expect(Math.max(...all.map((one) => one.count))).toBe(5);
    expect(Math.min(...all.map((one) => one.address))).toBe(30_001);
  });

  it("takes exceptions 2, 4 and 10 for modules that are not installed", () => {
    expect(load("weishaupt/wbb-wwp").connection.absentExceptions).toEqual([2, 4, 10]);
  });

  it("says fault where the controller says 0, when it gives no number", () => {
    const readings = decodeReadings(
      load("weishaupt/wbb-wwp"),
      new Map<string, RegisterOutcome>([
        ["fault", { words: undefined, quality: "quarantined" }],
        ["heat_pump_fault", words(0)],
        ["fault_active", words(1)],
      ]),
    );
    expect(readings).toContainEqual({ metric: "fault", value: 1, quality: "good" });
    expect(readings).toContainEqual({ metric: "fault_active", value: 0, quality: "good" });
  });
});

describe("thermia/genesis", () => {
  it.each(["inverter", "mega"])("%s: stays within 16 words and the model's ranges", (model) => {
    const { readable } = load(`thermia/genesis-${model}`).connection;
    const known = new Map([["enable_fixed_system_supply_set_point", 1]]);
    const parameters = { circuit: ["a", "b", "c", "d", "e"] };
    const all = ranges(`thermia/genesis-${model}`, { known, parameters });
    const spaces = new Set(all.map((one) => one.space));
    expect(spaces).toEqual(new Set(["coil", "discrete", "holding", "input"]));
    expect(Math.max(...all.map((one) => one.count))).toBeLessThanOrEqual(16);
    const outside = all.filter(
      ({ space, address, count }) =>
        !readable.some(
          (span) => span.space === space && span.from <= address && address + count - 1 <= span.to,
        ),
    );
    expect(outside).toEqual([]);
  });

  it.each(["inverter", "mega"])("%s: asks for holding 116 alone, and only behind coil 41", (m) => {
    const at116 = (choice: Partial<ReadChoice>) =>
      ranges(`thermia/genesis-${m}`, choice).filter(
        ({ space, address, count }) =>
          space === "holding" && address <= 116 && 116 < address + count,
      );
    const known = (value: number) => new Map([["enable_fixed_system_supply_set_point", value]]);
    expect(at116({})).toEqual([]);
    expect(at116({ known: known(0) })).toEqual([]);
    expect(at116({ known: known(1) })).toMatchObject([{ address: 116, count: 1 }]);
  });

  it("asks for what only a Mega has of a Mega alone", () => {
    const only = ["cooling_tank_sensor_alarm", "number_of_available_secondaries_genesis"];
    const inverter = ids("thermia/genesis-inverter");
    const mega = ids("thermia/genesis-mega");
    expect(only.filter((id) => mega.includes(id))).toEqual(only);
    expect(only.filter((id) => inverter.includes(id))).toEqual([]);
  });

  it("leaves mixing valves alone that the house does not have", () => {
    expect(ids("thermia/genesis-inverter")).not.toContain("temp_flow_circuit_c");
    const parameters = { circuit: ["a", "c"] };
    expect(ids("thermia/genesis-inverter", { parameters })).toContain("temp_flow_circuit_c");
  });

  it("hangs up after each poll", () => {
    expect(load("thermia/genesis-mega").connection.shouldCloseAfterPoll).toBe(true);
  });
});

describe("bosch-buderus/ems-esp-cs5800i-wlw186i", () => {
  const name = "bosch-buderus/ems-esp-cs5800i-wlw186i";

  it("asks unit 5 for exactly one entity at a time", () => {
    const all = ranges(name);
    expect(all.every((one) => one.registers.length === 1)).toBe(true);
    expect(all.every((one) => one.count === one.registers[0]?.register.format.words)).toBe(true);
    expect(new Set(all.map((one) => one.unitId))).toEqual(new Set([5]));
  });

  it("refuses a release of EMS-ESP with other offsets", () => {
    const shifted: IdentificationAnswers = new Map<string, Decoded | "refused">([
      ["starts_compressor", "refused"],
      ["temp_outdoor", good(31.5)],
    ]);
    expect(findMismatch(load(name), shifted)).toContain("starts_compressor is refused");
  });

  it("gives no power, no pressure and no COP out of disputed registers", () => {
    const { candidates, derived } = load(name);
    const metrics = [...candidates.keys(), ...derived.map((one) => one.metric)];
    const wrong = [
      "power_current",
      "power_thermal",
      "pressure_high",
      "pressure_low",
      "cop_current",
    ];
    expect(wrong.filter((metric) => metrics.includes(metric))).toEqual([]);
  });
});

describe("panasonic", () => {
  it("reads whole degrees or tenths, as the DIP switch of the gateway says", () => {
    const temperatures = (scale: string) =>
      ids("panasonic/aquarea-pa-aw-mbs-1", {
        parameters: { temperature_scale: [scale] },
      }).filter((id) => id.startsWith("temp_"));
    expect(temperatures("1").some((id) => id.endsWith("_tenths"))).toBe(false);
    expect(temperatures("10").every((id) => id.endsWith("_tenths"))).toBe(true);
    expect(temperatures("10").length).toBe(temperatures("1").length);
  });

  it("reads all of the older gateway in one request, as the field does", () => {
    const all = ranges("panasonic/aquarea-pa-aw-mbs-1");
    expect(all).toMatchObject([{ space: "holding", address: 0, count: 74 }]);
  });

  it("asks for the second zone where there is one", () => {
    const parameters = { zone: ["1", "2"] };
    expect(ids("panasonic/aquarea-h")).not.toContain("zone_2_temp");
    expect(ids("panasonic/aquarea-h", { parameters })).toContain("zone_2_temp");
  });
});

describe("mitsubishi", () => {
  it.each(["ecodan-a1m", "ecodan-a1m-plus"])("%s: refuses a Procon on another machine", (model) => {
    const answers = (type: number): IdentificationAnswers =>
      new Map([
        ["system_type", good(type)],
        ["temp_outdoor", good(7)],
      ]);
    const profile = load(`mitsubishi/${model}`);
    expect(findMismatch(profile, answers(1))).toBeUndefined();
    expect(findMismatch(profile, answers(0))).toContain("system_type is 0");
  });

  it.each(["ecodan-a1m", "ecodan-a1m-plus"])("%s: asks for 25 words at most", (model) => {
    const counts = ranges(`mitsubishi/${model}`).map((one) => one.count);
    expect(Math.max(...counts)).toBeLessThanOrEqual(25);
  });

  it("reads the two maps of an A1M+ by their own function codes", () => {
    const place = (name: string) => {
      const register = load(name).registers.find((one) => one.id === "temp_flow");
      return `${register?.space} ${register?.address}`;
    };
    expect(place("mitsubishi/ecodan-a1m")).toBe("input 60");
    expect(place("mitsubishi/ecodan-a1m-plus")).toBe("holding 102");
  });
});

describe("vaillant/ise-geotherm3", () => {
  it("refuses counters that only the other word order explains", () => {
    const answers: IdentificationAnswers = new Map([
      ["hours_compressor", { quality: "implausible", value: undefined, exact: undefined }],
      ["temp_source_in", good(0)],
    ]);
    expect(findMismatch(load("vaillant/ise-geotherm3"), answers)).toContain("hours_compressor");
  });

  it("never asks faster than a minute, as the gateway renews in two at best", () => {
    const { pollSecondsMin, refreshSeconds } = load("vaillant/ise-geotherm3").connection;
    expect([pollSecondsMin, refreshSeconds]).toEqual([60, 120]);
  });
});
