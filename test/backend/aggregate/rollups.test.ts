/** Rollups must hold each durable reading exactly once, whatever happens to the process. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { COMMUNITY_METRICS } from "../../../backend/aggregate/community-metrics.js";
import { runRollupSnapshots } from "../../../backend/aggregate/keep-rollups.js";
import {
  decodeRollups,
  encodeRollups,
  loadRollups,
  saveRollups,
} from "../../../backend/aggregate/rollup-file.js";
import { createRollups, RING_HOURS, type Rollups } from "../../../backend/aggregate/rollups.js";
import { openLevelSnapshotStore } from "../../../backend/store/level-snapshot-store.js";
import {
  createMemorySnapshotStore,
  createShelf,
} from "../../../backend/store/memory-snapshot-store.js";
import { collect } from "../../contract/snapshot-store-contract.js";
import { createFakeClock } from "../../support/fake-clock.js";
import { temporaryFolder } from "../../support/folder.js";
import {
  installationId,
  makeBatch,
  openBed,
  openDelivery,
  STEP_MS,
} from "../../support/pool-bed.js";

const START_MS = Date.UTC(2026, 10, 1);
const HOUR = START_MS / 3_600_000;
const FLOW = COMMUNITY_METRICS.indexOf("temp_flow");

/** count, sum, min, max of each metric, hour and column: what two rollups are compared by. */
function contents(rollups: Rollups, columns: number): Record<string, readonly number[]> {
  const { state } = rollups;
  const found: Record<string, readonly number[]> = {};
  for (const [metric, { count, sum, min, max }] of state.arrays.entries()) {
    for (const [place, hour] of state.ringHours.entries()) {
      for (let column = 0; column < columns; column++) {
        const k = column * RING_HOURS + place;
        if ((count[k] ?? 0) === 0) continue;
        // The order of additions moves the last digits of a sum.
        const rounded = Math.round((sum[k] ?? 0) * 1e6) / 1e6;
        const [low, high] = [min[k] ?? 0, max[k] ?? 0];
        found[`${metric}/${hour}/${column}`] = [count[k] ?? 0, rounded, low, high];
      }
    }
  }
  return found;
}

