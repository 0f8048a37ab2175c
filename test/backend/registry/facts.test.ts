/** What owners and operators are told about contributions must be what was received. */
import { describe, expect, it } from "vitest";
import {
  decideEligibility,
  ELIGIBILITY_DEFAULTS,
} from "../../../backend/eligibility/decide-eligibility.js";
import { createFacts } from "../../../backend/registry/facts.js";
import { createMemorySnapshotStore } from "../../../backend/store/memory-snapshot-store.js";
import { createFakeClock } from "../../support/fake-clock.js";
import { installationId, MODEL, makeBatch, openBed, openDelivery } from "../../support/pool-bed.js";

const START_MS = Date.UTC(2026, 10, 10, 23);
const DAY_MS = 86_400_000;

async function start() {
  const clock = createFakeClock(START_MS);
  const bed = await openBed(createMemorySnapshotStore(), clock);
  const facts = createFacts({
    ...bed,
    nowMs: () => clock.nowMs(),
    startedAtMs: START_MS,
    decide: decideEligibility,
    windowDays: ELIGIBILITY_DEFAULTS.windowDays,
  });
  for (const n of [3, 1, 2]) {
    const delivery = await openDelivery(bed, installationId(n));
    if (n !== 2) await delivery.take(makeBatch(1, START_MS - 120_000, [[1, 300, 5]]));
  }
  return { bed, clock, facts };
}

describe("facts", () => {
  it("say who may have models, to the end of the thirtieth day", async () => {
    const { clock, facts } = await start();
    const codeOf = (n: number) => facts.eligibility(installationId(n), "").code;
    expect([1, 2, 9].map(codeOf)).toEqual([
      "CONTRIBUTING",
      "NEVER_CONTRIBUTED",
      "UNKNOWN_INSTALLATION",
    ]);
    await clock.advance(30 * DAY_MS);
    expect(codeOf(1)).toBe("CONTRIBUTING");
    await clock.advance(1);
    expect(codeOf(1)).toBe("TOO_LONG_AGO");
  });

  it("say what is missing, for the pool and for one heat pump model", async () => {
    const { facts } = await start();
    const missing = (model: string) => facts.eligibility(installationId(1), model);
    expect(missing("")).toMatchObject({ installationsMissing: 3, readingsMissing: 9_994 });
    expect(missing(MODEL)).toMatchObject({ installationsMissing: 3, readingsMissing: 9_994 });
    expect(missing("other/model")).toMatchObject({ installationsMissing: 5 });
  });

  it("list installations by id, a page at a time", async () => {
    const { facts } = await start();
    const first = facts.installations("", 2);
    expect(first.map((one) => one.installationId)).toEqual([1, 2].map(installationId));
    const rest = facts.installations(installationId(2), 2);
    expect(rest.map((one) => one.installationId)).toEqual([installationId(3)]);
    expect(rest).toMatchObject([
      { snapshotsStored: 1, readingsStored: 3, heatpumpModels: [MODEL] },
    ]);
  });

  it("count the whole backend", async () => {
    const { clock, facts } = await start();
    await clock.advance(31 * DAY_MS);
    expect(await facts.totals()).toMatchObject({
      installations: 3,
      activeInstallations30d: 0,
      batchesStored: 2,
      snapshotsStored: 2,
      readingsStored: 6,
      statisticsReleasedAtMs: 0,
    });
  });

  it("give an erased installation's column to another only empty", async () => {
    const { bed } = await start();
    const columns = bed.registry.forget(installationId(1));
    for (const column of columns) bed.rollups.zero(column);
    expect(bed.registry.poolSize()).toEqual({ installations: 1, readings: 3 });
    expect([bed.registry.nextColumn()]).toEqual([...columns]);
    expect(bed.registry.nextColumn()).toBe(2);
  });
});
