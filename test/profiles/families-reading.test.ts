/** What an installation of each family is asked for: the rules of connection and gates, at work. */
import { describe, expect, it } from "vitest";
import { decodeText } from "#core/profile/decode.js";
import { findMismatch } from "#core/profile/identification.js";
import { planReads } from "#core/profile/read-plan.js";
import { decodeReadings } from "#core/profile/readings.js";
import type { ReadChoice } from "#core/profile/register-choice.js";
import { identifyingAnswers, loadPackaged } from "../support/device-image.js";

const load = loadPackaged;

/** Ids that an installation reads, and the requests. */
function plan(name: string, choice: Partial<ReadChoice> = {}) {
  const { ranges } = planReads(load(name), { wanted: "all", ...choice });
  const ids = ranges.flatMap((range) => range.registers.map(({ register }) => register.id));
  const spans = ranges.map(({ unitId, space, address, count }) => ({
    unitId,
    space,
    from: address,
    to: address + count - 1,
  }));
  return { ids, spans, units: [...new Set(spans.map((one) => one.unitId))] };
}

describe("lambda/eu-l", () => {
  it("reads energies in the word order of the firmware alone", () => {
    const fresh = plan("lambda/eu-l").ids.filter((id) => id.includes("energy"));
    const old = plan("lambda/eu-l", { parameters: { firmware: ["before_1_1_3"] } }).ids;
    expect(fresh).toEqual(["hp_1_energy_electric", "hp_1_energy_heat"]);
    expect(old.filter((id) => id.includes("energy"))).toEqual([
      "hp_1_energy_electric_high_first",
      "hp_1_energy_heat_high_first",
    ]);
  });

  it("gives the metrics of the first heat pump whatever others there are", () => {
    const profile = load("lambda/eu-l");
    expect(profile.candidates.get("temp_flow")).toEqual(["hp_1_temp_flow"]);
    const { ids } = plan("lambda/eu-l", { parameters: { heat_pump: ["1", "2", "3"] } });
    const third = profile.registers.find((one) => one.id === "hp_3_temp_flow");
    expect([ids.includes("hp_3_temp_flow"), third?.address]).toEqual([true, 1204]);
  });

  it("asks for no module that the installation does not have", () => {
    const parameters = { boiler: [], buffer: [], circuit: [] };
    const { spans } = plan("lambda/eu-l", { parameters });
    expect(spans.every((one) => one.to < 2000)).toBe(true);
  });

  it("puts every module a hundred words behind the one before", () => {
    const { registers } = load("lambda/eu-l");
    const address = (id: string) => registers.find((one) => one.id === id)?.address;
    expect([
      address("boiler_5_temp_high"),
      address("buffer_2_temp_low"),
      address("circuit_g_temp_flow"),
    ]).toEqual([2402, 3103, 5602]);
  });
});

describe("kermi/x-center", () => {
  it("reads three units over one connection", () => {
    expect(plan("kermi/x-center").units).toEqual([40, 50, 51]);
  });

  it("leaves a storage alone that is not there", () => {
    expect(plan("kermi/x-center", { parameters: { storage: ["hot_water"] } }).units).toEqual([
      40, 51,
    ]);
  });

  it("takes the outdoor temperature of a storage where the heat pump has none", () => {
    const profile = load("kermi/x-center");
    const readings = decodeReadings(
      profile,
      new Map([
        ["temp_outdoor_heat_pump", { words: undefined, quality: "quarantined" as const }],
        ["heating_storage_temp_outdoor", { words: [65_497], quality: "good" as const }],
      ]),
    );
    expect(readings).toContainEqual({ metric: "temp_outdoor", value: -3.9, quality: "good" });
  });
});

