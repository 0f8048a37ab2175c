/** What happens on the way must be as wrong as it is in the field, and nowhere else. */
import { describe, expect, it } from "vitest";
import { simulateHeatPump } from "../../../bench/heat-pump-simulator.js";
import { disturb } from "../../../bench/simulated/disturbances.js";
import type { HappeningEvent } from "../../../bench/simulated/happenings.js";
import { tableToCsv } from "../../../bench/simulated/record.js";
import { januaryWeather } from "../../support/january.js";

const START_MS = Date.parse("2025-01-10T00:00:00Z");
const HOUR_MS = 3_600_000;
const clean = simulateHeatPump({ seed: 5, startMs: START_MS, days: 1, stepSeconds: 60 });

function event(happening: HappeningEvent["happening"], size?: number): HappeningEvent {
  const during = { startMs: START_MS + 6 * HOUR_MS, endMs: START_MS + 9 * HOUR_MS };
  return { happening, ...during, ...(size !== undefined && { size }) };
}

describe("disturbed records", () => {
  it.each([
    { happening: "gap" as const, lost: 180 },
    { happening: "restart" as const, lost: 3 },
    { happening: "firmware" as const, lost: 20 },
  ])("$happening loses $lost minutes", ({ happening, lost }) => {
    expect(disturb(clean, [event(happening)], 1).length).toBe(1_440 - lost);
  });

  it("a wrong clock goes ahead and comes back", () => {
    const { timesMs } = disturb(clean, [event("clock_jump", 120)], 1);
    expect(timesMs[360]).toBe(START_MS + 8 * HOUR_MS);
    expect(timesMs[540]).toBe(START_MS + 9 * HOUR_MS);
  });

  it("sentinels hit single values, and only for as long as they last", () => {
    const { columns } = disturb(clean, [event("sentinel")], 1);
    const hits = Object.values(columns).flatMap((cells) =>
      [...cells.entries()].filter(([, value]) => value === -3276.8).map(([row]) => row),
    );
    expect(hits.length).toBeGreaterThan(0);
    expect(hits.length).toBeLessThan(15);
    expect(hits.every((row) => row >= 360 && row < 540)).toBe(true);
  });

  it("a frozen gateway repeats every value, under times that go on", () => {
    const { columns, timesMs } = disturb(clean, [event("frozen")], 1);
    for (const cells of Object.values(columns)) {
      expect(new Set(cells.subarray(360, 540)).size).toBe(1);
    }
    expect(timesMs).toEqual(clean.timesMs);
  });

  it("leaves the true records alone", () => {
    const before = clean.columns.temp_flow.slice();
    disturb(clean, [event("spike"), event("frozen"), event("clock_jump")], 1);
    expect(clean.columns.temp_flow).toEqual(before);
  });

  it("become text as the public sets have it", () => {
    const [names, first] = [...tableToCsv(clean)];
    expect(names?.startsWith("timestamp,temp_outdoor,temp_flow,")).toBe(true);
    expect(first).toMatch(/^2025-01-10 00:00:00\+00:00,(-?[\d.]+,){15}\n$/);
  });
});

describe("what people and the weather do", () => {
  const of = { seed: 5, startMs: START_MS, days: 3, weather: januaryWeather(START_MS, 3) };
  const simulate = (happening: HappeningEvent["happening"]) =>
    simulateHeatPump({
      ...of,
      happenings: [{ happening, startMs: START_MS, endMs: START_MS + 72 * HOUR_MS }],
    });
  const usual = simulateHeatPump(of);
  const hotWater = (table: typeof usual) => table.columns.mode.filter((mode) => mode === 2).length;
  const meanFlow = (table: typeof usual) => {
    const flows = table.columns.temp_flow.filter((_, row) => table.columns.mode[row] === 1);
    return flows.reduce((sum, value) => sum + value, 0) / flows.length;
  };

  it("a holiday needs less hot water and lets the house cool; guests need more", () => {
    expect(hotWater(simulate("holiday"))).toBeLessThan(hotWater(usual));
    expect(hotWater(simulate("guests"))).toBeGreaterThan(hotWater(usual));
    expect(meanFlow(simulate("holiday"))).toBeLessThan(meanFlow(usual) - 1);
  });

  it("a curve or a tank set higher is followed", () => {
    expect(meanFlow(simulate("curve"))).toBeGreaterThan(meanFlow(usual) + 1);
    const tank = Math.max(...simulate("tank_set").columns.temp_hot_water);
    expect(tank).toBeGreaterThan(Math.max(...usual.columns.temp_hot_water) + 2);
  });

  it("a cold spell is felt by machine and sensor alike", () => {
    const cold = simulate("cold_spell").columns;
    const middle = 1.5 * 288;
    expect(cold.temp_outdoor[middle]).toBeLessThan((usual.columns.temp_outdoor[middle] ?? 0) - 8);
    expect(meanFlow(simulate("cold_spell"))).toBeGreaterThan(meanFlow(usual) + 0.3);
  });
});
