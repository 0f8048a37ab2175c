/**
 * A fifth of the installations sends data at the limits of what is plausible (A11). No kind of
 * attack, full or weak, may move what is expected of honest machines by what is worth a notice, nor
 * the figures of the community; and none may cost an honest installation its place.
 */
import { beforeAll, describe, expect, it } from "vitest";
import { decodeArtefact } from "#core/anomaly/artefact.js";
import { toleranceOf } from "#core/anomaly/feature-plan.js";
import { offsetsOf, solveNormal } from "#core/anomaly/solve-normal.js";
import { findMetric } from "#core/measurement/metrics.js";
import { PRIVACY_DEFAULTS, summarise } from "../../../backend/aggregate/cohort-statistics.js";
import { createMemorySnapshotStore } from "../../../backend/store/memory-snapshot-store.js";
import type { SnapshotStore } from "../../../backend/store/snapshot-store.js";
import { boundInfluence } from "../../../backend/train/bound-influence.js";
import { cleanFleet } from "../../../backend/train/clean-fleet.js";
import type { LearntFleet } from "../../../backend/train/learn-fleet.js";
import { simulateFleet } from "../../../bench/simulated/fleet.js";
import { POISONS, type Poison, poisonTable } from "../../../bench/simulated/poison.js";
import type { SimulatedTable } from "../../../bench/simulated/record.js";
import { createFakeClock } from "../../support/fake-clock.js";
import { openBed } from "../../support/pool-bed.js";
import {
  deliverTable,
  learnStore,
  MODEL,
  openTraining,
  sendTable,
} from "../../support/training-bed.js";

const START_MS = Date.parse("2026-10-01T00:00:00Z");
const NOW_MS = Date.parse("2026-11-01T03:30:00Z");
/** Minutes of arithmetic on a busy machine. */
const LONG_MS = 900_000;
const HONEST = 15;
/** A fifth of all. */
const LIARS = 3;
/** The honest one whose data are replayed. */
const VICTIM = 4;
const never = new AbortController().signal;

let houses: readonly SimulatedTable[] = [];
/** Sums of the honest ones stay in it. */
let store: SnapshotStore;
let honest: LearntFleet;

/** Liars sort before and after the honest. */
const honestId = (index: number) => `5000000${index.toString(16)}-0000-4000-8000-000000000000`;
const liarId = (index: number) => `${index}0000000-0000-4000-8000-00000000000f`;
const isLiar = (id: string) => id.endsWith("f");

beforeAll(async () => {
  const fleet = { seed: 3, installations: HONEST + LIARS, startMs: START_MS, days: 31 };
  houses = [...simulateFleet({ ...fleet, poisonedShare: 0 })].map(({ table }) => table);
  store = createMemorySnapshotStore();
  for (const [index, table] of houses.slice(0, HONEST).entries())
    await sendTable(store, honestId(index), table, { column: index });
  honest = await learnStore(store, NOW_MS);
}, LONG_MS);

async function sendLies(poison: Poison, strength: number): Promise<readonly SimulatedTable[]> {
  const own = poison === "replay" ? houses.slice(VICTIM, VICTIM + 1) : houses.slice(HONEST);
  const tables = Array.from({ length: LIARS }, (_, index) => {
    const table = own[index % own.length] ?? houses[0];
    if (table === undefined) throw new Error("no house");
    return poisonTable(table, poison, 900 + index, strength);
  });
  for (const [index, table] of tables.entries()) {
    await store.erase(liarId(index));
    await sendTable(store, liarId(index), table, { column: HONEST + index });
  }
  return tables;
}

/** The furthest that a level of an honest machine moved, in what is worth a notice. */
function furthest({ plan, contributions }: LearntFleet): number {
  const own = honest.contributions;
  const solve = (of: typeof own) =>
    solveNormal(plan, boundInfluence(plan, of, HONEST - LIARS).contributions);
  const [now, truth] = [solve(cleanFleet(plan, contributions).kept), solve(own)];
  const moved = own.flatMap(({ statistics }) => {
    const [after, before] = [offsetsOf(now, statistics), offsetsOf(truth, statistics)];
    return plan.parts.map((part, index) => {
      const worth = toleranceOf(part, truth.parts[index]?.beta[0] ?? 0);
      return Math.abs((after[index] ?? Number.NaN) - (before[index] ?? Number.NaN)) / worth;
    });
  });
  return Math.max(...moved.filter((one) => !Number.isNaN(one)));
}

const FULL = POISONS.map((poison) => ({ poison, strength: 1 }));
const WEAK = (["shift", "scale", "drift"] as const).flatMap((poison) =>
  [0.2, 0.5].map((strength) => ({ poison, strength })),
);

