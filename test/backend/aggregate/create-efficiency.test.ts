/** From batches to ranks: what is summed at night, what is told, and to whom. */
import { describe, expect, it } from "vitest";
import { HeatpoolError } from "#core/errors.js";
import { createMemorySnapshotStore } from "../../../backend/store/memory-snapshot-store.js";
import { contributeHeat, START_MS, WEEK, wholeWeekOf } from "../../support/efficiency-bed.js";
import { createFakeClock } from "../../support/fake-clock.js";
import { installationId, MODEL, openBed } from "../../support/pool-bed.js";

describe("efficiency", () => {
  it("is told of a cohort, and to each where it stands", async () => {
    const { bed, shelf, clock } = await wholeWeekOf(15);
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
    const { bed } = await wholeWeekOf(14);
    await bed.community.release();
    expect(bed.efficiency.figures(MODEL, "7d").figures).toEqual([]);
    const { ranks } = await bed.efficiency.standing(installationId(3), "7d");
    const own = ranks.find((one) => one.quantity === "cop_total");
    expect(own).toMatchObject({ value: 2.3, betterThanPercent: undefined });
  });

  it("sums a day anew when data for it come late", async () => {
    const clock = createFakeClock(START_MS);
    const bed = await openBed(createMemorySnapshotStore(), clock);
    await contributeHeat(bed, 1, WEEK.slice(4));
    await bed.community.release();
    const lengths = async () => {
      let count = 0;
      for await (const _ of bed.store.days(installationId(1), 0)) count++;
      return count;
    };
    expect(await lengths()).toBe(3);
    await clock.advance(21 * 3_600_000);
    await contributeHeat(bed, 1, WEEK.slice(0, 4), 4);
    await bed.community.release();
    expect(await lengths()).toBe(7);
  });

  it("forgets with the installation", async () => {
    const { bed } = await wholeWeekOf(1);
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
