/** From batches to ranks: what is summed at night, what is told, and to whom. */
import { describe, expect, it } from "vitest";
import { createChannelTable } from "#core/batch/channel-table.js";
import { HeatpoolError } from "#core/errors.js";
import {
  createMemorySnapshotStore,
  createShelf,
} from "../../../backend/store/memory-snapshot-store.js";
import { createFakeClock } from "../../support/fake-clock.js";
import {
  EPOCH,
  installationId,
  introduce,
  MODEL,
  makeBatch,
  openBed,
} from "../../support/pool-bed.js";

const DAY_MS = 86_400_000;
const START_MS = Date.UTC(2026, 10, 10, 3, 15);
const TABLE = createChannelTable([
  { metric: "energy_heat_total", encoding: "int", multiplier: 1, decimals: 1, kind: "counter" },
  { metric: "energy_electric_total", encoding: "int", multiplier: 1, decimals: 1, kind: "counter" },
  { metric: "temp_outdoor", encoding: "int", multiplier: 1, decimals: 1, kind: "fastTemperature" },
]);

type Bed = Awaited<ReturnType<typeof openBed>>;

/** Installation n has a COP of 2 + n / 10 on each of the days. */
async function contribute(bed: Bed, n: number, days: readonly number[], first = 1) {
  const id = installationId(n);
  const hello = introduce(id);
  const devices = hello.devices.map((one) => ({ ...one, tableId: TABLE.id }));
  const epochs = [{ epochId: EPOCH, firstUnacked: 1, lastSealed: 0 }];
  const delivery = await bed.ingest.open({ ...hello, devices, epochs });
  if (delivery.unknownTables.length > 0) await delivery.learnTable(TABLE);
  for (const [k, day] of days.entries()) {
    const rows = Array.from({ length: 1440 }, (_, minute) => {
      const electric = 1000 + ((day - Math.floor(START_MS / DAY_MS) + 30) * 1440 + minute) / 10;
      return [Math.round(electric * (2 + n / 10)), Math.round(electric), 45];
    });
    await delivery.take(makeBatch(first + k, day * DAY_MS, rows, { table: TABLE }));
  }
  delivery.close();
}

const TODAY = Math.floor(START_MS / DAY_MS);
const week = [7, 6, 5, 4, 3, 2, 1].map((back) => TODAY - back);

async function bedOf(count: number, shelf = createShelf()) {
  const clock = createFakeClock(START_MS);
  const bed = await openBed(createMemorySnapshotStore(shelf), clock);
  for (let n = 1; n <= count; n++) await contribute(bed, n, week);
  return { bed, clock, shelf };
}

describe("efficiency", () => {
  it("is told of a cohort, and to each where it stands", async () => {
    const { bed, shelf, clock } = await bedOf(15);
    await bed.community.release();
    const { figures, releasedAtMs } = bed.efficiency.figures(MODEL, "7d");
    expect(releasedAtMs).toBe(START_MS);
    const cop = figures.find((one) => one.quantity === "cop_total");
    expect(cop).toMatchObject({ mean: 2.8, median: 2.8, installations: 15, unit: "" });
    expect(cop?.p10).toBeUndefined();
    expect(figures.some((one) => one.quantity === "spf")).toBe(false);
    const best = await bed.efficiency.standing(installationId(15), "7d");
    expect(best.ranks.find((one) => one.quantity === "cop_total")).toEqual({
      quantity: "cop_total",
      unit: "",
      heatpumpModel: MODEL,
      value: 3.5,
      betterThanPercent: 65,
      installations: 15,
    });
    // After a restart nothing has to be computed again.
    const again = await openBed(createMemorySnapshotStore(shelf), clock);
    expect(again.efficiency.figures(MODEL, "7d").figures).toEqual(figures);
  });

  it("is not told of fourteen, but each knows its own", async () => {
    const { bed } = await bedOf(14);
    await bed.community.release();
    expect(bed.efficiency.figures(MODEL, "7d").figures).toEqual([]);
    const { ranks } = await bed.efficiency.standing(installationId(3), "7d");
    const own = ranks.find((one) => one.quantity === "cop_total");
    expect(own).toMatchObject({ value: 2.3, betterThanPercent: undefined });
  });

  it("sums a day anew when data for it come late", async () => {
    const clock = createFakeClock(START_MS);
    const bed = await openBed(createMemorySnapshotStore(), clock);
    await contribute(bed, 1, week.slice(4));
    await bed.community.release();
    const lengths = async () => {
      let count = 0;
      for await (const _ of bed.store.days(installationId(1), 0)) count++;
      return count;
    };
    expect(await lengths()).toBe(3);
    await clock.advance(21 * 3_600_000);
    await contribute(bed, 1, week.slice(0, 4), 4);
    await bed.community.release();
    expect(await lengths()).toBe(7);
  });

  it("forgets with the installation", async () => {
    const { bed } = await bedOf(1);
    await bed.community.release();
    await bed.store.erase(installationId(1));
    for await (const one of bed.store.days(installationId(1), 0)) expect(one).toBeUndefined();
    bed.registry.forget(installationId(1));
    const error = await bed.efficiency
      .standing(installationId(1), "7d")
      .catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(HeatpoolError);
  });
});
