/**
 * Drills are worth what the simulated machine is worth: it has to run as a healthy one does, and
 * each fault has to move the sensors that it moves elsewhere, by about as much.
 */
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type SimulationOptions, simulateHeatPump } from "../../bench/heat-pump-simulator.js";
import { FAULTS, type Fault } from "../../bench/simulated/faults.js";
import type { SimulatedTable } from "../../bench/simulated/record.js";
import type { Column } from "../../bench/simulated/sensors.js";
import { DAY_MS, parseWeather } from "../../bench/simulated/weather.js";
import { januaryWeather } from "../support/january.js";

const START_MS = Date.parse("2025-01-08T00:00:00Z");
const SEEDS = [11, 12];
const DAYS = 10;
const [OFF, HEATING, HOT_WATER, DEFROST] = [0, 1, 2, 3];

const JANUARY = januaryWeather(START_MS, DAYS);

function simulate(seed: number, more: Partial<SimulationOptions> = {}): SimulatedTable {
  return simulateHeatPump({ seed, startMs: START_MS, days: DAYS, weather: JANUARY, ...more });
}

/** Mean of a column over the records of one mode; a COP of 0 is none. */
function meanOf(table: SimulatedTable, column: Column, mode: number): number {
  const cells = table.columns[column].filter(
    (value, row) => table.columns.mode[row] === mode && !(column === "cop_current" && value === 0),
  );
  return cells.reduce((sum, value) => sum + value, 0) / cells.length;
}

/** How often a mode begins in a day. */
function perDay(table: SimulatedTable, begins: (from: number, to: number) => boolean): number {
  const { mode } = table.columns;
  const found = mode.filter((to, row) => row > 0 && begins(mode[row - 1] ?? 0, to));
  return found.length / DAYS;
}

const startsOf = (table: SimulatedTable) => perDay(table, (from, to) => from === OFF && to !== OFF);
const defrostsOf = (table: SimulatedTable) => perDay(table, (_, to) => to === DEFROST);
const kwhOf = (table: SimulatedTable) =>
  table.columns.power_current.reduce((sum, kw) => sum + kw, 0) / 12 / DAYS;

function meanOver(
  tables: readonly SimulatedTable[],
  of: (table: SimulatedTable) => number,
): number {
  return tables.reduce((sum, table) => sum + of(table), 0) / tables.length;
}

const clean = SEEDS.map((seed) => simulate(seed));

/** What a healthy machine of this kind does in a January of 2 °C, and how far from it ours may be. */
const NORMAL: readonly [string, number, number, (table: SimulatedTable) => number][] = [
  ["heating kW", 0.95, 0.35, (t) => meanOf(t, "power_current", HEATING)],
  ["heating COP", 4.5, 0.5, (t) => meanOf(t, "cop_current", HEATING)],
  ["heating high bar", 11, 0.9, (t) => meanOf(t, "pressure_high", HEATING)],
  ["heating low bar", 4.5, 0.4, (t) => meanOf(t, "pressure_low", HEATING)],
  ["heating fan %", 54, 10, (t) => meanOf(t, "fan_speed", HEATING)],
  ["heating Hz", 48, 15, (t) => meanOf(t, "compressor_frequency", HEATING)],
  ["heating flow °C", 29.1, 2, (t) => meanOf(t, "temp_flow", HEATING)],
  ["heating return °C", 26, 2.2, (t) => meanOf(t, "temp_return", HEATING)],
  ["heating discharge °C", 51, 6, (t) => meanOf(t, "temp_discharge", HEATING)],
  ["hot water kW", 1.9, 0.25, (t) => meanOf(t, "power_current", HOT_WATER)],
  ["hot water COP", 2.6, 0.4, (t) => meanOf(t, "cop_current", HOT_WATER)],
  ["hot water high bar", 18.8, 1.6, (t) => meanOf(t, "pressure_high", HOT_WATER)],
  ["hot water low bar", 4.4, 0.4, (t) => meanOf(t, "pressure_low", HOT_WATER)],
  ["hot water fan %", 70, 4, (t) => meanOf(t, "fan_speed", HOT_WATER)],
  ["hot water Hz", 70, 3, (t) => meanOf(t, "compressor_frequency", HOT_WATER)],
  ["hot water flow °C", 53.5, 4, (t) => meanOf(t, "temp_flow", HOT_WATER)],
  ["hot water return °C", 50.1, 4, (t) => meanOf(t, "temp_return", HOT_WATER)],
  ["defrost low bar", 5.2, 0.2, (t) => meanOf(t, "pressure_low", DEFROST)],
  ["starts a day", 1.8, 1.5, startsOf],
  ["defrosts a day", 4.2, 2.5, defrostsOf],
  ["kWh a day", 22.4, 6, kwhOf],
];

