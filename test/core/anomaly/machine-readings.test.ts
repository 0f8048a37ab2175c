/** A poll as detectors see it: at stake is learning hot water as heating. */
import { describe, expect, it } from "vitest";
import { channelIndex } from "#core/anomaly/channel.js";
import { readModeCodes, toMachineReadings } from "#core/anomaly/machine-readings.js";
import type { Snapshot } from "#core/measurement/snapshot.js";

function snapshotOf(values: Readonly<Record<string, number | undefined>>): Snapshot {
  const readings = Object.entries(values).map(([metric, value]) => ({
    ...{ metric, value },
    quality: value === undefined ? ("absent" as const) : ("good" as const),
  }));
  return { deviceId: "a", takenAtMs: 5, monotonicMs: 5, clockSynced: true, readings };
}

const codes = (texts: Readonly<Record<number, string>>) =>
  new Map(Object.entries(texts).map(([code, en]) => [Number(code), { en }]));
const silent = () => undefined;

describe("a poll", () => {
  it("holds what has a value, by its channel; metrics of no channel are left out", () => {
    const snapshot = snapshotOf({ temp_flow: 35, temp_return: undefined, temp_room: 21 });
    const { values } = toMachineReadings(snapshot, "test/plain", silent);
    expect([...values]).toEqual([[channelIndex("flow"), 35]]);
  });

  it.each([
    [{ operating_mode: 4, compressor_frequency: 50 }, "hot_water"],
    [{ operating_mode: 9 }, "defrost"],
    [{ operating_mode: 0 }, "off"],
  ])("of flags %j is in mode %s", (values, mode) => {
    const flags = codes({ 0: "off", 1: "heating", 2: "cooling", 4: "hot water", 8: "defrost" });
    const read = toMachineReadings(snapshotOf(values), "test/plain", readModeCodes(flags, true));
    expect(read.mode).toBe(mode);
  });

  it.each([
    [{ defrost_active: 1 }, "defrost"],
    [{ compressor_state: 0 }, "off"],
    [{ compressor_frequency: 50, valve_hot_water: 1 }, "hot_water"],
    [{ compressor_frequency: 50 }, undefined],
  ])("without codes: %j is in mode %s", (values, mode) => {
    expect(toMachineReadings(snapshotOf(values), "test/plain", silent).mode).toBe(mode);
  });

  it("codes that name no hot water are a setting, not a state", () => {
    const modeOf = readModeCodes(codes({ 0: "off", 1: "automatic", 2: "heating only" }), false);
    expect([0, 1, 2].map(modeOf)).toEqual([undefined, undefined, undefined]);
  });

  it("a code that nobody has named leaves the mode open", () => {
    const modeOf = readModeCodes(
      codes({ 0: "standby", 1: "heating", 2: "DHW", 3: "defrost" }),
      false,
    );
    expect([0, 1, 2, 3, 7].map(modeOf)).toEqual([
      "off",
      "heating",
      "hot_water",
      "defrost",
      undefined,
    ]);
  });
});
