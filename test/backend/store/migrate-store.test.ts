/** Moving a store: ended anywhere, it goes on; nothing is lost, nothing doubled, nothing served early. */
import { describe, expect, it } from "vitest";
import {
  createMemorySnapshotStore,
  createShelf,
} from "../../../backend/store/memory-snapshot-store.js";
import { demandFinished, migrateStore } from "../../../backend/store/migrate-store.js";
import type { SnapshotStore } from "../../../backend/store/snapshot-store.js";
import {
  collect,
  makeCommit,
  makeDeadLetter,
  makeState,
} from "../../contract/snapshot-store-contract.js";
import { isPeerMissing } from "../../support/peer.js";
import { EPOCH, installationId } from "../../support/pool-bed.js";
import { withPostgres } from "../../support/postgres-bed.js";

const FLEET = 6;
const BATCHES = 4;

async function fullStore(): Promise<SnapshotStore> {
  const store = createMemorySnapshotStore();
  for (let n = 1; n <= FLEET; n++) {
    const id = installationId(n);
    for (let k = 1; k <= BATCHES; k++) await store.put(makeCommit(id, k));
    const loss = {
      number: 1,
      reason: "evicted-limit",
      deviceId: undefined,
      fromMs: 1,
      toMs: 2,
      snapshots: 9,
      batches: { epochId: EPOCH, sequenceFrom: 9, sequenceTo: 9 },
    };
    const deadLetter = makeDeadLetter(id);
    const counts = { snapshotsRejected: 2, snapshotsReportedLost: 9 };
    await store.put({ installation: makeState(id, BATCHES), losses: [loss], deadLetter, counts });
  }
  await store.putRecord("community/release", Uint8Array.of(1, 2));
  await store.putRecord("series/through", Uint8Array.of(3));
  return store;
}

/** A store whose n-th put fails, as when the program is killed there. */
function failingAt(store: SnapshotStore, place: number): SnapshotStore {
  let puts = 0;
  return Object.create(store, {
    put: {
      value: (commit: Parameters<SnapshotStore["put"]>[0]) =>
        ++puts > place ? Promise.reject(new Error("killed")) : store.put(commit),
    },
  }) as SnapshotStore;
}

async function expectSame(to: SnapshotStore, from: SnapshotStore): Promise<void> {
  expect(await collect(to.installations())).toEqual(await collect(from.installations()));
  const names = async (store: SnapshotStore) =>
    new Set((await collect(store.blocks())).map((one) => `${one.installationId}/${one.sequence}`));
  expect(await names(to)).toEqual(await names(from));
  expect(to.totals()).toEqual(from.totals());
  for await (const { installationId: id } of from.installations()) {
    expect(await to.epoch(id, EPOCH)).toEqual(await from.epoch(id, EPOCH));
    expect(await to.digest(id, EPOCH, BATCHES)).toEqual(
      Buffer.from((await from.digest(id, EPOCH, BATCHES)) ?? []),
    );
    expect(await collect(to.losses(id))).toEqual(await collect(from.losses(id)));
  }
  expect(await collect(to.deadLetters())).toHaveLength(FLEET);
  expect(await to.record("community/release")).toEqual(Buffer.of(1, 2));
  expect(await to.record("series/through")).toBeUndefined();
  expect(await to.recordNames("migration/")).toEqual([]);
}

describe.skipIf(isPeerMissing("postgresql"))("migration to a real PostgreSQL", () => {
  const bed = withPostgres();

  it("copies everything, and counts before and after", async () => {
    const from = await fullStore();
    const to = await bed.openStore(await bed.newUrl());
    const report = await migrateStore({ from, to });
    expect(report.before).toEqual(report.after);
    expect(report.after).toEqual({
      installations: FLEET,
      blocks: FLEET * BATCHES,
      snapshots: 2 * FLEET * BATCHES,
      readings: 6 * FLEET * BATCHES,
      losses: FLEET,
      deadLetters: FLEET,
      days: 0,
    });
    await expectSame(to, from);
    await expect(migrateStore({ from, to })).rejects.toMatchObject({ code: "STATE_INVALID" });
  });

  it.each([0, 13, 52])("goes on after it was ended at write %i", async (place) => {
    const from = await fullStore();
    const to = await bed.openStore(await bed.newUrl());
    await expect(migrateStore({ from, to: failingAt(to, place) })).rejects.toThrow("killed");
    await expect(demandFinished(to)).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    const report = await migrateStore({ from, to });
    expect(report.before).toEqual(report.after);
    await demandFinished(to);
    await expectSame(to, from);
  });
});

it("does not mix two backends", async () => {
  const from = await fullStore();
  const to = createMemorySnapshotStore(createShelf());
  await to.put(makeCommit(installationId(99), 1));
  await expect(migrateStore({ from, to })).rejects.toMatchObject({
    code: "STATE_INVALID",
    message: expect.stringContaining("other installations"),
  });
});
