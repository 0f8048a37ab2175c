/** Statistics must tell about many and never about one household. */
import { describe, expect, it } from "vitest";
import { effectiveRules, PRIVACY_DEFAULTS } from "../../../backend/aggregate/cohort-statistics.js";
import { createReleaseJob } from "../../../backend/aggregate/release-job.js";
import { createSchedule } from "../../../backend/schedule/create-schedule.js";
import {
  createMemorySnapshotStore,
  createShelf,
} from "../../../backend/store/memory-snapshot-store.js";
import { createFakeClock, type FakeClock } from "../../support/fake-clock.js";
import {
  installationId,
  MODEL,
  makeBatch,
  openBed,
  openDelivery,
  STEP_MS,
} from "../../support/pool-bed.js";

const START_MS = Date.UTC(2026, 10, 10);
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
type Bed = Awaited<ReturnType<typeof openBed>>;

/** Installation n sends one snapshot on each of `days` days; flow is 30 + n degrees. */
async function contribute(
  bed: Bed,
  clock: FakeClock,
  n: number,
  more: { days?: number; scopes?: string[] } = {},
) {
  const { days = 7, scopes = ["telemetry", "community_stats"] } = more;
  const id = installationId(n);
  const delivery = await openDelivery(bed, id, { consentScopes: scopes });
  const [known = 0] = delivery.ackedThrough;
  for (let day = days - 1; day >= 0; day--) {
    const atMs = clock.nowMs() - day * DAY_MS - HOUR_MS - STEP_MS;
    await delivery.take(makeBatch(known + days - day, atMs, [[50, 300 + 10 * n, 120]]));
  }
  delivery.close();
}

async function bedOf(count: number, shelf = createShelf(), privacy = {}) {
  const clock = createFakeClock(START_MS);
  const bed = await openBed(createMemorySnapshotStore(shelf), clock, { privacy });
  for (let n = 1; n <= count; n++) await contribute(bed, clock, n);
  return { bed, clock, shelf };
}

