/** Owners were promised deletion after twelve months: it happens, in the files, and not too early. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  createRetentionJob,
  keptFromMs,
  type RetentionRun,
  slicesOf,
} from "../../../backend/privacy/retention.js";
import { createSchedule } from "../../../backend/schedule/create-schedule.js";
import { openLevelSnapshotStore } from "../../../backend/store/level-snapshot-store.js";
import { createMemorySnapshotStore } from "../../../backend/store/memory-snapshot-store.js";
import type { SnapshotStore } from "../../../backend/store/snapshot-store.js";
import { collect } from "../../contract/snapshot-store-contract.js";
import { createFakeClock } from "../../support/fake-clock.js";
import { filesHold } from "../../support/file-bytes.js";
import { temporaryFolder } from "../../support/folder.js";
import {
  installationId,
  introduce,
  makeBatch,
  openBed,
  openDelivery,
} from "../../support/pool-bed.js";

const DAY_MS = 86_400_000;
const START_MS = Date.UTC(2026, 10, 1, 12);

async function start(store: SnapshotStore = createMemorySnapshotStore(), rawMonths = 12) {
  const clock = createFakeClock(START_MS);
  const keep = (nowMs: number) => keptFromMs(nowMs, rawMonths);
  const bed = await openBed(store, clock, { ingest: { keptFromMs: keep } });
  const runs: RetentionRun[] = [];
  const faults: unknown[] = [];
  const stop = new AbortController();
  const begin = async () => {
    const deps = {
      ...bed,
      clock,
      rawMonths,
      isDelivering: bed.ingest.isDelivering,
      onRun: (run: RetentionRun) => runs.push(run),
    };
    const jobs = [createRetentionJob(deps)];
    const onFault = (fault: unknown) => faults.push(fault);
    const schedule = await createSchedule({ jobs, clock, store, onFault });
    const running = schedule.live(stop.signal);
    while (runs.length + faults.length === 0 && clock.isSynced()) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    return async () => {
      stop.abort();
      await running;
    };
  };
  return { clock, bed, runs, faults, begin };
}

describe("retention", () => {
  it("keeps whole months, also of months that are shorter", () => {
    const from = (now: number, months: number) => new Date(keptFromMs(now, months)).toISOString();
    expect(from(START_MS, 12)).toBe("2025-11-01T00:00:00.000Z");
    expect(from(Date.UTC(2028, 1, 29), 12)).toBe("2027-02-28T00:00:00.000Z");
    expect(from(Date.UTC(2026, 2, 31), 1)).toBe("2026-02-28T00:00:00.000Z");
    expect(from(Date.UTC(2026, 0, 5), 120)).toBe("2016-01-05T00:00:00.000Z");
  });

  it("rewrites a small store in a night, and every part of a large one within sixteen", () => {
    expect(slicesOf(0, 20_000)).toEqual([{ index: 0, of: 1 }]);
    expect(slicesOf(2 ** 29, 20_000)).toHaveLength(32);
    const large = Array.from({ length: 16 }, (_, night) => slicesOf(100 * 2 ** 30, 20_000 + night));
    const indexes = large.flat().map((one) => one.index);
    expect(new Set(indexes).size).toBe(4_096);
    expect(indexes).toHaveLength(4_096);
  });

  it("catches up at a start, then deletes a day each night, in the files too", async () => {
    const folder = join(temporaryFolder(), "store");
    mkdirSync(folder);
    const store = await openLevelSnapshotStore({ folder });
    // Written while more was kept.
    const { bed } = await start(store, 14);
    const delivery = await openDelivery(bed, installationId(1));
    const days = [380, 366, 365, 364, 30];
    for (const [k, day] of days.entries()) {
      const row = [day % 300, 350, 120];
      const batch = makeBatch(k + 1, START_MS - day * DAY_MS, [row, row], { codec: 0 });
      await delivery.take(batch);
    }
    const blocks = (await collect(store.blocks())).map(({ batch }) => Buffer.from(batch.block));
    const inFiles = () => blocks.map((block) => filesHold(folder, block));
    expect(inFiles()).toEqual([true, true, true, true, true]);
    delivery.close();
    await bed.store.close();

    const again = await start(await openLevelSnapshotStore({ folder }));
    const end = await again.begin();
    expect(again.runs).toMatchObject([{ ranAtMs: START_MS, blocks: 2, inactive: 0 }]);
    expect(inFiles()).toEqual([false, false, true, true, true]);
    expect(await again.bed.store.count()).toMatchObject({ blocks: 3, snapshots: 6 });

    await again.clock.advance(10 * 3_600_000);
    expect(again.runs).toHaveLength(1);
    while (again.runs.length < 2) await again.clock.advance(3_600_000);
    expect(again.runs[1]).toMatchObject({ blocks: 1 });
    expect(again.runs[1]?.ranAtMs).toBeLessThan(Date.UTC(2026, 10, 2, 4));
    expect(inFiles()).toEqual([false, false, false, true, true]);
    expect(again.bed.store.totals().snapshotsStored).toBe(10);
    await end();
    await again.bed.store.close();
  });

  it("takes nothing in that it would delete at once", async () => {
    const { bed } = await start(undefined, 1);
    const delivery = await openDelivery(bed, installationId(1));
    const old = makeBatch(1, Date.UTC(2026, 9, 1) - 60_000, [
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(await delivery.take(old)).toMatchObject({
      admitted: 1,
      outcomes: [{ reason: "TIME_TOO_OLD", snapshots: 1 }],
    });
    // What was refused for its age is not kept as refused either.
    expect(await collect(bed.store.deadLetters())).toHaveLength(1);
    await bed.store.forgetBefore(keptFromMs(START_MS, 1));
    expect(await collect(bed.store.deadLetters())).toHaveLength(0);
  });

  it("deletes nothing by a clock that may be wrong", async () => {
    const { clock, bed, runs, begin } = await start();
    const delivery = await openDelivery(bed, installationId(1));
    await delivery.take(makeBatch(1, START_MS - DAY_MS, [[1, 2, 3]]));
    clock.setSynced(false);
    clock.stepWall(START_MS + 5 * 365 * DAY_MS);
    const end = await begin();
    await clock.advance(3 * DAY_MS);
    expect(runs).toEqual([]);
    expect(await bed.store.count()).toMatchObject({ blocks: 1 });
    clock.stepWall(START_MS + 3 * DAY_MS);
    clock.setSynced(true);
    await clock.advance(10 * 60_000);
    expect(runs).toMatchObject([{ blocks: 0 }]);
    await end();
  });

  it("tells a run that failed, and tries again before the night is over", async () => {
    const inner = createMemorySnapshotStore();
    let failures = 1;
    const store: SnapshotStore = {
      ...inner,
      compact: async () => {
        if (failures-- > 0) throw new Error("disk full");
      },
    };
    const { clock, runs, faults, begin } = await start(store);
    const end = await begin();
    expect([runs.length, faults.length]).toEqual([0, 1]);
    await clock.advance(10 * 60_000);
    expect([runs.length, faults.length]).toEqual([1, 1]);
    await end();
  });

  it("forgets who was active when, after 90 days without contact", async () => {
    const { clock, bed, runs, begin } = await start();
    const [silent, quiet, busy] = [1, 2, 3].map(installationId) as [string, string, string];
    (await openDelivery(bed, silent)).close();
    for (const id of [silent, quiet]) {
      const delivery = await openDelivery(bed, id);
      await delivery.take(makeBatch(1, clock.nowMs() - 120_000, [[1, 2, 3]]));
      delivery.close();
      await clock.advance(DAY_MS);
    }
    // Connected, though it has nothing to send.
    const delivery = await bed.ingest.open(introduce(busy));
    await delivery.take(makeBatch(1, clock.nowMs() - 120_000, [[1, 2, 3]]));
    await clock.advance(89 * DAY_MS);
    const end = await begin();
    expect(runs).toMatchObject([{ inactive: 1 }]);
    expect(await bed.store.installation(silent)).toMatchObject({
      lastReceivedAtMs: 0,
      received: { lastDay: -1 },
      withData: { lastDay: -1 },
      snapshotsStored: 1,
      consentVersion: 1,
    });
    expect(bed.registry.find(silent)?.lastReceivedAtMs).toBe(0);
    expect(bed.registry.find(quiet)?.lastReceivedAtMs).toBeGreaterThan(0);
    while (runs.length < 4) await clock.advance(6 * 3_600_000);
    expect(runs.map((run) => run.inactive)).toEqual([1, 1, 0, 0]);
    expect(bed.registry.find(busy)?.lastReceivedAtMs).toBeGreaterThan(0);
    expect(await bed.store.count()).toMatchObject({ blocks: 3 });
    const back = await openDelivery(bed, silent);
    expect(back.ackedThrough).toEqual([1]);
    await end();
  });
});
