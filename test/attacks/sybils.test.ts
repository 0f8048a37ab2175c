/**
 * Installations that are not what they say (A11, A30): they must not move what is told about others,
 * and not leave a real household alone in its cohort.
 */
import { describe, expect, it } from "vitest";
import { METRICS } from "#core/measurement/metrics.js";
import { PRIVACY_DEFAULTS, summarise } from "../../backend/aggregate/cohort-statistics.js";
import { createMemorySnapshotStore } from "../../backend/store/memory-snapshot-store.js";
import { createRandom } from "../support/chance.js";
import { createFakeClock, type FakeClock } from "../support/fake-clock.js";
import {
  installationId,
  MODEL,
  makeBatch,
  openBed,
  openDelivery,
  STEP_MS,
} from "../support/pool-bed.js";

const START_MS = Date.UTC(2026, 10, 10, 12);
const DAY_MS = 86_400_000;
type Bed = Awaited<ReturnType<typeof openBed>>;

/** One snapshot for each of the last `days` days, in one delivery. */
async function contribute(bed: Bed, clock: FakeClock, n: number, days: number, tenths: number) {
  const delivery = await openDelivery(bed, installationId(n));
  const [known = 0] = delivery.ackedThrough;
  for (let day = days - 1; day >= 0; day--) {
    const atMs = clock.nowMs() - day * DAY_MS - 3_600_000 - STEP_MS;
    await delivery.take(makeBatch(known + days - day, atMs, [[50, tenths, 120]]));
  }
  delivery.close();
}

describe("a fifth of a cohort that says the limits of the catalogue (A11)", () => {
  // Homes differ by a sixth of what the catalogue allows; those that are alike are hidden better.
  it.each(METRICS.filter(({ min, max }) => max > min))(
    "moves the median of $id by less than 2 % of its range",
    (metric) => {
      const range = metric.max - metric.min;
      const random = createRandom(11);
      const middle = metric.min + range * 0.4;
      const honest = Array.from({ length: 80 }, () => {
        const bell = (random() + random() + random()) / 3 - 0.5;
        return middle + (bell * range) / 6;
      });
      const alone = summarise(metric, Float64Array.from(honest), PRIVACY_DEFAULTS);
      for (const limit of [metric.min, metric.max, -1e300, 1e300]) {
        const all = Float64Array.from([...honest, ...Array<number>(20).fill(limit)]);
        const moved = summarise(metric, all, PRIVACY_DEFAULTS);
        const by = Math.abs((moved?.median ?? Number.NaN) - (alone?.median ?? Number.NaN));
        // Figures are rounded to hundredths.
        expect(by).toBeLessThan(0.02 * range + 0.01);
      }
    },
  );

  it("is clamped and counted once each, however often it sends", async () => {
    const clock = createFakeClock(START_MS);
    const bed = await openBed(createMemorySnapshotStore(), clock);
    for (let n = 1; n <= 40; n++) await contribute(bed, clock, n, 7, 300 + n);
    for (let n = 41; n <= 50; n++) {
      const delivery = await openDelivery(bed, installationId(n));
      for (let day = 6; day >= 0; day--) {
        const atMs = clock.nowMs() - day * DAY_MS - 7_200_000;
        const rows = Array.from({ length: 50 }, () => [50, 1_000, 120]);
        await delivery.take(makeBatch(7 - day, atMs, rows));
      }
      delivery.close();
    }
    await bed.community.release();
    const [flow] = bed.community.averages(MODEL, ["temp_flow"]).metrics;
    expect(flow?.installations).toBe(50);
    const range = 0.02 * 120;
    expect(Math.abs((flow?.median ?? 0) - 32.05)).toBeLessThan(range);
  });
});

describe("fourteen strangers of one day around one household (A30)", () => {
  const surround = async (isVouched: boolean, days: number) => {
    const clock = createFakeClock(START_MS);
    const bed = await openBed(createMemorySnapshotStore(), clock, { isVouched });
    for (let day = 0; day < 7; day++) {
      await contribute(bed, clock, 1, 1, 377);
      await clock.advance(DAY_MS);
    }
    await contribute(bed, clock, 1, 1, 377);
    for (let n = 2; n <= 15; n++) await contribute(bed, clock, n, days, 300);
    const released = await bed.community.release();
    return { released, told: bed.community.averages(MODEL, ["temp_flow"]) };
  };

  it.each([1, 7, 30])(
    "get nothing published where anybody may enrol, with %i days of made-up history",
    async (days) => {
      const { released, told } = await surround(false, days);
      expect(released).toMatchObject({ cohortsReleased: 0, cohortsSuppressed: 1 });
      expect(told).toMatchObject({ metrics: [], installations: 0 });
      expect(told.suppressedBecause).not.toBe("");
    },
  );

  it("get nothing published with a claim token each and nothing but today's data", async () => {
    const { released } = await surround(true, 1);
    expect(released).toMatchObject({ cohortsReleased: 0, cohortsSuppressed: 1 });
  });

  it("would be published if probation did not count days of receipt", async () => {
    const { released } = await surround(true, 7);
    expect(released).toMatchObject({ cohortsReleased: 1 });
  });
});
