/** How long one installation of many takes to erase from the embedded store, its bytes included. */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSystemClock } from "../backend/host/system-clock.js";
import type { Delivery } from "../backend/ingest/ingest.js";
import { openLevelSnapshotStore } from "../backend/store/level-snapshot-store.js";
import { filesHold, spellings } from "../test/support/file-bytes.js";
import { makeBatch, openBed, openDelivery } from "../test/support/pool-bed.js";
import { median } from "./harness.js";

const HOUR_MS = 3_600_000;
const ROWS = 60;
/** Hours that each has sent. */
const HOURS = 12;
/** Deliveries on their way at once. */
const AT_ONCE = 64;
const ERASED = 9;

/** Milliseconds, medians of several that are erased one after the other. */
export interface ErasureTime {
  /** By the wall: syncs and the machine's other work count. */
  readonly wall: number;
  readonly cpu: number;
}

export async function measureErasure(installations: number): Promise<ErasureTime> {
  const folder = mkdtempSync(join(tmpdir(), "heatpool-bench-"));
  const store = await openLevelSnapshotStore({ folder });
  try {
    await fill(store, installations);
    const [wall, cpu]: [number[], number[]] = [[], []];
    for (let k = 0; k < Math.min(ERASED, installations); k++) {
      const id = randomIdOf(Math.floor((k + 0.5) * (installations / ERASED)));
      const [from, used] = [performance.now(), process.cpuUsage()];
      const { blocks } = await store.erase(id);
      wall.push(performance.now() - from);
      const { user, system } = process.cpuUsage(used);
      cpu.push((user + system) / 1000);
      if (blocks !== HOURS) throw new Error(`${blocks} blocks of ${HOURS} were erased`);
      const left = spellings(id).filter((one) => filesHold(folder, one));
      if (left.length > 0) throw new Error(`bytes of ${id} are left`);
    }
    return { wall: median(wall), cpu: median(cpu) };
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
  const deliveries = new Map<number, Delivery>();
  const contribute = async (n: number, hour: number): Promise<void> => {
    const delivery = deliveries.get(n) ?? (await openDelivery(bed, randomIdOf(n)));
    deliveries.set(n, delivery);
    const rows = Array.from({ length: ROWS }, (_, row) => [n % 300, 300 + row, row * n]);
    await delivery.take(makeBatch(hour + 1, fromMs + hour * HOUR_MS, rows));
  };
  for (let hour = 0; hour < HOURS; hour++) {
    // The journal is cut every few minutes; the newest hour is more than it ever holds.
    await store.forgetJournal(store.committedThrough);
    for (let from = 0; from < installations; from += AT_ONCE) {
      const some = Math.min(AT_ONCE, installations - from);
      await Promise.all(Array.from({ length: some }, (_, k) => contribute(from + k, hour)));
    }
  }
  for (const delivery of deliveries.values()) delivery.close();
}

/** Spread as random ids are, and the same in each run. */
function randomIdOf(n: number): string {
  const hex = createHash("sha256").update(String(n)).digest("hex");
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join("-");
}
