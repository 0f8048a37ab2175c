/** What is acknowledged is durable and counted once; what is refused says why; nothing is lost between. */
import { describe, expect, it } from "vitest";
import { openSealed, readRows } from "#core/batch/batch-reader.js";
import { decodeBlock } from "#core/batch/block.js";
import type { Chain } from "#core/batch/chain.js";
import { createChannelTable } from "#core/batch/channel-table.js";
import { createColumns } from "#core/batch/columns.js";
import { KIND_PRIOR } from "#core/batch/priors/released.js";
import { HeatpoolError } from "#core/errors.js";
import type { Decision } from "../../../backend/ingest/ingest.js";
import {
  createMemorySnapshotStore,
  createShelf,
} from "../../../backend/store/memory-snapshot-store.js";
import type { SnapshotStore } from "../../../backend/store/snapshot-store.js";
import { collect } from "../../contract/snapshot-store-contract.js";
import { createFakeClock, settle } from "../../support/fake-clock.js";
import {
  EPOCH,
  installationId,
  introduce,
  makeBatch,
  makeLink,
  openBed,
  openDelivery,
  STEP_MS,
  TABLE,
} from "../../support/pool-bed.js";

const START_MS = Date.UTC(2026, 10, 1);
const ID = installationId(1);
const good = (n: number) => Array.from({ length: n }, (_, k) => [50 + k, 350, 120] as const);

async function start(store: SnapshotStore = createMemorySnapshotStore()) {
  const clock = createFakeClock(START_MS);
  const bed = await openBed(store, clock);
  return { clock, bed, delivery: await openDelivery(bed, ID) };
}

/** A store that writes no block before it is let. */
function gatedStore() {
  const inner = createMemorySnapshotStore();
  let waiting: { write: () => Promise<void>; reject: (cause: unknown) => void }[] = [];
  const store: SnapshotStore = {
    ...inner,
    get committedThrough() {
      return inner.committedThrough;
    },
    put: (commit) =>
      commit.block === undefined
        ? inner.put(commit)
        : new Promise((resolve, reject) => {
            waiting.push({ write: () => inner.put(commit).then(resolve, reject), reject });
          }),
  };
  return {
    store,
    async release() {
      for (const { write } of waiting.splice(0)) await write();
    },
    fail() {
      const failed = waiting;
      waiting = [];
      for (const { reject } of failed) reject(new HeatpoolError("STORE_FAILED", "disk full"));
    },
  };
}

/** A batch whose newest snapshot is a minute old. */
function recent(sequence: number, rows: Parameters<typeof makeBatch>[2], more = {}) {
  return makeBatch(sequence, START_MS - rows.length * STEP_MS, rows, more);
}

