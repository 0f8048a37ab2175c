/** What the profile of the NIBE S series makes of different models. */
import { describe, expect, it } from "vitest";
import { findMismatch } from "#core/profile/identification.js";
import { planReads } from "#core/profile/read-plan.js";
import { identifyingAnswers, loadPackaged, readImage } from "../support/device-image.js";

const nibe = loadPackaged("nibe/s-series");

/** No sensor, for a signed word. */
const NO_SENSOR = 0x8000;

const model = (...names: readonly string[]) => ({
  parameters: { model: names },
  missing: NO_SENSOR,
});

const addresses = (...names: readonly string[]) =>
  planReads(nibe, { wanted: "shared", parameters: { model: names } }).ranges.flatMap((range) =>
    range.registers.map(({ register }) => `${register.space} ${register.address}`),
  );

describe("nibe/s-series", () => {
  it("asks each model for the compressor frequency that it has", () => {
    expect(addresses("s1155")).toContain("input 1046");
    expect(addresses("s1155")).not.toContain("input 1803");
    expect(addresses("vvms320")).toContain("input 1803");
    expect(addresses("vvms320")).not.toContain("input 1046");
  });

  it("takes the outdoor unit's frequency before the own one where the model is not known", () => {
    const names = ["s1155", "vvms320"];
    const frequency = (image: Readonly<Record<string, number>>) =>
      readImage(nibe, image, model(...names)).get("compressor_frequency");
    expect(frequency({ "input 1803": 455, "input 1046": 300 })).toBe(45.5);
    expect(frequency({ "input 1046": 300 })).toBe(30);
  });

  it("takes the fan's turns, never its step", () => {
    const image = { "input 1974": 6, "input 401": 0xffff, "input 936": 640 };
    expect(readImage(nibe, image, model("s320")).get("fan_speed")).toBe(640);
    const without = readImage(nibe, { "input 1974": 6 }, model("s1155"));
    expect(without.has("fan_speed")).toBe(false);
  });

  it("reads numbers in two words low word first", () => {
    const image = { "input 2305": 235, "input 2306": 0, "input 3823": 34464, "input 3824": 1 };
    const readings = readImage(nibe, image, model("s735"));
    expect(readings.get("power_current")).toBe(2.35);
    expect(readings.get("energy_electric_total")).toBe(10000);
  });

  it("drops an energy whose words the pump swaps", () => {
    const image = { "input 3823": 1, "input 3824": 34464 };
    const readings = readImage(nibe, image, model("s735"));
    expect(readings.get("energy_electric_total")).toBe("implausible");
  });

  it("asks for rooms of the climate systems that there are", () => {
    const rooms = (...circuit: readonly string[]) =>
      [...readImage(nibe, {}, { parameters: { circuit }, missing: 210 }).keys()].filter((name) =>
        name.startsWith("temp_room_circuit_"),
      );
    expect(rooms("a")).toEqual(["temp_room_circuit_a"]);
    expect(new Set(rooms("a", "c"))).toEqual(
      new Set(["temp_room_circuit_a", "temp_room_circuit_c"]),
    );
  });

  it("refuses a device without its priority register", () => {
    const answers = (operating_mode: number) =>
      findMismatch(nibe, identifyingAnswers(nibe, { temp_outdoor: 35, operating_mode }));
    expect(answers(30)).toBeUndefined();
    expect(answers(3)).toContain("operating_mode is 3");
    expect(answers(0xffff)).toContain("operating_mode has no value");
  });
});
