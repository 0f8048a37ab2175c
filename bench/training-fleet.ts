/**
 * `train-fleet`: a month of many simulated installations through the real store to a judged model,
 * in a process of its own with the worker threads that a backend has. Two sizes in one run: where
 * time per row stays the same, more installations only take longer.
 *
 * Houses are a few simulated ones; each installation lives through a month of its own out of two,
 * with sensors of its own, so that filling takes no hours and no two are copies of each other.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { openLevelSnapshotStore } from "../backend/store/level-snapshot-store.js";
import type { SnapshotStore } from "../backend/store/snapshot-store.js";
import { sendTable } from "../test/support/training-bed.js";
import { type BenchOptions, type Facts, skipCase } from "./harness.js";
import { simulateFleet } from "./simulated/fleet.js";
import { cutTable, type SimulatedTable } from "./simulated/record.js";
import { differenceOfMonths } from "./training-months.js";
import type { Trained } from "./training-process.js";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const WORKER = join(ROOT, "dist/backend/train/fit-worker.js");
const CHILD = ["--conditions=source", "--import", "tsx", "bench/training-process.ts"];
const START_MS = Date.parse("2026-10-01T00:00:00Z");
const DAY_MS = 86_400_000;
const DAYS = 31;
const HOUSES = 16;
const HOUSES_SHORT = 2;
const INSTALLATIONS = 300;
const INSTALLATIONS_SHORT = 10;
/** The small fleet that the large one is compared with. */
const SMALL_SHARE = 0.1;
const SMALL_MIN = 5;
/** Installations that send at the same time: their commits share a write. */
const SENDERS = 16;

/** Prints the line of the fleet. */
export async function measureFleet({ short, installations }: BenchOptions): Promise<Facts> {
  if (!existsSync(WORKER)) {
    skipCase("training", "train-fleet", "npm run build");
    return {};
  }
  const large = installations ?? (short ? INSTALLATIONS_SHORT : INSTALLATIONS);
  const small = Math.max(SMALL_MIN, Math.round(SMALL_SHARE * large));
  const houses = simulateHouses(short ? HOUSES_SHORT : HOUSES);
  const [house] = houses;
  const months = house === undefined ? {} : await differenceOfMonths(house);
  const before = loadavg()[0] ?? 0;
  const first = await trainFleet(houses, small);
  const second = await trainFleet(houses, large);
  const rate = ({ rows, cpuSeconds }: Run) => Math.round(rows / cpuSeconds);
  const perRow = ({ rows, cpuSeconds }: Run) => cpuSeconds / rows;
  const also: Facts = {
    ...{ installations: large, rows: second.rows, outcome: second.outcome },
    ...{ peakMiB: second.peakMiB, peakMiBBefore: first.peakMiB, threads: second.threads },
    wallSeconds: round(second.wallSeconds),
    monthSeconds: round(second.monthSeconds),
    timePerRowAgainstSmall: round(perRow(second) / perRow(first)),
    monthTimePerRowAgainstSmall: round(
      second.monthSeconds / second.rows / (first.monthSeconds / first.rows),
    ),
    ...months,
  };
  console.log(
    JSON.stringify({
      ...{ bench: "training", case: "train-fleet", unit: "rows/s" },
      baseline: { name: `${small} installations`, value: rate(first) },
      ours: rate(second),
      ratio: round(rate(second) / rate(first)),
      ...{ rounds: 1, spread: 0, cpu: round(second.cpuSeconds), node: process.version },
      load: [before, loadavg()[0] ?? 0],
      also,
    }),
  );
  return also;
}

interface Run extends Trained {
  readonly rows: number;
}

/** Two months of each house. */
function simulateHouses(count: number): readonly SimulatedTable[] {
  const fleet = { seed: 9, installations: count, startMs: START_MS - DAYS * DAY_MS };
  const houses: SimulatedTable[] = [];
  for (const { table } of simulateFleet({ ...fleet, days: 2 * DAYS, poisonedShare: 0 })) {
    houses.push(table);
    say(`house ${houses.length} of ${count}`);
  }
  return houses;
}

async function trainFleet(houses: readonly SimulatedTable[], count: number): Promise<Run> {
  const folder = mkdtempSync(join(tmpdir(), "heatpool-bench-"));
  try {
    const store = await openLevelSnapshotStore({ folder });
    const rows = await fillStore(store, houses, count);
    await store.close();
    return { ...(await trainApart(folder)), rows };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function fillStore(
  store: SnapshotStore,
  houses: readonly SimulatedTable[],
  count: number,
): Promise<number> {
  let [next, rows] = [0, 0];
  const sendNext = async (): Promise<void> => {
    while (next < count) {
      const column = next++;
      const house = houses[column % houses.length];
      if (house === undefined) continue;
      const table = monthOf(house, Math.floor(column / houses.length) % DAYS);
      rows += table.length;
      const id = `00000000-0000-4000-8000-${String(column).padStart(12, "0")}`;
      const shift = (((column * 7919) % 97) / 97 - 0.5) * 0.2;
      const distort = (metric: string, value: number) =>
        metric.startsWith("temp_") ? value + shift : value;
      await sendTable(store, id, table, { column, distort });
      if ((column + 1) % 50 === 0) say(`filled ${column + 1} of ${count} installations`);
    }
  };
  await Promise.all(Array.from({ length: SENDERS }, sendNext));
  return rows;
}

/** The month that begins with this day of the two, as if it were the month that is trained. */
function monthOf(house: SimulatedTable, firstDay: number): SimulatedTable {
  const fromMs = START_MS + (firstDay - DAYS) * DAY_MS;
  const kept: number[] = [];
  for (let row = 0; row < house.length; row++) {
    const at = house.timesMs[row] ?? 0;
    if (at >= fromMs && at < fromMs + DAYS * DAY_MS) kept.push(row);
  }
  const month = cutTable(house, kept);
  for (let row = 0; row < month.length; row++)
    month.timesMs[row] = (month.timesMs[row] ?? 0) - fromMs + START_MS;
  return month;
}

/** Training in a process of its own: its memory is nobody else's. */
async function trainApart(folder: string): Promise<Trained> {
  const child = spawn(process.execPath, [...CHILD, folder], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const gone = once(child, "exit");
  let last = "";
  for await (const line of createInterface({ input: child.stdout })) last = line;
  const [code] = await gone;
  if (code !== 0) throw new Error(`training ended with ${code}`);
  return JSON.parse(last) as Trained;
}

function say(text: string): void {
  console.error(text);
}

function round(value: number): number {
  return Number(value.toPrecision(4));
}
