/** What an owner is given is all that is held, value by value, in files that programs can read. */
import { existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import { describe, expect, it } from "vitest";
import { findMetric } from "#core/measurement/metrics.js";
import type { DaySummary } from "../../../backend/aggregate/day-summary.js";
import { exportInstallation } from "../../../backend/privacy/export.js";
import { writeExport } from "../../../backend/privacy/export-files.js";
import type { ExportPart } from "../../../backend/privacy/subject-rights.js";
import { toRecord } from "../../../backend/registry/memory-registry.js";
import { createMemorySnapshotStore } from "../../../backend/store/memory-snapshot-store.js";
import { collect } from "../../contract/snapshot-store-contract.js";
import { createFakeClock } from "../../support/fake-clock.js";
import { temporaryFolder } from "../../support/folder.js";
import { installationId, MODEL, makeBatch, openBed, openDelivery } from "../../support/pool-bed.js";

const START_MS = Date.UTC(2026, 10, 1);
const ID = installationId(1);
const ROWS = [
  [50, 350, 120],
  [51, undefined, 121],
  [-52, 4_120, 122],
];

const DAY: DaySummary = {
  day: Math.floor(START_MS / 86_400_000) - 1,
  deviceId: "heatpump",
  heatpumpModel: MODEL,
  coverage: 0.25,
  outdoorMean: -3.5,
  total: { heatKwh: 40, electricKwh: 10.5 },
  heating: { heatKwh: 30, electricKwh: undefined },
  hotWater: { heatKwh: undefined, electricKwh: undefined },
  compressorHours: 6,
  compressorStarts: undefined,
  counters: { energy_heat_total: { atMs: START_MS - 1_000, value: 1_234.5 } },
};

/** One installation with readings, a refused row and a loss; and somebody else. */
async function fill() {
  const bed = await openBed(createMemorySnapshotStore(), createFakeClock(START_MS));
  for (const id of [installationId(2), ID]) {
    const delivery = await openDelivery(bed, id);
    await delivery.take(makeBatch(1, START_MS - 3_600_000, ROWS));
    await delivery.take(makeBatch(2, START_MS - 1_800_000, [[1, 2, 3]]));
    await bed.store.putDays(id, [DAY]);
    const loss = { number: 1, reason: "shutdown", deviceId: undefined, fromMs: 0, toMs: START_MS };
    await delivery.takeLosses([{ ...loss, snapshots: 7, batches: undefined }]);
  }
  const deps = {
    ...bed,
    findMetric,
    toRecord: (state: Parameters<typeof toRecord>[0]) => toRecord(state, START_MS),
  };
  return () => exportInstallation(deps, ID);
}

const time = (agoMs: number) => new Date(START_MS - agoMs).toISOString();

describe("an export", () => {
  it("is a line per record, with every value, its unit and the consent", async () => {
    const parts = await fill();
    const path = join(temporaryFolder(), "owner.ndjson");
    expect(await writeExport(path, parts())).toEqual({
      snapshots: 3,
      readings: 8,
      days: 1,
      refusedBatches: 1,
      losses: 1,
    });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const lines = readFileSync(path, "utf8").trimEnd().split("\n");
    const records = lines.map((line) => JSON.parse(line));
    expect(records[0]).toMatchObject({
      kind: "installation",
      record: { installationId: ID, heatpumpModels: [MODEL], lastReceivedAtMs: time(0) },
      consentVersion: 1,
      consentScopes: ["telemetry", "community_stats"],
    });
    expect(records[1]).toEqual({
      kind: "columns",
      deviceId: "heatpump",
      heatpumpModel: MODEL,
      columns: ["temp_outdoor", "temp_flow", "power_current"].map((metric) => ({
        metric,
        unit: findMetric(metric)?.unit,
      })),
    });
    const rows = records.filter(({ kind }) => kind === "row");
    expect(rows.map((row) => [row.time, row.values])).toEqual([
      [time(3_600_000), { temp_outdoor: 5, temp_flow: 35, power_current: 1.2 }],
      [time(3_540_000), { temp_outdoor: 5.1, power_current: 1.21 }],
      [time(1_800_000), { temp_outdoor: 0.1, temp_flow: 0.2, power_current: 0.03 }],
    ]);
    expect(records.at(-2)).toMatchObject({ kind: "refusal", snapshots: 1, receivedAtMs: time(0) });
    expect(Buffer.from(records.at(-2).block, "base64")).toEqual(
      Buffer.from(makeBatch(1, START_MS - 3_600_000, ROWS).block),
    );
    expect(records.at(-3)).toMatchObject({
      kind: "day",
      summary: {
        day: "2026-10-31",
        total: { heatKwh: 40, electricKwh: 10.5 },
        counters: { energy_heat_total: { atMs: time(1_000), value: 1_234.5 } },
      },
    });
    expect(records.at(-1)).toMatchObject({ kind: "loss", fromMs: "", snapshots: 7 });
  });

  it("is a folder of tables when asked for one", async () => {
    const parts = await fill();
    const path = join(temporaryFolder(), "owner");
    await writeExport(path, parts());
    const rows = parse(readFileSync(join(path, "readings.csv")), { columns: true }) as Record<
      string,
      string
    >[];
    expect(rows).toHaveLength(8);
    expect(rows[1]).toEqual({
      device: "heatpump",
      heatpump_model: MODEL,
      time: time(3_600_000),
      metric: "temp_flow",
      unit: "°C",
      value: "35",
      received: time(0),
    });
    expect(JSON.parse(readFileSync(join(path, "installation.json"), "utf8"))).toMatchObject({
      consentVersion: 1,
    });
    expect(readFileSync(join(path, "losses.csv"), "utf8")).toBe(
      `device,reason,from,to,snapshots\n,shutdown,,${time(0)},7\n`,
    );
    const days = parse(readFileSync(join(path, "days.csv")), { columns: true });
    expect(days).toEqual([
      {
        ...{ device: "heatpump", heatpump_model: MODEL, day: "2026-10-31", coverage: "0.25" },
        ...{ outdoor_mean_celsius: "-3.5", heat_kwh: "40", electric_kwh: "10.5" },
        ...{ heating_heat_kwh: "30", heating_electric_kwh: "" },
        ...{ hot_water_heat_kwh: "", hot_water_electric_kwh: "" },
        ...{ compressor_hours: "6", compressor_starts: "" },
      },
    ]);
    expect(JSON.parse(readFileSync(join(path, "refused.ndjson"), "utf8")).reasons).toEqual([
      "OUT_OF_RANGE: temp_flow: 412 above 120",
    ]);
  });

  it("keeps a model's name from being a formula or another cell", async () => {
    async function* parts(): AsyncGenerator<ExportPart> {
      for (const heatpumpModel of ["=1+1", 'a,"b"\nc']) {
        const columns = [{ metric: "temp_flow", unit: "°C" }];
        const rows = [{ atMs: 1, values: [1] }];
        yield { kind: "readings", deviceId: "a", heatpumpModel, receivedAtMs: 1, columns, rows };
      }
    }
    const path = join(temporaryFolder(), "owner");
    await writeExport(path, parts());
    const rows = parse(readFileSync(join(path, "readings.csv")), { columns: true }) as {
      heatpump_model: string;
    }[];
    expect(rows.map((row) => row.heatpump_model)).toEqual(["'=1+1", 'a,"b"\nc']);
  });

  it("replaces nothing, and leaves nothing half", async () => {
    const parts = await fill();
    const folder = temporaryFolder();
    mkdirSync(join(folder, "taken"));
    await expect(writeExport(join(folder, "taken"), parts())).rejects.toMatchObject({
      code: "STATE_INVALID",
    });
    async function* broken() {
      yield* await collect(parts());
      throw new Error("the backend went away");
    }
    for (const name of ["half", "half.ndjson"]) {
      await expect(writeExport(join(folder, name), broken())).rejects.toThrow(/went away/);
      expect(existsSync(join(folder, name))).toBe(false);
      expect(existsSync(join(folder, `${name}.part`))).toBe(false);
    }
  });
});
