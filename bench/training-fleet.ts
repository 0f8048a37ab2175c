/**
 * `train-fleet`: a month of many simulated installations through the real store to a judged model.
 * Two sizes in one run: where time per row stays the same, more installations only take longer.
 * Houses are a few simulated ones with their sensors moved a little, so that filling takes no hours.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { openLevelSnapshotStore } from "../backend/store/level-snapshot-store.js";
import { MODEL, openTraining, sendTable } from "../test/support/training-bed.js";
import type { BenchOptions } from "./harness.js";
import { simulateFleet } from "./simulated/fleet.js";
import type { SimulatedTable } from "./simulated/record.js";

const START_MS = Date.parse("2026-10-01T00:00:00Z");
const NOW_MS = Date.parse("2026-11-01T03:30:00Z");
const DAYS = 31;
const HOUSES = 8;
const SIZES = [100, 300] as const;
const SIZES_SHORT = [5, 10] as const;
/** What a fleet of this size would take. */
const FLEET = 1_000;
const MIB = 1024 * 1024;

/** Prints the line of the fleet. */
export async function measureFleet({ short }: BenchOptions): Promise<void> {
  const fleet = { seed: 9, installations: HOUSES, startMs: START_MS, days: DAYS };
  const houses = [...simulateFleet({ ...fleet, poisonedShare: 0 })].map(({ table }) => table);
  const before = loadavg()[0] ?? 0;
  const [small, large] = short ? SIZES_SHORT : SIZES;
  const first = await trainFleet(houses, small);
  const second = await trainFleet(houses, large);
  const perInstallation = (second.peakMiB - first.peakMiB) / (large - small);
  const rate = ({ rows, seconds }: Trained) => Math.round(rows / seconds);
  console.log(
    JSON.stringify({
      ...{ bench: "training", case: "train-fleet", unit: "rows/s" },
      baseline: { name: `${small} installations`, value: rate(first) },
      ours: rate(second),
      ratio: Number((rate(second) / rate(first)).toFixed(2)),
      ...{ rounds: 1, spread: 0, cpu: Number(second.seconds.toFixed(2)), node: process.version },
      load: [before, loadavg()[0] ?? 0],
      also: {
        ...{ installations: large, rows: second.rows, outcome: second.outcome },
        ...{ peakMiB: second.peakMiB, peakMiBBefore: first.peakMiB },
        [`estimatedMiBFor${FLEET}`]: Math.round(second.peakMiB + perInstallation * (FLEET - large)),
        [`estimatedSecondsFor${FLEET}`]: Math.round((second.seconds * FLEET) / large),
      },
    }),
  );
}

interface Trained {
  readonly rows: number;
  /** CPU-seconds of training alone. */
  readonly seconds: number;
  /** The most that was held while training. */
  readonly peakMiB: number;
  readonly outcome: string;
}

async function trainFleet(houses: readonly SimulatedTable[], count: number): Promise<Trained> {
  const folder = mkdtempSync(join(tmpdir(), "heatpool-bench-"));
  try {
    const store = await openLevelSnapshotStore({ folder });
    let rows = 0;
    for (let column = 0; column < count; column++) {
      const table = houses[column % houses.length];
      if (table === undefined) continue;
      rows += table.length;
      const id = `00000000-0000-4000-8000-${String(column).padStart(12, "0")}`;
      const shift = (((column * 7919) % 97) / 97 - 0.5) * 0.2;
      const distort = (metric: string, value: number) =>
        metric.startsWith("temp_") ? value + shift : value;
      await sendTable(store, id, table, { column, distort });
    }
    let peak = 0;
    const look = (): void => {
      peak = Math.max(peak, process.memoryUsage().rss);
    };
    const watch = setInterval(look, 50);
    const began = process.cpuUsage();
    const { training } = await openTraining(store, NOW_MS, { onProgress: look });
    const [report] = await training.train({ heatpumpModel: MODEL }, new AbortController().signal);
    const { user, system } = process.cpuUsage(began);
    look();
    clearInterval(watch);
    await store.close();
    const seconds = (user + system) / 1e6;
    return { rows, seconds, peakMiB: Math.round(peak / MIB), outcome: report?.outcome ?? "" };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
