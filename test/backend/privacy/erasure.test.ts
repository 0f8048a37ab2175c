/** Erased is erased: nothing in any file, nothing in any figure, and nothing that comes back late. */
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { saveRollups } from "../../../backend/aggregate/rollup-file.js";
import { createErasure } from "../../../backend/privacy/erasure.js";
import { openTombstones } from "../../../backend/privacy/tombstones.js";
import { openLevelSnapshotStore } from "../../../backend/store/level-snapshot-store.js";
import { createChance } from "../../support/chance.js";
import { createFakeClock } from "../../support/fake-clock.js";
import { filesHold, spellings } from "../../support/file-bytes.js";
import { temporaryFolder } from "../../support/folder.js";
import { installationId, makeBatch, openBed, openDelivery } from "../../support/pool-bed.js";

const START_MS = Date.UTC(2026, 10, 1, 12);
const GONE = installationId(70_007);
const STAYS = installationId(70_008);
const nothingOpen = () => Promise.resolve();

async function start(folder = temporaryFolder()) {
  const clock = createFakeClock(START_MS);
  const store = await openLevelSnapshotStore({ folder: join(folder, "store") });
  const tombstones = openTombstones(join(folder, "tombstones"), createChance(5));
  const file = join(folder, "rollups");
  const bed = await openBed(store, clock, { file, ingest: { isErased: tombstones.has } });
  const erasure = createErasure({
    ...bed,
    tombstones,
    keepOut: bed.ingest.keepOut,
    saveRollups: () => saveRollups(file, bed.rollups.state),
    nowMs: clock.nowMs,
  });
  return { folder, clock, bed, file, erasure };
}

/** Two installations with all that can be kept of one: batches, a refused one, a loss. */
async function fill({ bed }: Awaited<ReturnType<typeof start>>) {
  const rows = (k: number) => Array.from({ length: 50 }, (_, row) => [row, 300 + k, 120]);
  for (const id of [STAYS, GONE]) {
    const delivery = await openDelivery(bed, id);
    for (let k = 1; k <= 20; k++) {
      await delivery.take(makeBatch(k, START_MS - (21 - k) * 3_600_000, rows(k), { codec: 0 }));
    }
    await delivery.take({ ...makeBatch(21, START_MS - 600_000, rows(0)), check: 1 });
    await delivery.takeLosses([
      {
        number: 1,
        reason: "evicted-limit",
        deviceId: "heatpump",
        fromMs: 1,
        toMs: 2,
        snapshots: 9,
        batches: undefined,
      },
    ]);
    delivery.close();
  }
}

const traces = (folder: string, id: string) =>
  spellings(id).filter((one) => filesHold(folder, one));

describe("erasure", () => {
  it("leaves nothing in any file, and the others as they were", async () => {
    const home = await start();
    await fill(home);
    const { folder, bed, file, erasure } = home;
    await saveRollups(file, bed.rollups.state);
    expect(traces(folder, GONE)).not.toEqual([]);
    const [column = -1] = bed.registry.find(GONE)?.models.map((one) => one.column) ?? [];
    const meanOf = (one: number) => {
      const hours = { from: 0, to: Number.POSITIVE_INFINITY };
      return bed.rollups.means(0, Int32Array.of(one), hours)[0];
    };
    expect(meanOf(column)).not.toBeNaN();
    expect(await erasure.erase(GONE, nothingOpen)).toEqual({
      installationId: GONE,
      erasedAtMs: START_MS,
      batches: 20,
      refusedBatches: 1,
      losses: 1,
    });
    expect(traces(folder, GONE)).toEqual([]);
    expect(meanOf(column)).toBeNaN();
    expect(bed.registry.find(GONE)).toBeUndefined();
    expect(bed.registry.nextColumn()).toBe(column);
    expect(await bed.store.count()).toMatchObject({ blocks: 20, snapshots: 1_000 });
    await bed.store.close();
    expect(traces(folder, GONE)).toEqual([]);

    const again = await start(folder);
    expect(again.bed.rollups.state.appliedThrough).toBeGreaterThan(0);
    expect([...again.bed.rollups.means(0, Int32Array.of(column), { from: 0, to: 1e9 })]).toEqual([
      Number.NaN,
    ]);
    await again.bed.store.close();
  });

  it("refuses what comes late, also after a restart", async () => {
    const home = await start();
    await fill(home);
    await home.erasure.erase(GONE, nothingOpen);
    const refusal = { code: "PERMISSION_DENIED" };
    await expect(openDelivery(home.bed, GONE)).rejects.toMatchObject(refusal);
    expect((await openDelivery(home.bed, STAYS)).ackedThrough).toEqual([21]);
    await home.bed.store.close();
    const again = await start(home.folder);
    await expect(openDelivery(again.bed, GONE)).rejects.toMatchObject(refusal);
    // Whoever did not hear the answer is given the same receipt.
    expect(await again.erasure.erase(GONE, nothingOpen)).toMatchObject({
      erasedAtMs: START_MS,
      batches: 20,
      refusedBatches: 1,
      losses: 1,
    });
    await again.bed.store.close();
  });

  it("lets nothing of an open stream in once it began", async () => {
    const home = await start();
    await fill(home);
    const delivery = await openDelivery(home.bed, GONE);
    const batch = (k: number) => makeBatch(k, START_MS - 120_000, [[1, 2, 3]]);
    const onItsWay = delivery.take(batch(22)).catch((cause: unknown) => cause);
    let closed = 0;
    const erased = home.erasure.erase(GONE, async () => {
      closed++;
    });
    await Promise.all([erased, onItsWay]);
    expect(closed).toBe(1);
    await expect(delivery.take(batch(23))).rejects.toMatchObject({ code: "STORE_FAILED" });
    expect(traces(home.folder, GONE)).toEqual([]);
    expect(home.bed.registry.find(GONE)).toBeUndefined();
    await home.bed.store.close();
  });

  it("goes on after an end in the middle, and cleans a restored store", async () => {
    const home = await start();
    await fill(home);
    const backup = temporaryFolder();
    await home.bed.store.close();
    cpSync(join(home.folder, "store"), join(backup, "store"), { recursive: true });
    const second = await start(home.folder);
    await second.erasure.erase(GONE, nothingOpen);
    await second.bed.store.close();
    rmSync(join(home.folder, "store"), { recursive: true });
    cpSync(join(backup, "store"), join(home.folder, "store"), { recursive: true });
    const third = await start(home.folder);
    expect(third.bed.registry.find(GONE)).toBeDefined();
    expect(await third.erasure.resume()).toBe(1);
    expect(traces(home.folder, GONE)).toEqual([]);
    expect(await third.erasure.resume()).toBe(0);
    await third.bed.store.close();
  });

  it("knows nothing of an id that never was here", async () => {
    const home = await start();
    const nobody = home.erasure.erase(installationId(9), nothingOpen);
    await expect(nobody).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect((await openDelivery(home.bed, installationId(9))).ackedThrough).toEqual([0]);
    await home.bed.store.close();
  });
});