describe("ingest", () => {
  it("stores a batch as it came and says so", async () => {
    const { bed, delivery } = await start();
    const batch = recent(1, good(3));
    expect(await delivery.take(batch)).toEqual({
      epoch: 0,
      sequence: 1,
      admitted: 3,
      duplicate: 0,
      rejected: 0,
      outcomes: [],
    } satisfies Decision);
    const [stored] = await collect(bed.store.blocks(ID));
    expect(stored?.batch.block).toEqual(batch.block);
    expect(delivery.ackedThrough).toEqual([1]);
    expect(bed.registry.find(ID)).toMatchObject({ snapshotsStored: 3, readingsStored: 9 });
  });

  it("counts a repeat once, also after a restart", async () => {
    const shelf = createShelf();
    const { delivery } = await start(createMemorySnapshotStore(shelf));
    await delivery.take(recent(1, good(3)));
    expect(await delivery.take(recent(1, good(3)))).toMatchObject({ admitted: 0, duplicate: 3 });
    const again = await start(createMemorySnapshotStore(shelf));
    expect(again.delivery.ackedThrough).toEqual([1]);
    expect(await again.delivery.take(recent(1, good(3)))).toMatchObject({ duplicate: 3 });
    expect(again.bed.store.totals()).toMatchObject({ snapshotsStored: 3, snapshotsDuplicate: 6 });
  });

  it("knows a repeat in another codec as the same content", async () => {
    const { delivery } = await start();
    await delivery.take(recent(1, good(3), { codec: 1 }));
    expect(await delivery.take(recent(1, good(3), { codec: 0 }))).toMatchObject({ duplicate: 3 });
  });

  describe("blocks that continue each other", () => {
    const first = () => makeLink(1, START_MS - 10 * STEP_MS, good(3));
    const second = (chain: Chain) => makeLink(2, START_MS - 7 * STEP_MS, good(4), { chain });

    it("are taken and stored so that each can be read alone", async () => {
      const { bed, delivery } = await start();
      const one = first();
      const two = second(one.chain);
      expect(two.batch).toMatchObject({ continues: true, slot: undefined });
      await delivery.take(one.batch);
      expect(await delivery.take(two.batch)).toMatchObject({ admitted: 4, rejected: 0 });
      const stored = await collect(bed.store.blocks(ID));
      expect(stored.map(({ batch }) => batch.prior)).toEqual([KIND_PRIOR, KIND_PRIOR]);
      const rows = stored.flatMap(({ batch }) => [...readRows(openSealed(batch, TABLE), TABLE)]);
      expect(rows.map(({ values }) => values.get("temp_outdoor"))).toEqual([
        5, 5.1, 5.2, 5, 5.1, 5.2, 5.3,
      ]);
    });

    it("are asked for whole when there is no state, and nothing is decided", async () => {
      const { delivery } = await start();
      const two = { ...second(first().chain).batch, sequence: 1 };
      await expect(delivery.take(two)).rejects.toMatchObject({ code: "CHAIN_LOST" });
      expect(delivery.ackedThrough).toEqual([0]);
      const whole = makeLink(1, START_MS - 7 * STEP_MS, good(4));
      expect(await delivery.take(whole.batch)).toMatchObject({ admitted: 4 });
    });

    it("are asked for whole when their bytes or their check are wrong, never refused", async () => {
      for (const wrong of [{ check: 1 }, { block: Uint8Array.of(0, 1, 2) }, { rows: 3 }]) {
        const { delivery } = await start();
        const one = first();
        await delivery.take(one.batch);
        const two = { ...second(one.chain).batch, ...wrong };
        await expect(delivery.take(two)).rejects.toMatchObject({ code: "CHAIN_LOST" });
      }
    });

    it("do not continue on another stream, nor a block that waited", async () => {
      const { bed, delivery } = await start();
      const one = first();
      await delivery.take(one.batch);
      const other = await openDelivery(bed, ID);
      const two = second(one.chain).batch;
      await expect(other.take(two)).rejects.toMatchObject({ code: "CHAIN_LOST" });
      const fresh = await start();
      await fresh.delivery.take({ ...one.batch, backlog: true });
      await expect(fresh.delivery.take(two)).rejects.toMatchObject({ code: "CHAIN_LOST" });
    });

    it("are kept whole as dead letters when a row of them is refused", async () => {
      const { bed, delivery } = await start();
      const one = first();
      await delivery.take(one.batch);
      const rows = [...good(2), [9_000, 350, 120] as const];
      const { chain } = one;
      const two = makeLink(2, START_MS - 7 * STEP_MS, rows, { chain }).batch;
      expect(await delivery.take(two)).toMatchObject({ admitted: 2, rejected: 1 });
      const [letter] = await collect(bed.store.deadLetters());
      const into = createColumns(TABLE);
      if (letter === undefined) throw new Error("no dead letter");
      decodeBlock({ ...letter.declared, block: letter.block }, TABLE, into);
      expect(into.lanes[0]?.[2]).toBe(9_000);
    });
  });

  it("refuses a prior that it does not have", async () => {
    const { delivery } = await start();
    const batch = { ...recent(1, good(2), { codec: 2 }), prior: 7 };
    const outcomes = [{ reason: "CODEC_UNKNOWN", snapshots: 2, detail: "prior 7" }];
    expect(await delivery.take(batch)).toMatchObject({ rejected: 2, outcomes });
  });

  it("tells a fork from a repeat, also after a restart", async () => {
    const shelf = createShelf();
    const { delivery } = await start(createMemorySnapshotStore(shelf));
    await delivery.take(recent(1, good(3)));
    const other = recent(1, [[1, 2, 3]]);
    await expect(delivery.take(other)).rejects.toMatchObject({ code: "BATCH_FORKED" });
    const again = await start(createMemorySnapshotStore(shelf));
    await expect(again.delivery.take(other)).rejects.toMatchObject({ code: "BATCH_FORKED" });
  });

  it("takes only the next number and names it", async () => {
    const { delivery } = await start();
    await delivery.take(recent(1, good(1)));
    await expect(delivery.take(recent(3, good(1)))).rejects.toThrow("batch 3 came, 2 is next");
  });

  it("decides batches that are on their way together in the order of the calls", async () => {
    const { delivery } = await start();
    const order: number[] = [];
    const takes = [1, 2, 3, 2, 4].map(async (n) => {
      order.push((await delivery.take(recent(n, [[n, 350, 120]]))).sequence);
    });
    await Promise.all(takes);
    expect(order).toEqual([1, 2, 3, 2, 4]);
  });

  it("answers in the order of the calls, also what needs no write", async () => {
    const { store, release } = gatedStore();
    const { delivery } = await start(store);
    const order: string[] = [];
    const note = (what: string) => () => void order.push(what);
    const takes = [
      delivery.take(recent(1, good(1))).then(note("1 taken")),
      delivery.take(recent(3, good(1))).catch(note("3 refused")),
    ];
    await settle();
    expect(order).toEqual([]);
    await release();
    await Promise.all(takes);
    expect(order).toEqual(["1 taken", "3 refused"]);
  });

  it("tells a new stream where everything stands only when what came before is durable", async () => {
    const { store, release } = gatedStore();
    const { bed, delivery } = await start(store);
    const taken = delivery.take(recent(1, good(1)));
    await settle();
    let isOpen = false;
    const opening = openDelivery(bed, ID).then((second) => {
      isOpen = true;
      return second;
    });
    await settle();
    expect([isOpen, delivery.ackedThrough]).toEqual([false, [0]]);
    await release();
    await taken;
    expect((await opening).ackedThrough).toEqual([1]);
  });

  it("lets the next stream go on from what a closed one is still writing", async () => {
    const { store, release } = gatedStore();
    const { bed, delivery } = await start(store);
    const taken = delivery.take(recent(1, good(1)));
    await settle();
    delivery.close();
    await settle();
    const opening = openDelivery(bed, ID);
    await settle();
    await release();
    await taken;
    const second = await opening;
    expect(second.ackedThrough).toEqual([1]);
    const repeat = second.take(recent(1, good(1)));
    await settle();
    await release();
    expect(await repeat).toMatchObject({ admitted: 0, duplicate: 1 });
    expect(bed.registry.find(ID)).toMatchObject({ snapshotsStored: 1 });
  });

  it("tells a fork from a repeat also while the first one is being written", async () => {
    const { store, release } = gatedStore();
    const { delivery } = await start(store);
    const first = delivery.take(recent(1, good(1)));
    await settle();
    const fork = delivery.take(recent(1, [[51.5, 350, 120]]));
    const repeat = delivery.take(recent(1, good(1)));
    const refused = expect(fork).rejects.toMatchObject({ code: "BATCH_FORKED" });
    await release();
    expect(await first).toMatchObject({ admitted: 1 });
    await refused;
    expect(await repeat).toMatchObject({ admitted: 0, duplicate: 1 });
  });

  it("tells nobody of what was on its way when the store failed", async () => {
    const { store, release, fail } = gatedStore();
    const { bed, delivery } = await start(store);
    const taken = delivery.take(recent(1, good(1)));
    await settle();
    const opening = openDelivery(bed, ID);
    await settle();
    fail();
    await expect(taken).rejects.toMatchObject({ code: "STORE_FAILED" });
    await expect(opening).rejects.toMatchObject({ code: "STORE_FAILED" });
    await release();
    expect((await openDelivery(bed, ID)).ackedThrough).toEqual([0]);
  });

  it("stores the good rows of a batch with a bad one, and keeps the bad as a dead letter", async () => {
    const { bed, delivery } = await start();
    const rows = [
      [50, 350, 120],
      [51, 4120, 121],
      [52, undefined, 122],
      [53, 360, 123],
    ];
    const decision = await delivery.take(recent(1, rows));
    expect(decision).toMatchObject({ admitted: 3, rejected: 1 });
    expect(decision.outcomes).toEqual([
      { reason: "OUT_OF_RANGE", snapshots: 1, detail: "temp_flow: 412 above 120" },
    ]);
    const [stored] = await collect(bed.store.blocks(ID));
    if (stored === undefined) throw new Error("nothing stored");
    const read = [...readRows(openSealed(stored.batch, TABLE), TABLE)];
    expect(read.map((row) => [(row.atMs - START_MS) / STEP_MS, ...row.values])).toEqual([
      [-4, ["temp_outdoor", 5], ["temp_flow", 35], ["power_current", 1.2]],
      [-2, ["temp_outdoor", 5.2], ["power_current", 1.22]],
      [-1, ["temp_outdoor", 5.3], ["temp_flow", 36], ["power_current", 1.23]],
    ]);
    const [letter] = await collect(bed.store.deadLetters());
    expect(letter).toMatchObject({ sequence: 1, snapshots: 1 });
    expect(await delivery.take(recent(1, rows))).toMatchObject({ duplicate: 4 });
  });

  it("acks what it can never store, so that one bad batch does not stop its epoch", async () => {
    const { bed, delivery } = await start();
    const broken = { ...recent(1, good(2), { codec: 0 }), block: Uint8Array.of(4, 4, 4) };
    const cases = [
      [{ ...broken, plainBytes: 3 }, "MALFORMED"],
      [{ ...recent(2, good(2)), check: 7 }, "DIGEST_MISMATCH"],
      [{ ...recent(3, good(2)), codec: 9 }, "CODEC_UNKNOWN"],
      [{ ...recent(4, good(2)), rows: 2_001 }, "TOO_LARGE"],
      [{ ...recent(5, good(2)), device: 1 }, "UNDECLARED"],
      [makeBatch(6, START_MS - 401 * 86_400_000, good(2)), "TIME_TOO_OLD"],
      [makeBatch(7, START_MS + 6 * 60_000, good(2)), "TIME_IN_FUTURE"],
    ] as const;
    for (const [batch, reason] of cases) {
      const { admitted, outcomes } = await delivery.take(batch);
      expect([admitted, outcomes.map((one) => one.reason)]).toEqual([0, [reason]]);
    }
    expect(delivery.ackedThrough).toEqual([7]);
    expect(await collect(bed.store.deadLetters())).toHaveLength(7);
    expect(bed.registry.find(ID)).toMatchObject({ lastReceivedAtMs: 0, readingsStored: 0 });
  });

  it("refuses what is no finite number, row by row", async () => {
    const { bed } = await start();
    const table = createChannelTable([
      { metric: "temp_flow", encoding: "f32", multiplier: 1, decimals: 0, kind: "fastTemperature" },
    ]);
    const [device] = introduce(ID).devices;
    if (device === undefined) throw new Error("no device");
    const delivery = await bed.ingest.open(
      introduce(ID, { devices: [{ ...device, tableId: table.id }] }),
    );
    await delivery.learnTable(table);
    // 35, not a number, infinite and 36, as IEEE 754 writes them in 32 bits.
    const rows = [[0x420c0000], [0x7fc00000], [0x7f800000], [0x42100000]];
    const { admitted, outcomes } = await delivery.take(recent(1, rows, { table }));
    expect([admitted, outcomes]).toEqual([
      2,
      [{ reason: "NON_FINITE", snapshots: 2, detail: "temp_flow: no finite number" }],
    ]);
  });

  it("takes rows of the last 400 days and of the next five minutes, and no others", async () => {
    const { delivery } = await start();
    const minute = 60_000;
    const [oldestMs, newestMs] = [START_MS - 400 * 86_400_000, START_MS + 5 * minute];
    const take = async (sequence: number, atMs: number) =>
      (await delivery.take(makeBatch(sequence, atMs, good(1)))).admitted;
    expect(await take(1, oldestMs)).toBe(1);
    expect(await take(2, oldestMs - minute)).toBe(0);
    expect(await take(3, newestMs)).toBe(1);
    expect(await take(4, newestMs + minute)).toBe(0);
  });

  it("refuses the batches of a table with an unknown metric, by name", async () => {
    const { bed } = await start();
    const table = createChannelTable([
      { metric: "owner_name", encoding: "int", multiplier: 1, decimals: 0, kind: "state" },
    ]);
    const [device] = introduce(ID).devices;
    if (device === undefined) throw new Error("no device");
    const delivery = await bed.ingest.open(
      introduce(ID, { devices: [{ ...device, tableId: table.id }] }),
    );
    expect(delivery.unknownTables.map((id) => [...id])).toEqual([[...table.id]]);
    await delivery.learnTable(table);
    const { outcomes } = await delivery.take(recent(1, [[1]], { table }));
    expect(outcomes).toEqual([
      { reason: "UNKNOWN_METRIC", snapshots: 1, detail: "owner_name: not in the catalogue" },
    ]);
  });

  it("asks for a table once, and knows it after a restart", async () => {
    const shelf = createShelf();
    const { delivery } = await start(createMemorySnapshotStore(shelf));
    await delivery.take(recent(1, good(1)));
    const bed = await openBed(createMemorySnapshotStore(shelf), createFakeClock(START_MS));
    expect((await bed.ingest.open(introduce(installationId(2)))).unknownTables).toEqual([]);
  });

  it("takes no table under another id", async () => {
    const { bed } = await start();
    const delivery = await bed.ingest.open(introduce(ID));
    const forged = { ...TABLE, channels: TABLE.channels.slice(1) };
    await expect(delivery.learnTable(forged)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  it("takes nothing without consent to telemetry", async () => {
    const { bed } = await start();
    for (const more of [{ consentVersion: 0 }, { consentScopes: ["community_stats"] }]) {
      await expect(bed.ingest.open(introduce(ID, more))).rejects.toMatchObject({
        code: "CONSENT_MISSING",
      });
    }
  });

  it("pauses who is above a quota and says for how long", async () => {
    const clock = createFakeClock(START_MS);
    const limits = { batchesPerSecond: 2, batchesBurst: 3, snapshotsPerDay: 0, bytesPerDay: 0 };
    const bed = await openBed(createMemorySnapshotStore(), clock, { limits });
    const delivery = await openDelivery(bed, ID);
    for (const n of [1, 2, 3]) await delivery.take(recent(n, good(1)));
    const fault = await delivery.take(recent(4, good(1))).catch((cause: unknown) => cause);
    expect(fault).toBeInstanceOf(HeatpoolError);
    expect(fault).toMatchObject({ code: "RATE_LIMITED", cause: { retryAfterMs: 500 } });
    await clock.advance(500);
    expect(await delivery.take(recent(4, good(1)))).toMatchObject({ admitted: 1 });
  });

  it("lets 30 days of waiting batches pass within a day under the default quotas", async () => {
    const clock = createFakeClock(START_MS);
    const { QUOTA_DEFAULTS, createQuota } = await import("../../../backend/ingest/quota.js");
    const quota = createQuota(QUOTA_DEFAULTS, () => clock.monotonicMs());
    // Sealed every 5 minutes, polled every 30 s.
    const cost = { snapshots: 10, bytes: 600 };
    let waitedMs = 0;
    for (let batch = 0; batch < 8_640; batch++) {
      try {
        quota.check(cost);
      } catch {
        waitedMs += 500;
        await clock.advance(500);
      }
      quota.spend(cost);
    }
    expect(waitedMs).toBeGreaterThan(0);
    expect(waitedMs).toBeLessThan(86_400_000);
  });

  it("passes over what a loss report voids, also what is voided before its turn", async () => {
    const { bed, delivery } = await start();
    const loss = (number: number, sequenceFrom: number, sequenceTo: number) => ({
      number,
      reason: "evicted-limit",
      deviceId: undefined,
      fromMs: 1,
      toMs: 2,
      snapshots: 10,
      batches: { epochId: EPOCH, sequenceFrom, sequenceTo },
    });
    await delivery.take(recent(1, good(1)));
    expect(await delivery.takeLosses([loss(1, 3, 4)])).toBe(1);
    await delivery.take(recent(2, good(1)));
    expect(delivery.ackedThrough).toEqual([4]);
    expect(await delivery.takeLosses([loss(1, 3, 4), loss(2, 5, 5)])).toBe(2);
    expect(await delivery.take(recent(6, good(1)))).toMatchObject({ admitted: 1 });
    expect(bed.store.totals()).toMatchObject({ snapshotsReportedLost: 20 });
    expect(await collect(bed.store.losses(ID))).toHaveLength(2);
  });

  it("acks nothing of what the store did not take, and goes on from the store's state", async () => {
    const inner = createMemorySnapshotStore();
    const medium: { isDown: boolean } = { isDown: false };
    const failing: SnapshotStore = {
      ...inner,
      get committedThrough() {
        return inner.committedThrough;
      },
      put: async (commit) => {
        if (medium.isDown) throw new HeatpoolError("STORE_FAILED", "disk full");
        return await inner.put(commit);
      },
    };
    const { bed, delivery } = await start(failing);
    await delivery.take(recent(1, good(1)));
    medium.isDown = true;
    const failed = await Promise.allSettled([2, 3].map((n) => delivery.take(recent(n, good(1)))));
    expect(failed.map((one) => one.status)).toEqual(["rejected", "rejected"]);
    expect(delivery.ackedThrough).toEqual([1]);
    medium.isDown = false;
    await expect(delivery.take(recent(4, good(1)))).rejects.toMatchObject({ code: "STORE_FAILED" });
    const again = await openDelivery(bed, ID);
    expect(again.ackedThrough).toEqual([1]);
    await again.take(recent(2, good(1)));
    expect(bed.registry.find(ID)).toMatchObject({ snapshotsStored: 2 });
    expect((await inner.count()).snapshots).toBe(2);
  });

  it("shares one order between two streams of an installation", async () => {
    const { bed, delivery } = await start();
    const second = await openDelivery(bed, ID);
    await Promise.all([delivery.take(recent(1, good(1))), second.take(recent(1, good(1)))]);
    expect(bed.store.totals()).toMatchObject({ snapshotsStored: 1, snapshotsDuplicate: 1 });
    expect(second.ackedThrough).toEqual([1]);
  });

  it("counts days by receipt and by data apart", async () => {
    const { bed, clock, delivery } = await start();
    await delivery.take(makeBatch(1, START_MS - 3 * 86_400_000, good(1)));
    await delivery.take(makeBatch(2, START_MS - 86_400_000 - STEP_MS, good(3)));
    const [record] = bed.registry.list("", 10, clock.nowMs());
    expect(record).toMatchObject({ daysReceived: 1, daysWithData: 3 });
  });
});
