/** A number taken back stands for one thing for ever, so that its rows may come under other ones. */
import { describe, expect, it } from "vitest";
import {
  createMemorySnapshotStore,
  createShelf,
} from "../../../backend/store/memory-snapshot-store.js";
import type { SnapshotStore } from "../../../backend/store/snapshot-store.js";
import { createFakeClock } from "../../support/fake-clock.js";
import {
  installationId,
  makeBatch,
  openBed,
  openDelivery,
  STEP_MS,
} from "../../support/pool-bed.js";

const START_MS = Date.UTC(2026, 10, 1);
const ID = installationId(1);

async function start(store: SnapshotStore = createMemorySnapshotStore()) {
  const bed = await openBed(store, createFakeClock(START_MS));
  return { bed, delivery: await openDelivery(bed, ID) };
}

const batchOf = (sequence: number, flow = 350) =>
  makeBatch(sequence, START_MS - 3 * STEP_MS, [
    [50, flow, 120],
    [51, flow, 120],
  ]);

describe("a number that is taken back", () => {
  it("is passed over, and stays void over a restart, however often it is asked", async () => {
    const shelf = createShelf();
    const { delivery } = await start(createMemorySnapshotStore(shelf));
    await delivery.take(batchOf(1));
    const second = { epoch: 0, sequence: 2, check: batchOf(2).check };
    expect(await delivery.takeBack(second)).toBe("voided");
    expect(delivery.ackedThrough).toEqual([2]);
    const again = await start(createMemorySnapshotStore(shelf));
    expect(await again.delivery.takeBack(second)).toBe("voided");
    expect(again.delivery.ackedThrough).toEqual([2]);
    expect(await again.delivery.take(batchOf(3))).toMatchObject({ admitted: 2 });
  });

  it("that was decided is told, and nothing changes, also after a restart", async () => {
    const shelf = createShelf();
    const { delivery } = await start(createMemorySnapshotStore(shelf));
    const taken = delivery.take(batchOf(1));
    const first = { epoch: 0, sequence: 1, check: batchOf(1).check };
    expect(await delivery.takeBack(first)).toBe("stored");
    expect(await taken).toMatchObject({ admitted: 2 });
    const again = await start(createMemorySnapshotStore(shelf));
    expect(await again.delivery.takeBack(first)).toBe("stored");
    expect(again.bed.store.totals()).toMatchObject({ snapshotsStored: 2 });
  });

  it("and stands for other content is told as forked", async () => {
    const { delivery } = await start();
    await delivery.take(batchOf(1));
    const other = { epoch: 0, sequence: 1, check: batchOf(1, 400).check };
    expect(await delivery.takeBack(other)).toBe("forked");
  });

  it("ahead of others voids itself only", async () => {
    const { delivery } = await start();
    expect(await delivery.takeBack({ epoch: 0, sequence: 2, check: 1 })).toBe("voided");
    expect(delivery.ackedThrough).toEqual([0]);
    await expect(delivery.take(batchOf(2))).rejects.toMatchObject({ code: "BATCH_GAP" });
    await delivery.take(batchOf(1));
    expect(delivery.ackedThrough).toEqual([2]);
  });

  it("has to be of a declared epoch, and a number", async () => {
    const { delivery } = await start();
    for (const of of [
      { epoch: 1, sequence: 1 },
      { epoch: 0, sequence: 0 },
    ]) {
      await expect(delivery.takeBack({ ...of, check: 0 })).rejects.toMatchObject({
        code: "INVALID_ARGUMENT",
      });
    }
  });
});