/** Effects at severity .6 in the same January: column and mode, or a day's figure. */
const P: Column = "power_current";
const COP: Column = "cop_current";
const HIGH: Column = "pressure_high";
const LOW: Column = "pressure_low";
const FAN: Column = "fan_speed";
const HZ: Column = "compressor_frequency";
const FLOW: Column = "temp_flow";
const RETURN: Column = "temp_return";
const HOT: Column = "temp_discharge";
type Effect = readonly [Column | "starts" | "defrosts" | "kWh", number, number];
const EFFECTS: Readonly<Partial<Record<Fault, readonly Effect[]>>> = {
  undercharge: [
    [FAN, HEATING, 6],
    [HZ, HEATING, 9],
    [HOT, HEATING, 9],
    [P, HOT_WATER, -0.26],
    [HIGH, HOT_WATER, -0.24],
  ],
  evaporator_fouling: [
    [P, HEATING, 0.18],
    [COP, HEATING, -0.42],
    [LOW, HEATING, -0.53],
    [LOW, HOT_WATER, -0.48],
    ["defrosts", DEFROST, 8],
  ],
  condenser_fouling: [
    [COP, HEATING, -0.18],
    [HIGH, HEATING, 0.48],
    [HIGH, HOT_WATER, 0.81],
    [HOT, HOT_WATER, 4],
  ],
  eev_stuck_open: [
    [P, HEATING, 0.14],
    [COP, HEATING, -0.48],
    [HZ, HEATING, 6],
    [HOT, HEATING, -7],
    [HOT, HOT_WATER, -7],
  ],
  eev_stuck_closed: [
    [FAN, HEATING, 11],
    [HZ, HEATING, 15],
    [HOT, HEATING, 21],
    [P, HOT_WATER, -0.48],
    [HIGH, HOT_WATER, -0.4],
    [HOT, HOT_WATER, 21],
  ],
  low_flow: [
    [RETURN, HEATING, -2.4],
    [HIGH, HOT_WATER, 0.84],
    [FLOW, HOT_WATER, 3.4],
  ],
  backup_heater_on: [
    [P, HEATING, 2.6],
    [COP, HEATING, -3.1],
    [FAN, HEATING, -17],
    [HZ, HEATING, -25],
    [FLOW, HEATING, 2.3],
    [P, HOT_WATER, 3],
    [P, OFF, 3],
    ["kWh", OFF, 56],
  ],
  compressor_degradation: [
    [P, HEATING, 0.11],
    [COP, HEATING, -0.45],
    [HZ, HEATING, 6],
    [HOT, HEATING, 5],
    [HOT, HOT_WATER, 7],
  ],
  failed_defrost: [
    [LOW, HEATING, -0.38],
    [LOW, HOT_WATER, -0.32],
  ],
  short_cycling: [["starts", OFF, 31]],
  wrong_heating_curve: [
    [COP, HEATING, -0.76],
    [HIGH, HEATING, 1.7],
    [HZ, HEATING, 41],
    [FLOW, HEATING, 6.1],
    [RETURN, HEATING, 4.2],
    [HOT, HEATING, 15],
    ["kWh", OFF, 6.4],
  ],
  sensor_outdoor_offset: [
    [P, HEATING, -0.12],
    [COP, HEATING, 0.18],
    [HIGH, HEATING, -0.6],
    [FLOW, HEATING, -2.3],
    [RETURN, HEATING, -2.1],
    ["temp_outdoor", HEATING, 6],
  ],
  sensor_flow_offset: [
    [COP, HEATING, 4.1],
    [FLOW, HEATING, 2.7],
    [COP, HOT_WATER, 2.1],
  ],
  sensor_dhw_offset: [
    [P, HOT_WATER, 0.16],
    [COP, HOT_WATER, -0.29],
    [HIGH, HOT_WATER, 2.6],
    [FLOW, HOT_WATER, 6.5],
    [RETURN, HOT_WATER, 6.6],
    [HOT, HOT_WATER, 12],
  ],
  sensor_plow_drift: [
    [LOW, HEATING, 0.61],
    [LOW, HOT_WATER, 0.61],
    [LOW, OFF, 0.61],
  ],
  fan_failure: [
    [COP, HEATING, -0.23],
    [LOW, HEATING, -0.51],
    [FAN, HEATING, -40],
    [HZ, HEATING, 11],
    [LOW, HOT_WATER, -0.49],
    ["defrosts", DEFROST, 8],
  ],
};
/** Other physics, other houses: between a third and three times as much counts as the same. */
const TIMES = 3;

