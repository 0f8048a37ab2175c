/** A scenario that changes nothing would be passed by every detector. */
import { describe, expect, it } from "vitest";
import { simulateHeatPump } from "../../../bench/heat-pump-simulator.js";
import { benignScenarios, faultScenarios } from "../../../bench/simulated/scenarios.js";
import type { Column } from "../../../bench/simulated/sensors.js";
import { DAY_MS } from "../../../bench/simulated/weather.js";
import { januaryWeather } from "../../support/january.js";

const START_MS = Date.parse("2025-01-10T00:00:00Z");
const OF = {
  seed: 6,
  startMs: START_MS,
  days: 3,
  stepSeconds: 60,
  weather: januaryWeather(START_MS, 3, -2),
};
const FROM_MS = START_MS + DAY_MS;
const usual = simulateHeatPump(OF);
const changing = [...benignScenarios(FROM_MS), ...faultScenarios(FROM_MS)].filter(
  ({ name }) => name !== "usual",
);

describe("the scenarios", () => {
  it("have names of their own", () => {
    const names = changing.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.length).toBe(17 + 17);
  });

  it.each(changing)("$name leaves the day before alone and changes what follows", (scenario) => {
    const { columns, timesMs } = simulateHeatPump({ ...OF, ...scenario });
    const before = 1_440;
    const flowBefore = usual.columns.temp_flow.subarray(0, before);
    expect(columns.temp_flow.subarray(0, before)).toEqual(flowBefore);
    const moved =
      timesMs.length < usual.length || timesMs.some((atMs, row) => atMs !== usual.timesMs[row]);
    const changed = Object.entries(columns).filter(([name, cells]) =>
      cells.some((value, row) => value !== usual.columns[name as Column][row]),
    );
    expect(moved || changed.length > 0).toBe(true);
  });
});
