/**
 * What is wrong with data must reach who can mend it, per heat pump model and metric, and must not
 * be taken for a fault of machines.
 */
import { beforeAll, describe, expect, it } from "vitest";
import { createMemorySnapshotStore } from "../../../backend/store/memory-snapshot-store.js";
import type { SnapshotStore } from "../../../backend/store/snapshot-store.js";
import { createFindingSource } from "../../../backend/train/data-findings.js";
import type { TrainingReport } from "../../../backend/train/training.js";
import { simulateHeatPump } from "../../../bench/heat-pump-simulator.js";
import type { SimulatedTable } from "../../../bench/simulated/record.js";
import { type Distortion, MODEL, openTraining, sendTable } from "../../support/training-bed.js";

const START_MS = Date.parse("2026-01-10T00:00:00Z");
const NOW_MS = Date.parse("2026-02-01T03:30:00Z");
const never = new AbortController().signal;
/** Minutes of arithmetic on a busy machine. */
const LONG_MS = 600_000;

const noLowPressure: Distortion = (metric, value) =>
  metric === "pressure_low" ? undefined : value;
/** As a firmware that was meant for another market says it. */
const fahrenheit: Distortion = (metric, value) =>
  /^temp_(flow|return|hot_water)$/.test(metric) ? value * 1.8 + 32 : value;
const hotWaterOnly: Distortion = (metric, value) => (metric === "valve_hot_water" ? 1 : value);
const standing: Distortion = (metric, value) => (metric === "temp_outdoor" ? 4.5 : value);

const DISTORTIONS: readonly (Distortion | undefined)[] = [
  ...[undefined, undefined, undefined],
  ...[noLowPressure, noLowPressure, noLowPressure],
  ...[fahrenheit, fahrenheit, hotWaterOnly, standing],
];

let table: SimulatedTable;
let store: SnapshotStore;
let report: TrainingReport | undefined;

beforeAll(async () => {
  table = simulateHeatPump({ seed: 5, startMs: START_MS, days: 4 });
  store = createMemorySnapshotStore();
  for (const [column, distort] of DISTORTIONS.entries()) {
    const id = `00000000-0000-4000-8000-${String(column).padStart(12, "0")}`;
    await sendTable(store, id, table, { column, ...(distort && { distort }) });
  }
  const { training } = await openTraining(store, NOW_MS);
  [report] = await training.train({ heatpumpModel: MODEL }, never);
}, LONG_MS);

describe("what training sees in data", () => {
  const found = async (kind: string, metric: string) => {
    const all = await createFindingSource(store).findings();
    return all.find((one) => one.kind === kind && one.metric === metric);
  };

  it("a channel that half of the fleet lacks", async () => {
    expect(await found("absent", "pressure_low")).toEqual({
      ...{ heatpumpModel: MODEL, kind: "absent", metric: "pressure_low", installations: 3 },
      ...{ foundAtMs: NOW_MS, detail: "missing here, sent by others of this model" },
    });
  });

  it("another unit, after a new firmware at two", async () => {
    expect(await found("unit", "temp_flow")).toMatchObject({ installations: 2 });
    expect(await found("unit", "temp_return")).toMatchObject({ installations: 2 });
    expect(await found("unit", "temp_outdoor")).toBeUndefined();
  });

  it("a month without heating", async () => {
    expect(await found("no-heating", "")).toMatchObject({
      installations: 1,
      detail: "did not heat in 2026-01: nothing about heating is learnt from it",
    });
  });

  it("a sensor that stands still", async () => {
    expect(await found("constant", "temp_outdoor")).toMatchObject({ installations: 1 });
  });

  it("names nobody", async () => {
    const all = await createFindingSource(store).findings();
    expect(JSON.stringify(all)).not.toContain("4000-8000");
  });

  it("leaves months out, and tells why by count", () => {
    expect(report?.outcome).toBe("skipped");
    const reasons = Object.entries(report?.leftOut ?? {});
    expect(reasons.find(([why]) => why.includes("another unit"))?.[1]).toBe(2);
    expect(reasons.find(([why]) => why.startsWith("outdoor stands at"))?.[1]).toBe(1);
  });

  it("keeps nothing of a dry run", async () => {
    const other = createMemorySnapshotStore();
    for (const column of [0, 1, 2, 3, 4]) {
      const id = `00000000-0000-4000-8000-${String(column).padStart(12, "0")}`;
      await sendTable(other, id, table, { column, distort: fahrenheit });
    }
    const { training } = await openTraining(other, NOW_MS);
    await training.train({ heatpumpModel: MODEL, isDry: true }, never);
    expect(await createFindingSource(other).findings()).toEqual([]);
    await training.train({ heatpumpModel: MODEL }, never);
    expect((await createFindingSource(other).findings())[0]).toMatchObject({ installations: 5 });
  });
});
