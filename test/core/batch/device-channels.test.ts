/** A channel table names what stored blocks mean: equal installations must have equal ones. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { planChannels } from "#core/batch/device-channels.js";
import { parseProfile } from "#core/profile/compile-profile.js";
import { profileOf } from "../../support/profile-text.js";

const file = join(import.meta.dirname, "../../../firmware-profiles/idm/navigator-2.0.yaml");
const idm = parseProfile(readFileSync(file, "utf8"), file);

describe("planChannels", () => {
  it("has one channel per shared metric of the installation, and the derived ones", () => {
    const { channels } = planChannels(idm);
    const metrics = channels.map((one) => one.metric);
    expect(new Set(metrics).size).toBe(metrics.length);
    expect(metrics).toContain("temp_flow_circuit_a");
    expect(metrics).not.toContain("temp_flow_circuit_b");
    expect(metrics.at(-1)).toBe("cop_current");
  });

  it("names no register that the catalogue lacks", () => {
    const metrics = planChannels(idm).channels.map((one) => one.metric);
    expect(metrics).not.toContain("zone_1_room_1_temperature");
  });

  it("is the same for the same installation, and another for another", () => {
    expect(planChannels(idm).id).toEqual(planChannels(idm, { circuit: ["a"] }).id);
    expect(planChannels(idm).id).not.toEqual(planChannels(idm, { circuit: ["a", "b"] }).id);
  });

  it("keeps the step that all candidates of a metric share", () => {
    const profile = profileOf({
      registers: [
        "address: 1, metric: temp_flow, unit: °C, scale: 0.5",
        "address: 2, id: flow_2, metric: temp_flow, priority: 2, unit: °C, scale: 0.2",
        "address: 3, metric: temp_return, unit: °C, scale: 0.5",
      ],
    });
    expect(
      planChannels(profile).channels.map(({ metric, multiplier, decimals }) => [
        metric,
        multiplier,
        decimals,
      ]),
    ).toEqual([
      ["temp_flow", 1, 1],
      ["temp_return", 5, 1],
    ]);
  });

  it("widens lanes where a fine resolution needs it", () => {
    const profile = profileOf({
      registers: [
        "address: 1, encoding: float32, metric: energy_heat_total, unit: kWh, resolution: 0.001",
        "address: 3, encoding: float32, metric: energy_electric_total, unit: kWh, resolution: 0.003",
        "address: 5, metric: temp_flow, unit: °C",
      ],
    });
    expect(planChannels(profile).channels.map((one) => one.encoding)).toEqual([
      "wide",
      "uint",
      "int",
    ]);
  });

  it("has channels for what firmware may bring", () => {
    const profile = profileOf({
      registers: ['address: 1, metric: temp_flow, unit: °C, when: { firmware: { since: "2.0" } }'],
    });
    expect(planChannels(profile).channels.map((one) => one.metric)).toEqual(["temp_flow"]);
  });
});
