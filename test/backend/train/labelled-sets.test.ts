/** Recordings of which it is known what was wrong: read as they lie there, tried and never learnt. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { CELLS_PER_DAY, CHANNEL_COUNT, findChannel } from "#core/anomaly/channel.js";
import { injectFault } from "#core/anomaly/fault-scenario.js";
import { FAULTS } from "#core/anomaly/fault-table.js";
import { planFor } from "#core/anomaly/feature-plan.js";
import type { CellGrid } from "#core/anomaly/grid.js";
import { learnFleet } from "#core/anomaly/learn-fleet.js";
import { makeRows } from "#core/anomaly/row-maker.js";
import { judgeLabelled } from "../../../backend/train/evaluate-labelled.js";
import { labelledFor, readLabelledSets } from "../../../backend/train/labelled-sets.js";
import { COLUMNS } from "../../../bench/detect/plan-file.js";
import { temporaryFolder } from "../../support/folder.js";
import { MADE_UP, madeUpCells } from "../../support/heat-pump-cells.js";

const DAYS = 24;
const START = 16 * CELLS_PER_DAY;
const kind = FAULTS.find(({ fault }) => fault === "fan_failure");
if (kind === undefined) throw new Error("the table has no fan_failure");
const healthy = madeUpCells({ seed: 9, days: DAYS });
const short = madeUpCells({ seed: 9, days: 1 });
const sick = injectFault(healthy, { kind, severity: 1, start: START });
const timeAt = (cell: number) =>
  new Date((healthy.firstCell + cell) * 300_000)
    .toISOString()
    .replace("T", " ")
    .replace("Z", "+00:00");
const EVENT = {
  fault: "fan_failure",
  severity: 1,
  start: timeAt(START),
  end: timeAt(START + kind.days * CELLS_PER_DAY),
};
const MODE = { 0: "off", 1: "heating", 2: "hot_water" };

function csvOf(grid: CellGrid): string {
  const columns = Object.entries(COLUMNS).filter(([, id]) => MADE_UP.some((one) => one === id));
  const lines = Array.from({ length: grid.length }, (_, cell) => {
    const values = columns.map(([, id]) => {
      const value = grid.values[cell * CHANNEL_COUNT + (findChannel(id) ?? 0)] ?? Number.NaN;
      return Number.isNaN(value) ? "" : String(value);
    });
    return [timeAt(cell), "x", ...values, grid.modes[cell], "never read"].join(",");
  });
  const names = ["timestamp", "somebody's own", ...columns.map(([name]) => name), "mode", "label"];
  return [names.join(","), ...lines, ""].join("\r\n");
}

function writeSet(folder: string, more: object = {}, file = "test-1.csv.gz", grid = short): string {
  mkdirSync(folder, { recursive: true });
  const manifest = { mode: MODE, train: [], test: [{ file, events: [EVENT] }], ...more };
  writeFileSync(join(folder, "manifest.json"), JSON.stringify(manifest));
  writeFileSync(join(folder, "test-1.csv.gz"), gzipSync(csvOf(grid)));
  return folder;
}

describe("labelled recordings", () => {
  it("find what is in them, and a deaf model finds nothing", async () => {
    const machines = [1, 2, 3, 4].map((seed) => ({
      installationId: `m${seed}`,
      rows: makeRows(madeUpCells({ seed, days: 30 })),
    }));
    const model = learnFleet(planFor(new Set(MADE_UP)), machines);
    const { sets } = await readLabelledSets(writeSet(temporaryFolder(), {}, "test-1.csv.gz", sick));
    const recordings = sets.flatMap((set) => set.machines);
    const figures = judgeLabelled(model, recordings);
    expect(figures).toMatchObject({ events: 1, recall: 1, falseAlarmsPerMonth: 0 });
    expect(figures.machineMonths).toBeCloseTo((DAYS - 14 - kind.days - 1.5) / 30.4, 2);
    expect(judgeLabelled({ ...model, factor: 1e6, catchAll: [] }, recordings)).toMatchObject({
      recall: 0,
    });
    const blind = { ...model, plan: { ...model.plan, parts: [] }, parts: [] };
    expect(judgeLabelled(blind, recordings)).toMatchObject({ events: 0 });
  });

  it("count for the heat pump they name, and for all where they name none", async () => {
    const folder = temporaryFolder();
    writeSet(join(folder, "one"), { heatpumpModel: "acme/air-9" });
    const named = await readLabelledSets(folder);
    expect(labelledFor(named, "acme/air-9")).toHaveLength(1);
    expect(labelledFor(named, "other/pump")).toHaveLength(0);
    writeSet(join(folder, "two"));
    const both = await readLabelledSets(folder);
    expect(labelledFor(both, "other/pump")).toHaveLength(1);
    expect(both.hash).not.toBe(named.hash);
  });

  it.each<[string, (folder: string) => void, RegExp]>([
    ["an empty folder", () => undefined, /no manifest\.json in it or below/],
    ["a file that is not there", (at) => writeSet(at, {}, "gone.csv"), /gone\.csv: .*ENOENT/],
    ["a way out of the folder", (at) => writeSet(at, {}, "../a.csv"), /no name of a file/],
    [
      "a time without a zone",
      (at) =>
        writeSet(at, { test: [{ file: "a.csv", events: [{ ...EVENT, end: "2025-01-01" }] }] }),
      /manifest\.json: .*no time with a zone/s,
    ],
    [
      "a line that is none",
      (at) => {
        writeSet(at, {}, "a.csv");
        writeFileSync(join(at, "a.csv"), `timestamp,temp_flow\n${timeAt(0)},30\nyesterday,31\n`);
      },
      /a\.csv: .*line 3: "yesterday"/,
    ],
  ])("with %s stop the run and are named", async (_, write, why) => {
    const folder = temporaryFolder();
    write(folder);
    await expect(readLabelledSets(folder)).rejects.toThrow(why);
  });
});