describe("community", () => {
  it.each([
    { count: 14, released: 0 },
    { count: 15, released: 1 },
    { count: 16, released: 1 },
  ])(
    "with $count installations of a model releases $released cohorts",
    async ({ count, released }) => {
      const { bed } = await bedOf(count);
      expect(await bed.community.release()).toMatchObject({
        cohortsReleased: released,
        cohortsSuppressed: 1 - released,
      });
      const averages = bed.community.averages(MODEL, []);
      expect(averages.installations).toBe(released * count);
      expect(averages.metrics.length > 0).toBe(released === 1);
      expect(averages.suppressedBecause === "").toBe(released === 1);
    },
  );

  it("says mean and median of the installations' means, and no bounds of a small cohort", async () => {
    const { bed } = await bedOf(15);
    await bed.community.release();
    const { metrics, window } = bed.community.averages(MODEL, ["temp_flow"]);
    expect(window).toBe("24h");
    expect(metrics).toEqual([
      {
        metric: "temp_flow",
        unit: "°C",
        mean: 38,
        median: 38,
        p10: undefined,
        p90: undefined,
        installations: 15,
      },
    ]);
  });

  it("says outer percentiles only with five installations beyond them", async () => {
    const without = await bedOf(46);
    await without.bed.community.release();
    const [small] = without.bed.community.averages(MODEL, ["temp_flow"]).metrics;
    expect([small?.p10 === undefined, small?.p90 === undefined]).toEqual([false, false]);
    const { bed } = await bedOf(40);
    await bed.community.release();
    const [smaller] = bed.community.averages(MODEL, ["temp_flow"]).metrics;
    expect([smaller?.p10, smaller?.p90]).toEqual([undefined, undefined]);
  });

  it("shows nobody who joined before others did too, and nothing of a cohort too small", async () => {
    const { bed, clock } = await bedOf(15);
    const nextRelease = async (count: number) => {
      await clock.advance(21 * HOUR_MS);
      for (let n = 1; n <= count; n++) await contribute(bed, clock, n, { days: 1 });
      await bed.community.release();
      return bed.community.averages(MODEL, []);
    };
    await bed.community.release();
    const before = bed.community.averages(MODEL, []);
    await contribute(bed, clock, 16);
    expect(bed.community.averages(MODEL, [])).toEqual(before);
    expect(await nextRelease(16)).toMatchObject({ installations: 15, metrics: before.metrics });
    for (const n of [17, 18, 19, 20]) await contribute(bed, clock, n);
    expect((await nextRelease(20)).installations).toBe(20);
    for (const n of [15, 16, 17, 18, 19, 20]) {
      await bed.store.erase(installationId(n));
      for (const column of bed.registry.forget(installationId(n))) bed.rollups.zero(column);
    }
    expect(bed.community.averages(MODEL, []).installations).toBe(20);
    expect(await nextRelease(14)).toMatchObject({ installations: 0, metrics: [] });
  });

  it("counts nobody on probation, nor who did not agree to statistics", async () => {
    const { bed, clock } = await bedOf(13);
    await contribute(bed, clock, 14, { days: 6 });
    await contribute(bed, clock, 15, { scopes: ["telemetry"] });
    await bed.community.release();
    expect(bed.community.averages(MODEL, []).installations).toBe(0);
    expect(bed.community.poolStatus().totalInstallations).toBe(15);
  });

  it("does not count who sent nothing within the window", async () => {
    const { bed, clock } = await bedOf(15);
    await clock.advance(2 * DAY_MS);
    for (let n = 1; n <= 14; n++) await contribute(bed, clock, n, { days: 1 });
    await bed.community.release();
    expect(bed.community.averages(MODEL, []).installations).toBe(0);
  });

  it("refuses a release within 20 hours of the last; the first is free", async () => {
    const { bed, clock, shelf } = await bedOf(15);
    await bed.community.release();
    await clock.advance(20 * HOUR_MS - 1);
    await expect(bed.community.release()).rejects.toMatchObject({ code: "TOO_SOON" });
    const again = await openBed(createMemorySnapshotStore(shelf), clock);
    await expect(again.community.release()).rejects.toMatchObject({ code: "TOO_SOON" });
    await clock.advance(1);
    expect((await again.community.release()).releasedAtMs).toBe(START_MS + 20 * HOUR_MS);
  });

  it("keeps its figures over a restart", async () => {
    const { bed, clock, shelf } = await bedOf(15);
    await bed.community.release();
    const again = await openBed(createMemorySnapshotStore(shelf), clock);
    expect(again.community.averages(MODEL, [])).toEqual(
      JSON.parse(JSON.stringify(bed.community.averages(MODEL, []))),
    );
  });

  it("lowers its rules only for a closed test pool, and says so", async () => {
    expect(effectiveRules({ cohortMin: 2, probationDays: 0, shareMax: 1, beyondMin: 0 })).toEqual(
      PRIVACY_DEFAULTS,
    );
    const privacy = { closedTestPool: true, cohortMin: 1, probationDays: 0 };
    const { bed, clock } = await bedOf(0, createShelf(), privacy);
    await contribute(bed, clock, 1, { days: 1 });
    await bed.community.release();
    expect(bed.community.averages(MODEL, []).installations).toBe(1);
    const status = bed.community.poolStatus();
    expect(status.closedTestPool).toBe(true);
    expect(status.message).toContain("closed test pool");
    expect(status.messageDe).toContain("geschlossener Testpool");
  });

  it("says what the pool still lacks, in both languages", async () => {
    const { bed } = await bedOf(2);
    expect(bed.community.poolStatus()).toMatchObject({
      totalInstallations: 2,
      totalReadings: 42,
      dataSufficient: false,
      message: expect.stringContaining("3 more installations and 9958 more readings"),
      messageDe: expect.stringContaining("Es fehlen 3 Installationen und 9958 Messwerte"),
    });
  });

  it("knows only metrics of the catalogue", async () => {
    const { bed } = await bedOf(0);
    expect(() => bed.community.averages(MODEL, ["x"])).toThrow("Invalid metric name: x");
  });

  it("is released by a job once a day at its time; right after another release that is no fault", async () => {
    const { bed, clock } = await bedOf(15);
    const faults: unknown[] = [];
    const onFault = (fault: unknown) => faults.push(fault);
    const jobs = [createReleaseJob(bed.community, 210)];
    const schedule = await createSchedule({ jobs, clock, store: bed.store, onFault });
    const stop = new AbortController();
    const living = schedule.live(stop.signal);
    const releasedAtMs = () => bed.community.averages(MODEL, []).releasedAtMs;
    await clock.advance(3 * HOUR_MS);
    expect(releasedAtMs()).toBe(0);
    await clock.advance(HOUR_MS);
    expect(releasedAtMs()).toBe(START_MS + 210 * 60_000);
    await clock.advance(DAY_MS);
    expect(releasedAtMs()).toBe(START_MS + DAY_MS + 210 * 60_000);
    await clock.advance(21 * HOUR_MS);
    await bed.community.release();
    const asked = releasedAtMs();
    await clock.advance(4 * HOUR_MS);
    expect(releasedAtMs()).toBe(asked);
    stop.abort();
    await living;
    expect(faults).toEqual([]);
    expect(schedule.states()[0]?.runs.at(-1)?.detail).toContain("skipped");
  });
});
