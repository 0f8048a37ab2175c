/** How long one installation of many takes to erase from the embedded store, its bytes included. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSystemClock } from "../backend/host/system-clock.js";
import { openLevelSnapshotStore } from "../backend/store/level-snapshot-store.js";
import { makeBatch, openBed, openDelivery } from "../test/support/pool-bed.js";
import { idOf } from "./community-fleet.js";
import { median } from "./harness.js";

const HOUR_MS = 3_600_000;
const ROWS = 60;
/** Hours that each has sent. */
const HOURS = 12;
/** Deliveries on their way at once. */
const AT_ONCE = 64;
const ERASED = 9;

/** Wall time in milliseconds, median of several that are erased one after the other. */
export async function measureErasure(installations: number): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "heatpool-bench-"));
  const store = await openLevelSnapshotStore({ folder });
  try {
    await fill(store, installations);
    const took: number[] = [];
    for (let k = 0; k < Math.min(ERASED, installations); k++) {
      const id = idOf(Math.floor((k + 0.5) * (installations / ERASED)));
      const from = performance.now();
      const { blocks } = await store.erase(id);
      took.push(performance.now() - from);
      if (blocks !== HOURS) throw new Error(`${blocks} blocks of ${HOURS} were erased`);
      for await (const _ of store.blocks(id)) throw new Error("a block is left");
    }
    return median(took);
  } finally {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** As installations send: the real ingest, an hour a batch. */
async function fill(
  store: Awaited<ReturnType<typeof openLevelSnapshotStore>>,
  installations: number,
): Promise<void> {
  const bed = await openBed(store, createSystemClock());
  const fromMs = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - HOURS * HOUR_MS;
  const contribute = async (n: number): Promise<void> => {
    const delivery = await openDelivery(bed, idOf(n));
    for (let hour = 0; hour < HOURS; hour++) {
      const rows = Array.from({ length: ROWS }, (_, row) => [n % 300, 300 + row, row * n]);
      await delivery.take(makeBatch(hour + 1, fromMs + hour * HOUR_MS, rows));
    }
    delivery.close();
  };
  for (let from = 0; from < installations; from += AT_ONCE) {
    const some = Math.min(AT_ONCE, installations - from);
    await Promise.all(Array.from({ length: some }, (_, k) => contribute(from + k)));
  }
}