describe("luxtronik/shi-2.1", () => {
  const gated = ["energy_heat_total", "temp_source_in", "circulation"];

  it("asks for nothing newer than the firmware", () => {
    for (const firmware of ["", "3.90.1", "3.91.9"]) {
      const { ids } = plan("luxtronik/shi-2.1", { firmware });
      expect(ids.filter((id) => gated.includes(id))).toEqual([]);
      expect(ids).toContain("temp_flow");
    }
    const { ids } = plan("luxtronik/shi-2.1", { firmware: "3.92.0" });
    expect(gated.filter((id) => !ids.includes(id))).toEqual([]);
  });

  it("reads the version as three numbers", () => {
    const profile = load("luxtronik/shi-2.1");
    const register = profile.registers.find((one) => one.id === profile.firmwareRegisterId);
    expect(register && decodeText([3, 92, 0], register)).toBe("3.92.0");
  });

  it("asks for cooling and pool where they are configured, as silence is their only answer", () => {
    const ids = ["energy_electric_cooling", "energy_electric_pool"];
    const known = new Map([["cooling_configured", 1]]);
    expect(plan("luxtronik/shi-2.1").ids.filter((id) => ids.includes(id))).toEqual([]);
    expect(plan("luxtronik/shi-2.1", { known }).ids.filter((id) => ids.includes(id))).toEqual([
      "energy_electric_cooling",
    ]);
  });

  it("never bridges a field that may not be there", () => {
    const profile = load("luxtronik/shi-2.1");
    const { ranges } = planReads(profile, { wanted: "all", firmware: "3.92.0" });
    for (const range of ranges) {
      const words = new Set(
        range.registers.flatMap(({ register, offset }) =>
          Array.from({ length: register.format.words }, (_, i) => offset + i),
        ),
      );
      expect(words.size).toBe(range.count);
    }
  });

  it("divides heat by electricity only while the machine runs", () => {
    const profile = load("luxtronik/shi-2.1");
    const cop = (heat: number, power: number) =>
      decodeReadings(
        profile,
        new Map([
          ["power_thermal", { words: [heat], quality: "good" as const }],
          ["power_current", { words: [power], quality: "good" as const }],
        ]),
      ).find((one) => one.metric === "cop_current");
    expect(cop(82, 20)).toMatchObject({ value: 4.1, quality: "good" });
    expect(cop(82, 1)).toMatchObject({ value: undefined, quality: "absent" });
  });
});

describe("daikin", () => {
  it.each(["altherma-3-homehub-ekrhh", "altherma-4"])("%s: no request crosses 59/60", (model) => {
    const { spans } = plan(`daikin/${model}`);
    const holding = spans.filter((one) => one.space === "holding");
    expect(holding.some((one) => one.from <= 59 && one.to >= 60)).toBe(false);
    expect(holding.some((one) => one.from >= 60)).toBe(true);
    expect(spans.every((one) => one.space !== "input" || one.from >= 20)).toBe(true);
  });

  it("an Altherma 4 is told from a HomeHub by its discrete inputs", () => {
    const profile = load("daikin/altherma-4");
    const words = { unit_error: 0, temp_outdoor: 700, compressor_run_contact: 1 };
    const answers = identifyingAnswers(profile, words);
    expect(findMismatch(profile, answers)).toBeUndefined();
    const homeHub = new Map([...answers, ["compressor_run_contact", "refused"] as const]);
    expect(findMismatch(profile, homeHub)).toContain("compressor_run_contact");
  });
});

describe("samsung/ehs-mim-b19n", () => {
  it("touches no register that an installer maps", () => {
    const { spans } = plan("samsung/ehs-mim-b19n");
    const isMapped = (from: number, to: number) =>
      spans.some((one) => one.from <= to && from <= one.to);
    expect([isMapped(4, 50), isMapped(82, 99), isMapped(6000, 7255)]).toEqual([
      false,
      false,
      false,
    ]);
  });
});

describe("limits of the device", () => {
  it("dimplex: no more than 8 words, a three-word energy in one piece", () => {
    const { spans } = plan("dimplex/wpm-si11tu");
    expect(Math.max(...spans.map((one) => one.to - one.from + 1))).toBeLessThanOrEqual(8);
    expect(spans).toContainEqual({ unitId: 1, space: "input", from: 5096, to: 5101 });
  });

  it("heliotherm: all values of the machine in one request", () => {
    expect(plan("heliotherm/rcg2").spans).toContainEqual({
      unitId: 1,
      space: "input",
      from: 10,
      to: 41,
    });
  });

  it("xtherma: never faster than a minute", () => {
    expect(load("xtherma/xtherma-tcp").connection.pollSecondsMin).toBe(60);
  });

  it("lg: strict about the unit, slow, and no power where the model has none", () => {
    const { connection } = load("lg/therma-v");
    expect([connection.mayAnswerAsAnyUnit, connection.pauseBetweenRequestsMs]).toEqual([
      false,
      300,
    ]);
    expect(plan("lg/therma-v").ids).not.toContain("power_current");
  });
});
