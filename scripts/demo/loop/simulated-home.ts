/**
 * A simulated installation of the show: what it recorded before it joined, as the CSV file of its
 * earlier logger, and what its heat pump shows now, as registers behind a real Modbus TCP server.
 * Both are of one simulation, so that the house goes on where its record ends.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseProfile } from "#core/profile/compile-profile.js";
import { simulateHeatPump } from "../../../bench/heat-pump-simulator.js";
import type { FaultEvent } from "../../../bench/simulated/faults.js";
import type { SimulatedTable } from "../../../bench/simulated/record.js";
import type { Column } from "../../../bench/simulated/sensors.js";
import { syntheticWeather } from "../../../bench/simulated/weather.js";
import type { HeatPumpModel } from "../../../daemon/simulator/heat-pump-model.js";
import { type ModbusServer, startModbusServer } from "../../../daemon/simulator/modbus-server.js";
import { createProfileImage } from "../../../daemon/simulator/profile-image.js";

/** The owner's profile of the heat pump. */
export const PROFILE_NAME = "acme/air-9";
export const PROFILE_TEXT = readFileSync(
  fileURLToPath(new URL("air-9.yaml", import.meta.url)),
  "utf8",
);
export const STEP_MS = 300_000;
const DAY_MS = 86_400_000;
/** The plant of the simulator settles this long before its first record. */
const SETTLING_DAYS = 2;
/**
 * Whatever the day of the show, the houses live through the same weather, that of an October and
 * November: the same heating in every month in which somebody looks.
 */
const WEATHER_MS = Date.parse("2026-10-05T00:00:00Z");

/** What the heat pump is and does. */
export interface HomeOptions {
  readonly seed: number;
  readonly startMs: number;
  readonly days: number;
  readonly nowMs: () => number;
}

/** A simulated installation. */
export interface SimulatedHome {
  readonly port: number;
  /** Lines of CSV from the first record to before `toMs`. */
  csv(toMs: number): string;
  /** From here on the house is one with these faults; what was before them stays as it was. */
  suffer(faults: readonly FaultEvent[]): void;
  /** Requests that were answered, and those refused. */
  requests(): { readonly answered: number; readonly refused: number };
  close(): Promise<void>;
}

/** Columns of the simulator by metric; the states follow from its mode. */
const COLUMN_OF: Readonly<Record<string, Column>> = {
  temp_outdoor: "temp_outdoor",
  temp_flow: "temp_flow",
  temp_return: "temp_return",
  temp_hot_water: "temp_hot_water",
  power_current: "power_current",
  cop_current: "cop_current",
  pressure_high: "pressure_high",
  pressure_low: "pressure_low",
  fan_speed_percent: "fan_speed",
  compressor_frequency: "compressor_frequency",
};
const STATE_OF: Readonly<Record<string, (mode: number) => boolean>> = {
  compressor_state: (mode) => mode !== 0,
  defrost_active: (mode) => mode === 3,
  valve_hot_water: (mode) => mode === 2,
};
const METRICS = [...Object.keys(COLUMN_OF), ...Object.keys(STATE_OF)];

export async function startSimulatedHome(options: HomeOptions): Promise<SimulatedHome> {
  let table = simulate(options, []);
  const heatPump: HeatPumpModel = {
    // It lives by the time of the machine.
    advance: () => undefined,
    value: (metric) => valueAt(table, rowAt(table, options.nowMs()), metric),
  };
  const profile = parseProfile(PROFILE_TEXT, `${PROFILE_NAME}.yaml`);
  const server: ModbusServer = await startModbusServer(createProfileImage(profile, heatPump), {
    host: "127.0.0.1",
    port: 0,
    blockWordsMax: profile.connection.wordsPerReadMax,
  });
  return {
    port: server.port,
    csv: (toMs) => toCsv(table, toMs),
    suffer(faults) {
      table = simulate(options, faults);
    },
    requests: () => ({ answered: server.requests, refused: server.exceptions }),
    close: () => server.close(),
  };
}

function simulate({ seed, startMs, days }: HomeOptions, faults: readonly FaultEvent[]) {
  const weatherDays = days + SETTLING_DAYS;
  const weather = syntheticWeather({ seed, startMs: WEATHER_MS, days: weatherDays });
  const moved = { ...weather, startMs: startMs - SETTLING_DAYS * DAY_MS };
  return simulateHeatPump({ seed, startMs, days, faults, weather: moved });
}

function rowAt({ timesMs, length }: SimulatedTable, atMs: number): number {
  const row = Math.floor((atMs - (timesMs[0] ?? 0)) / STEP_MS);
  return Math.min(length - 1, Math.max(0, row));
}

/** `undefined`: the machine does not show it. */
function valueAt(table: SimulatedTable, row: number, metric: string): number | undefined {
  const isOn = STATE_OF[metric];
  if (isOn !== undefined) return isOn(table.columns.mode[row] ?? 0) ? 1 : 0;
  const column = COLUMN_OF[metric];
  const value = column === undefined ? Number.NaN : (table.columns[column][row] ?? Number.NaN);
  return Number.isNaN(value) ? undefined : value;
}

function toCsv(table: SimulatedTable, toMs: number): string {
  const lines = [`time,${METRICS.join(",")}`];
  for (let row = 0; row < table.length && (table.timesMs[row] ?? 0) < toMs; row++) {
    const cells = METRICS.map((metric) => {
      const value = valueAt(table, row, metric);
      // No coefficient of performance while it does not run.
      return value === undefined || (metric === "cop_current" && value === 0) ? "" : value;
    });
    lines.push(`${new Date(table.timesMs[row] ?? 0).toISOString()},${cells.join(",")}`);
  }
  return `${lines.join("\n")}\n`;
}