function effectOf(what: Effect[0], mode: number): (table: SimulatedTable) => number {
  if (what === "starts") return startsOf;
  if (what === "defrosts") return defrostsOf;
  if (what === "kWh") return kwhOf;
  return (table) => meanOf(table, what, mode);
}

describe("the simulated heat pump", () => {
  it.each(NORMAL)("runs as a healthy one: %s about %s", (_, expected, within, of) => {
    expect(Math.abs(meanOver(clean, of) - expected)).toBeLessThanOrEqual(within);
  });

  it("gives the same records for the same seed, and others for another", () => {
    expect(simulate(11)).toEqual(clean[0]);
    expect(clean[1]?.columns.temp_flow).not.toEqual(clean[0]?.columns.temp_flow);
  });

  it("shows in five minutes what it shows in one", () => {
    const minutes = simulate(11, { days: 1, stepSeconds: 60 });
    const cells = simulate(11, { days: 1 });
    expect(minutes.length).toBe(1_440);
    expect(cells.length).toBe(288);
    // Noise is drawn per record, the state is the same.
    expect(cells.columns.mode).toEqual(minutes.columns.mode.filter((_, row) => row % 5 === 0));
  });

  it("is not the same in two houses, and nearly so as two machines in one", () => {
    const low = clean.map((table) => meanOf(table, "temp_flow", HEATING));
    expect(Math.abs((low[0] ?? 0) - (low[1] ?? 0))).toBeGreaterThan(0.5);
  });

  it.each(Object.entries(EFFECTS))("%s moves what it moves elsewhere", (fault, effects) => {
    const event = {
      fault: fault as Fault,
      severity: 0.6,
      // Long ago, so that a growing fault has its size.
      startMs: START_MS - 1_000 * DAY_MS,
      endMs: START_MS + 100 * DAY_MS,
    };
    const faulty = SEEDS.map((seed) => simulate(seed, { faults: [event] }));
    const shares = effects.map(([what, mode, expected]) => {
      const of = effectOf(what, mode);
      const moved = meanOver(faulty, of) - meanOver(clean, of);
      return { what, mode, expected, moved, isLike: isLike(moved, expected) };
    });
    expect(shares.filter(({ isLike }) => !isLike)).toEqual([]);
  });

  it("never defrosts where defrosting failed, and freezes the reading of a stuck sensor", () => {
    const since = { startMs: START_MS, endMs: START_MS + 100 * DAY_MS, severity: 0.6 };
    const iced = simulate(12, { faults: [{ fault: "failed_defrost", ...since }] });
    expect(defrostsOf(clean[1] as SimulatedTable)).toBeGreaterThan(1);
    expect(defrostsOf(iced)).toBe(0);
    const stuck = simulate(12, { faults: [{ fault: "sensor_return_stuck", ...since }] });
    expect(new Set(stuck.columns.temp_return).size).toBe(1);
    expect(stuck.columns.temp_flow).toEqual(clean[1]?.columns.temp_flow);
  });

  it("says at every record what is wrong", () => {
    const faults = [
      { fault: "low_flow" as const, severity: 1, startMs: START_MS, endMs: START_MS + DAY_MS },
    ];
    const table = simulate(11, { days: 2, faults });
    const named = [...table.faults].map((index) => FAULTS[index]);
    expect(named.slice(0, 288)).toEqual(Array.from({ length: 288 }, () => "low_flow"));
    expect(named.slice(288)).toEqual(Array.from({ length: 288 }, () => undefined));
  });
});

const WEATHER = new URL(
  "../../../shared/ml/weather/poznan-hourly-2024-07_2026-02.csv",
  import.meta.url,
);

describe.skipIf(!existsSync(WEATHER))("the simulated heat pump in a recorded winter", () => {
  it("follows the outdoor temperature of the record", () => {
    const weather = parseWeather(readFileSync(WEATHER, "utf8"));
    const table = simulate(11, { weather, days: 3 });
    const hour = (START_MS - weather.startMs) / 3_600_000;
    expect(table.columns.temp_outdoor[12]).toBeCloseTo(weather.outdoorC[hour + 1] ?? 0, -0.5);
    expect(meanOf(table, "pressure_low", HEATING)).toBeGreaterThan(2);
  });
});

function isLike(moved: number, expected: number): boolean {
  const share = moved / expected;
  return share >= 1 / TIMES && share <= TIMES;
}
