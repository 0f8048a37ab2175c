/**
 * What scoring costs in a house: a poll to its cell, row, score and alarm, and the memory of a
 * device with its model. Beside it the arithmetic of the score alone.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { encodeArtefact } from "#core/anomaly/artefact.js";
import { CHANNELS } from "#core/anomaly/channel.js";
import { planFor } from "#core/anomaly/feature-plan.js";
import { learnLocal } from "#core/anomaly/learn-local.js";
import type { MachineReadings } from "#core/anomaly/machine-readings.js";
import { readNormal } from "#core/anomaly/normal-behaviour.js";
import { startNormal } from "#core/anomaly/normal-state.js";
import { createRowBlock, type Mode, type RowBlock, rowsOf } from "#core/anomaly/operating-row.js";
import { createDeviceWatch, type DeviceWatch } from "../daemon/model/device-watch.js";
import { type BenchLine, type BenchOptions, measure } from "./harness.js";
import { simulateHeatPump } from "./heat-pump-simulator.js";
import { rowsOfTable } from "./simulated/record.js";

const START_MS = Date.parse("2025-01-01T00:00:00Z");
const LEARN_DAYS = 30;
const DAYS = 60;
const DAYS_SHORT = 35;
const CELLS_PER_DAY = 288;
const DEVICES = 10;
const MODES: readonly Mode[] = ["off", "heating", "hot_water", "defrost"];
/** Columns by channel, where there is one. */
const COLUMN_OF: Readonly<Record<string, string>> = {
  outdoor: "temp_outdoor",
  flow: "temp_flow",
  return: "temp_return",
  tank: "temp_hot_water",
  power: "power_current",
  cop: "cop_current",
  high: "pressure_high",
  low: "pressure_low",
  fan: "fan_speed",
  frequency: "compressor_frequency",
  flowRate: "flow_rate",
  discharge: "temp_discharge",
  thermal: "power_thermal",
};

/** Prints the line of a house. */
export async function measureScoreAtHome(options: BenchOptions): Promise<BenchLine> {
  const days = options.short ? DAYS_SHORT : DAYS;
  const polls = simulatePolls(days);
  const { rows, available } = collectRows(polls);
  const plan = planFor(available);
  const { model, known } = learnLocal(plan, rows);
  const bytes = encodeArtefact({ heatPumpModel: "bench", model, known }).length;
  const live = () => {
    const device = watchFor();
    device.use({ source: "local", key: "bench", label: "bench", model, known });
    return device;
  };
  const run = () => {
    const device = live();
    const startedMs = cpuMs();
    for (const poll of polls) device.take(poll);
    return ((cpuMs() - startedMs) * 1000) / polls.length;
  };
  const deviceMiB = () => {
    const some = polls.slice(0, 2 * CELLS_PER_DAY);
    const before = usedBytes();
    const devices = Array.from({ length: DEVICES }, () => {
      // A model of its own, as if each were another kind.
      const device = watchFor();
      const copy = structuredClone({ model, known });
      device.use({ source: "local", key: "bench", label: "bench", ...copy });
      for (const poll of some) device.take(poll);
      return device;
    });
    const bytesEach = (usedBytes() - before) / devices.length;
    return Math.round((bytesEach / 2 ** 20) * 100) / 100;
  };
  const scoreOnly = () => {
    const reader = readNormal(model, startNormal(model, known));
    const startedMs = cpuMs();
    for (const row of rowsOf(rows)) reader.read(row);
    return ((cpuMs() - startedMs) * 1000) / rows.length;
  };
  return await measure(
    {
      ...{ bench: "training", case: "score-at-home", unit: "us/cell", better: "less" },
      baseline: { name: "the score alone, of rows that are there", round: scoreOnly },
      ours: run,
      also: () => ({ artefactBytes: bytes, deviceMiB: deviceMiB() }),
    },
    options,
  );
}

function watchFor(): DeviceWatch {
  const desk = { judge: () => false };
  return createDeviceWatch("bench", desk, { newDevice: 0, newModel: 0 });
}

function simulatePolls(days: number): readonly MachineReadings[] {
  const table = simulateHeatPump({ seed: 5, startMs: START_MS, days });
  return Array.from(rowsOfTable(table), ({ atMs, reading }) => {
    const values = new Map<number, number>();
    for (const [channel, { id }] of CHANNELS.entries()) {
      const column = COLUMN_OF[id];
      const value = column === undefined ? Number.NaN : reading[column as keyof typeof reading];
      if (!Number.isNaN(value) && !(id === "cop" && value === 0)) values.set(channel, value);
    }
    return { atMs, values, mode: MODES[reading.mode], hasFault: false, outside: [] };
  });
}

/** Rows of the first days, by the way that is measured. */
function collectRows(polls: readonly MachineReadings[]) {
  const rows = createRowBlock(LEARN_DAYS * CELLS_PER_DAY);
  const device = watchFor();
  let count = 0;
  for (const poll of polls) {
    const { day } = device.take(poll);
    if (day !== undefined && count + day.rows.length <= rows.length) {
      append(rows, day.rows, count);
      count += day.rows.length;
    }
  }
  return { rows, available: device.available };
}

function append(rows: RowBlock, day: RowBlock, at: number): void {
  rows.cells.set(day.cells, at);
  rows.modes.set(day.modes, at);
  rows.steady.set(day.steady, at);
  rows.values.set(day.values, (at * rows.values.length) / rows.length);
}

/** What is held after everything that can go is gone. */
function usedBytes(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
