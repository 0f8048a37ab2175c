/**
 * A backend's inner rooms in a process of their own, to be killed. Ingests a seeded stream of
 * batches, saves the rollups now and then, and says `acked <sequence>` after each ack.
 */
import { saveRollups } from "../../backend/aggregate/rollup-file.js";
import { openLevelSnapshotStore } from "../../backend/store/level-snapshot-store.js";
import { createRandom } from "./chance.js";
import { createFakeClock } from "./fake-clock.js";
import { installationId, makeBatch, openBed, openDelivery, STEP_MS } from "./pool-bed.js";

const [folder = "", file = ""] = process.argv.slice(2);
const startMs = Date.UTC(2026, 10, 1);
const store = await openLevelSnapshotStore({ folder });
const bed = await openBed(store, createFakeClock(startMs), { file });
const random = createRandom(7);
const deliveries = await Promise.all([1, 2, 3].map((n) => openDelivery(bed, installationId(n))));
for (let sequence = 1; sequence <= 5_000; sequence++) {
  const taken = deliveries.map((delivery) => {
    const hoursBack = 1 + Math.floor(random() * 60);
    const rows = Array.from({ length: 90 }, () => [
      Math.floor(random() * 300),
      random() < 0.1 ? undefined : Math.floor(random() * 500),
      random() < 0.001 ? 60_000 : Math.floor(random() * 900),
    ]);
    return delivery.take(makeBatch(sequence, startMs - hoursBack * 60 * STEP_MS, rows));
  });
  await Promise.all(taken);
  process.stdout.write(`acked ${sequence}\n`);
  if (sequence % 20 === 0) {
    await store.forgetJournal(await saveRollups(file, bed.rollups.state));
  }
}
