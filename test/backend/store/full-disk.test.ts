/**
 * A disk that fills up and empties again: nothing is acknowledged that is not stored, what was
 * stored stays readable, and the same process goes on when there is room.
 */
import { spawnSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Delivery } from "../../../backend/ingest/ingest.js";
import { openLevelSnapshotStore } from "../../../backend/store/level-snapshot-store.js";
import { createRandom } from "../../support/chance.js";
import { createFakeClock } from "../../support/fake-clock.js";
import { temporaryFolder } from "../../support/folder.js";
import { EPOCH, installationId, makeBatch, openBed, openDelivery } from "../../support/pool-bed.js";

const MIB = 2 ** 20;
const START_MS = Date.UTC(2026, 10, 1);
const ROWS = 2_000;
const IDS = [1, 2, 3].map(installationId);

/** Leaves not one block free. */
function fill(path: string): void {
  for (const size of [MIB, 64 * 1024, 4096]) {
    try {
      for (;;) writeFileSync(path, Buffer.alloc(size, 1), { flag: "a" });
    } catch {
      // Full for blocks of this size.
    }
  }
}

describe("a full disk under the store", () => {
  const mount = temporaryFolder();
  const isMounted =
    spawnSync("mount", ["-t", "tmpfs", "-o", "size=24m", "tmpfs", mount], { stdio: "ignore" })
      .status === 0;
  afterAll(() => {
    if (isMounted) spawnSync("umount", [mount]);
  });

  it.skipIf(!isMounted)(
    "acks nothing that is not stored, and takes it when there is room (needs root for a tmpfs)",
    async () => {
      const folder = join(mount, "store");
      const ballast = join(mount, "ballast");
      const random = createRandom(11);
      const noise = () => Math.floor(random() * 400);
      const store = await openLevelSnapshotStore({ folder });
      const bed = await openBed(store, createFakeClock(START_MS));
      const acked = new Map(IDS.map((id) => [id, 0]));
      let refused = 0;
      /** Sends each installation's next batches until one is refused; then connects anew. */
      const send = async (batches: number): Promise<void> => {
        await Promise.all(
          IDS.map(async (id) => {
            let delivery: Delivery | undefined;
            try {
              delivery = await openDelivery(bed, id);
              const last = (acked.get(id) ?? 0) + batches;
              for (let next = (acked.get(id) ?? 0) + 1; next <= last; next++) {
                const rows = Array.from({ length: ROWS }, () => [noise(), noise(), noise()]);
                await delivery.take(makeBatch(next, START_MS - ROWS * 60_000, rows));
                acked.set(id, next);
              }
            } catch (cause) {
              expect(cause).toMatchObject({ code: "STORE_FAILED" });
              refused++;
            } finally {
              delivery?.close();
            }
          }),
        );
      };
      const check = async (): Promise<void> => {
        const blocks = [...acked.values()].reduce((sum, one) => sum + one, 0);
        expect(await store.count()).toMatchObject({ blocks, snapshots: blocks * ROWS });
        expect(store.totals().batchesStored).toBe(blocks);
        for (const [id, through] of acked) {
          expect((await store.epoch(id, EPOCH))?.ackedThrough ?? 0).toBe(through);
          expect(bed.registry.find(id)?.snapshotsStored ?? 0).toBe(through * ROWS);
        }
      };
      await send(5);
      for (let round = 1; round <= 3; round++) {
        const before = refused;
        fill(ballast);
        // What the log file still has room for is taken, then nothing.
        for (let tries = 0; tries < 20; tries++) await send(3);
        expect(refused).toBeGreaterThan(before + IDS.length);
        const probe = () => store.putRecord("probe", new Uint8Array(64 * 1024));
        await expect(probe()).rejects.toThrow();
        rmSync(ballast);
        await probe();
        await send(4);
        await check();
      }
      await store.close();
      const again = await openLevelSnapshotStore({ folder });
      const blocks = [...acked.values()].reduce((sum, one) => sum + one, 0);
      expect(await again.count()).toMatchObject({ blocks });
      await again.close();
    },
    60_000,
  );
});