describe("a fifth that lies", () => {
  it.each([...FULL, ...WEAK])(
    "moves no honest machine and drives none out: $poison at $strength",
    async ({ poison, strength }) => {
      await sendLies(poison, strength);
      const fleet = await learnStore(store, NOW_MS);
      expect(fleet.plan.planId).toBe(honest.plan.planId);
      const { kept, outliers } = cleanFleet(fleet.plan, fleet.contributions);
      // A home that is replayed counts once, under the first of its names.
      const replayed = poison === "replay" ? honestId(VICTIM) : "";
      const lost = outliers.filter(({ installationId: id }) => !isLiar(id) && id !== replayed);
      expect(lost).toEqual([]);
      const learnt = kept.filter(({ installationId }) => isLiar(installationId));
      expect(learnt.length).toBeLessThanOrEqual(poison === "replay" ? 1 : 0);
      expect(furthest(fleet)).toBeLessThan(0.5);
    },
    LONG_MS,
  );

  it.each(FULL)("moves no median of the community by 2 % of its range: $poison", async (full) => {
    const lies = await sendLies(full.poison, full.strength);
    const truth = houses.slice(0, HONEST);
    for (const [metric, column] of [
      ["temp_flow", "temp_flow"],
      ["power_current", "power_current"],
      ["pressure_low", "pressure_low"],
    ] as const) {
      const known = findMetric(metric);
      if (known === undefined) throw new Error(metric);
      const meansOf = (tables: readonly SimulatedTable[]) =>
        Float64Array.from(tables, ({ columns }) => {
          const values = columns[column].filter((_, row) => columns.mode[row] === 1);
          return values.reduce((sum, value) => sum + value, 0) / values.length;
        });
      const median = (means: Float64Array) =>
        summarise(known, means, PRIVACY_DEFAULTS)?.median ?? Number.NaN;
      const before = median(meansOf(truth));
      const after = median(meansOf([...truth, ...lies]));
      expect(Math.abs(after - before)).toBeLessThan(0.02 * (known.max - known.min) + 0.01);
    }
  });

  it(
    "comes in by the door, and comes to the model that the honest would have had, through every gate",
    async () => {
      const truth = houses
        .slice(0, HONEST)
        .map((table, index) => [honestId(index), table] as const);
      const lies = (["shift", "scale", "mislabel"] as const).map((poison, index) => {
        const table = houses[HONEST + index];
        if (table === undefined) throw new Error("no house");
        return [liarId(index), poisonTable(table, poison, 900, 0.6)] as const;
      });
      const [alone, bed] = [await deliver(truth), await deliver([...truth, ...lies])];
      for (const id of METRICS) {
        const { min = 0, max = 0 } = findMetric(id) ?? {};
        const [before, after] = [released(alone, id), released(bed, id)];
        const moved = Math.abs((after ?? Number.NaN) - (before ?? Number.NaN));
        expect(moved, id).toBeLessThan(0.02 * (max - min) + 0.01);
      }
      const { training } = await openTraining(bed.store, NOW_MS, {
        rules: {
          ...{ installationsMin: 5, readingsMin: 10_000, publishInstallationsMin: HONEST },
          ...{ probationDays: 0, countUnverified: true, closedTestPool: false },
        },
      });
      const [report] = await training.train({ heatpumpModel: MODEL }, never);
      expect(report).toMatchObject({ outcome: "candidate", reasons: [], installations: HONEST });
      const left = Object.values(report?.leftOut ?? {}).reduce((sum, count) => sum + count, 0);
      expect(left).toBe(LIARS);
      const { model } = decodeArtefact(report?.content ?? new Uint8Array());
      const { contributions } = boundInfluence(honest.plan, honest.contributions, HONEST);
      const whole = solveNormal(honest.plan, contributions);
      expect(model.parts.map(({ beta }) => beta)).toEqual(whole.parts.map(({ beta }) => beta));
      expect(report?.card?.influence).toBeLessThanOrEqual(1);
    },
    LONG_MS,
  );
});

/** A backend to which these have sent what they have, and which told its figures. */
async function deliver(tables: readonly (readonly [string, SimulatedTable])[]) {
  const bed = await openBed(createMemorySnapshotStore(), createFakeClock(NOW_MS));
  for (const [id, table] of tables) await deliverTable(bed, id, table);
  await bed.community.release();
  return bed;
}

/** Metrics whose figures are looked at. */
const METRICS = ["temp_flow", "power_current", "pressure_low"] as const;

/** The median that everybody is told. */
function released(bed: Awaited<ReturnType<typeof openBed>>, id: string): number | undefined {
  return bed.community.averages(MODEL, [id]).metrics[0]?.median;
}