describe("rollups", () => {
  it("cut a batch into its hours and leave absent cells out", async () => {
    const bed = await openBed(createMemorySnapshotStore(), createFakeClock(START_MS));
    const delivery = await openDelivery(bed, installationId(1));
    const rows = [
      [10, 300, 0],
      [20, undefined, 0],
      [30, 320, 0],
      [40, 350, 0],
    ];
    await delivery.take(makeBatch(1, START_MS - 3 * STEP_MS, rows));
    expect(contents(bed.rollups, 1)).toMatchObject({
      [`0/${HOUR - 1}/0`]: [3, 6, 1, 3],
      [`0/${HOUR}/0`]: [1, 4, 4, 4],
      [`${FLOW}/${HOUR - 1}/0`]: [2, 62, 30, 32],
      [`${FLOW}/${HOUR}/0`]: [1, 35, 35, 35],
    });
  });

  it("hold a repeated batch once", async () => {
    const bed = await openBed(createMemorySnapshotStore(), createFakeClock(START_MS));
    const delivery = await openDelivery(bed, installationId(1));
    const batch = makeBatch(1, START_MS - STEP_MS, [[10, 300, 0]]);
    await delivery.take(batch);
    const once_ = contents(bed.rollups, 1);
    await delivery.take(batch);
    expect(contents(bed.rollups, 1)).toEqual(once_);
  });

  it("forget an hour when its place is taken, and ignore what is older than the ring", () => {
    const rollups = createRollups(["temp_flow"]);
    const part = (hour: number, value: number) => Float64Array.of(0, hour, 1, value, value, value);
    rollups.apply(0, part(1_000, 5), 1);
    rollups.apply(0, part(1_047, 6), 2);
    expect(rollups.means(0, Int32Array.of(0), { from: 1_000, to: 1_048 })[0]).toBe(5.5);
    rollups.apply(0, part(1_048, 7), 3);
    rollups.apply(0, part(1_000, 99), 4);
    expect(rollups.means(0, Int32Array.of(0), { from: 0, to: 2_000 })[0]).toBe(6.5);
  });

  it("take late rows into their hour while it is in the ring", () => {
    const rollups = createRollups(["temp_flow"]);
    rollups.apply(3, Float64Array.of(0, 1_047, 1, 4, 4, 4), 1);
    rollups.apply(3, Float64Array.of(0, 1_001, 2, 4, 1, 3), 2);
    expect(rollups.means(0, Int32Array.of(3), { from: 1_001, to: 1_002 })[0]).toBe(2);
  });

  it("keep everybody's figures when the fleet outgrows the arrays", () => {
    const rollups = createRollups(["temp_flow"]);
    for (let column = 0; column < 300; column++) {
      rollups.apply(
        column,
        Float64Array.of(0, 1_000 + (column % 40), 1, column, column, column),
        1,
      );
    }
    const columns = Int32Array.from({ length: 300 }, (_, column) => column);
    expect([...rollups.means(0, columns, { from: 900, to: 1_100 })]).toEqual([...columns]);
    rollups.zero(7);
    expect(rollups.means(0, Int32Array.of(7), { from: 900, to: 1_100 })[0]).toBeNaN();
  });

  it("come back from their file as they were, and not at all from a changed one", async () => {
    const path = join(temporaryFolder(), "rollups.bin");
    const rollups = createRollups(["temp_flow", "temp_return"]);
    rollups.apply(2, Float64Array.of(1, 1_000, 3, 9.5, 2.5, 4), 17);
    await saveRollups(path, rollups.state);
    const state = await loadRollups(path, rollups.state.metrics);
    expect(state?.appliedThrough).toBe(17);
    const loaded = createRollups(rollups.state.metrics, state);
    expect(contents(loaded, 3)).toEqual(contents(rollups, 3));
    loaded.apply(500, Float64Array.of(1, 1_001, 1, 1, 1, 1), 18);
    expect(loaded.means(1, Int32Array.of(2), { from: 1_000, to: 1_001 })[0]).toBeCloseTo(
      9.5 / 3,
      9,
    );
    const bytes = Buffer.concat(encodeRollups(rollups.state));
    expect(decodeRollups(bytes, ["temp_flow", "temp_outdoor"])).toBeUndefined();
    bytes.writeUInt8(bytes.readUInt8(200) ^ 1, 200);
    writeFileSync(path, bytes);
    expect(await loadRollups(path, rollups.state.metrics)).toBeUndefined();
    expect(await loadRollups(`${path}.none`, rollups.state.metrics)).toBeUndefined();
  });

  it("are built from the blocks where there is no file", async () => {
    const shelf = createShelf();
    const clock = createFakeClock(START_MS);
    const bed = await openBed(createMemorySnapshotStore(shelf), clock);
    for (const n of [1, 2]) {
      const delivery = await openDelivery(bed, installationId(n));
      await delivery.take(makeBatch(1, START_MS - 200 * STEP_MS, Array(150).fill([n, 300 + n, n])));
    }
    const again = await openBed(createMemorySnapshotStore(shelf), clock);
    expect(contents(again.rollups, 2)).toEqual(contents(bed.rollups, 2));
    expect(Object.keys(contents(again.rollups, 2)).length).toBeGreaterThan(10);
  });

  it("are saved every ten minutes and at the end, and the journal is cut to match", async () => {
    const file = join(temporaryFolder(), "rollups.bin");
    const clock = createFakeClock(START_MS);
    const bed = await openBed(createMemorySnapshotStore(), clock, { file });
    const delivery = await openDelivery(bed, installationId(1));
    const stop = new AbortController();
    const running = runRollupSnapshots({ ...bed, file, clock }, stop.signal);
    await delivery.take(makeBatch(1, START_MS - STEP_MS, [[1, 300, 5]]));
    const saved = async () => (await loadRollups(file, COMMUNITY_METRICS))?.appliedThrough;
    expect(await saved()).toBeUndefined();
    await clock.advance(10 * 60_000);
    await vi.waitFor(async () => expect(await saved()).toBe(bed.store.committedThrough));
    await vi.waitFor(async () => expect(await collect(bed.store.blocksAfter(0))).toEqual([]));
    await delivery.take(makeBatch(2, START_MS - STEP_MS, [[2, 300, 5]]));
    stop.abort();
    await running;
    expect(await saved()).toBe(bed.store.committedThrough);
  });

  it.each([25, 61, 90])(
    "equal the blocks after a SIGKILL past batch %i",
    async (batches) => {
      const folder = temporaryFolder();
      const [storeFolder, file] = [join(folder, "store"), join(folder, "rollups.bin")];
      const acked = await ingestUntilKilled(storeFolder, file, batches);
      const store = await openLevelSnapshotStore({ folder: storeFolder });
      const clock = createFakeClock(START_MS);
      const kept = await openBed(store, clock, { file });
      const rebuilt = await openBed(store, clock);
      expect(await loadRollups(file, COMMUNITY_METRICS)).toBeDefined();
      expect(contents(kept.rollups, 3)).toEqual(contents(rebuilt.rollups, 3));
      for (const n of [1, 2, 3]) {
        const { ackedThrough } = await openDelivery(kept, installationId(n));
        expect(ackedThrough[0]).toBeGreaterThanOrEqual(acked);
      }
      const counted = await store.count();
      expect(counted.snapshots).toBe(store.totals().snapshotsStored);
      expect(counted.snapshots).toBe(
        kept.registry.list("", 9, START_MS).reduce((sum, one) => sum + one.snapshotsStored, 0),
      );
      await store.close();
    },
    30_000,
  );
});

/** Runs the child until it has acked that many batches, then kills it. Resolves with what it acked. */
async function ingestUntilKilled(folder: string, file: string, batches: number): Promise<number> {
  const root = new URL("../../..", import.meta.url);
  const args = ["--conditions=source", "--import", "tsx", "test/support/ingest-child.ts"];
  const child = spawn(process.execPath, [...args, folder, file], {
    cwd: root,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const gone = once(child, "exit");
  let acked = 0;
  let rest = "";
  child.stdout.setEncoding("utf8");
  for await (const text of child.stdout) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) acked = Number(line.split(" ")[1]);
    if (acked >= batches) child.kill("SIGKILL");
  }
  await gone;
  return acked;
}
