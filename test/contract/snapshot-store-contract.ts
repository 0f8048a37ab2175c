/** What every snapshot store must keep: nothing half, nothing out of order, everything after a restart. */

import { describe, expect, it } from "vitest";
import { decodeBlock } from "#core/batch/block.js";
import { createColumns } from "#core/batch/columns.js";
import type { DaySummary } from "../../backend/aggregate/day-summary.js";
import type { InstallationState } from "../../backend/registry/registry.js";
import type { Commit, SnapshotStore, StoredBlock } from "../../backend/store/snapshot-store.js";
import { EPOCH, installationId, MODEL, makeBatch, STEP_MS, TABLE } from "../support/pool-bed.js";

const MINE = installationId(1);
const THEIRS = installationId(2);
const DAY_MS = 86_400_000;
/** A while ago, but nothing that an engine with a retention would refuse. */
const FIRST_DAY = Math.floor(Date.now() / DAY_MS) - 20;

/**
 * Runs the store's promise against what `openEmpty` opens. `openAgain` restarts on the same storage.
 */
export function snapshotStoreContract(
  name: string,
  openEmpty: () => Promise<SnapshotStore>,
  openAgain: (old: SnapshotStore) => Promise<SnapshotStore>,
): void {
  const open = async () => await claimBoth(await openEmpty());
  const reopen = async (old: SnapshotStore) => await claimBoth(await openAgain(old));
  describe(`${name} keeps the snapshot store's promise`, () => {
    it("has everything of a commit after a restart", async () => {
      const store = await open();
      await store.put(makeCommit(MINE, 1));
      const again = await reopen(store);
      const [block] = await collect(again.blocks());
      expect(plain(block)).toEqual(plain(makeBlock(MINE, 1)));
      expect(await again.installation(MINE)).toEqual(makeState(MINE, 1));
      expect(await again.epoch(MINE, EPOCH)).toEqual({
        epochId: EPOCH,
        ackedThrough: 1,
        voids: [],
      });
      expect([...((await again.digest(MINE, EPOCH, 1)) ?? [])]).toEqual([...digestOf(1)]);
      expect((await collect(again.tables())).map((one) => [...one.id])).toEqual([[...TABLE.id]]);
      expect(again.totals()).toMatchObject({
        batchesStored: 1,
        snapshotsStored: 2,
        readingsStored: 6,
      });
      await again.close();
    });

    it("hands out with a claim what was written before", async () => {
      const store = await open();
      expect(await store.claim(MINE)).toBeUndefined();
      await store.put(makeCommit(MINE, 1));
      expect(await store.claim(MINE)).toEqual(makeState(MINE, 1));
      await store.put(makeCommit(MINE, 2));
      expect(await store.claim(MINE)).toEqual(makeState(MINE, 2));
      await store.close();
    });

    it("writes commits that arrive together in the order of the calls", async () => {
      const store = await open();
      const numbers = await Promise.all([1, 2, 3].map((n) => store.put(makeCommit(MINE, n))));
      expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
      expect(store.committedThrough).toBe(numbers.at(-1));
      expect((await store.epoch(MINE, EPOCH))?.ackedThrough).toBe(3);
      expect((await store.installation(MINE))?.snapshotsStored).toBe(6);
      await store.close();
    });

    it("keeps sums of days by installation, replaces them, and drops them with age or erasure", async () => {
      const store = await open();
      const none = { heatKwh: undefined, electricKwh: undefined };
      const make = (day: number, coverage: number, deviceId = "heatpump"): DaySummary => ({
        ...{ day, deviceId, coverage, heatpumpModel: MODEL, outdoorMean: 1.5 },
        ...{ total: none, heating: none, hotWater: none, counters: {} },
        ...{ compressorHours: 3, compressorStarts: 2 },
      });
      await store.putDays(MINE, [make(20_001, 1), make(20_000, 1), make(20_001, 1, "second")]);
      await store.putDays(THEIRS, [make(20_000, 1)]);
      await store.putDays(MINE, [make(20_001, 0.5)]);
      const found = async (id: string, from: number) =>
        (await collect(store.days(id, from))).map((one) => [one.day, one.deviceId, one.coverage]);
      expect(await found(MINE, 20_000)).toEqual([
        [20_000, "heatpump", 1],
        [20_001, "heatpump", 0.5],
        [20_001, "second", 1],
      ]);
      expect(await found(MINE, 20_002)).toEqual([]);
      await store.forgetBefore(20_001 * DAY_MS);
      expect(await found(MINE, 0)).toHaveLength(2);
      expect(await found(THEIRS, 0)).toEqual([]);
      await store.put(makeCommit(MINE, 1));
      expect(await store.devices(MINE)).toEqual([makeBlock(MINE, 1).batch.deviceId]);
      await store.erase(MINE);
      expect(await found(MINE, 0)).toEqual([]);
      expect(await store.devices(MINE)).toEqual([]);
      await store.close();
    });

    it("lists the blocks of one device and of some days alone, by day", async () => {
      const store = await open();
      for (const n of [3, 1, 4, 2]) {
        await store.put(makeCommit(THEIRS, n));
        await store.put(makeCommit(MINE, n));
      }
      const { batch, firstMs } = makeBlock(MINE, 1);
      const day = Math.floor(firstMs / DAY_MS);
      const of = async (deviceId: string, fromDay: number, toDay: number) => {
        const found = await collect(store.blocksOfDays(MINE, deviceId, fromDay, toDay));
        return found.map((one) => [one.installationId, one.sequence]);
      };
      expect(await of(batch.deviceId, day, day + 1)).toEqual([[MINE, 1]]);
      expect(await of(batch.deviceId, day - 3, day + 3)).toEqual([
        [MINE, 1],
        [MINE, 2],
        [MINE, 3],
      ]);
      expect(await of(batch.deviceId, day - 1, day)).toEqual([]);
      expect(await of(batch.deviceId, day, day)).toEqual([]);
      expect(await of(`${batch.deviceId}-2`, day, day + 9)).toEqual([]);
      await store.close();
    });

    it("lists the blocks of one installation alone, by day and number", async () => {
      const store = await open();
      for (const n of [1, 2, 3]) {
        await store.put(makeCommit(THEIRS, n));
        await store.put(makeCommit(MINE, n));
      }
      const blocks = await collect(store.blocks(MINE));
      expect(blocks.map((one) => [one.installationId, one.sequence])).toEqual([
        [MINE, 1],
        [MINE, 2],
        [MINE, 3],
      ]);
      expect(await collect(store.blocks())).toHaveLength(6);
      await store.close();
    });

    it("replays what came after a commit, also after a restart, until the journal is cut", async () => {
      const store = await open();
      const first = await store.put(makeCommit(MINE, 1));
      const second = await store.put(makeCommit(MINE, 2));
      const again = await reopen(store);
      const replayed = async (n: number) =>
        (await collect(again.blocksAfter(n))).map((b) => b.sequence);
      expect(await replayed(0)).toEqual([1, 2]);
      const numbers = (await collect(again.blocksAfter(0))).map((b) => b.commitNumber);
      expect(numbers).toEqual([first, second]);
      expect(await replayed(first)).toEqual([2]);
      await again.forgetJournal(first);
      expect(await replayed(0)).toEqual([2]);
      expect(await replayed(second)).toEqual([]);
      expect(await collect(again.blocks())).toHaveLength(2);
      await again.close();
    });

    it("counts by reading back", async () => {
      const store = await open();
      await Promise.all([1, 2, 3].map((n) => store.put(makeCommit(MINE, n))));
      expect(await store.count()).toEqual({ blocks: 3, snapshots: 6, readings: 18 });
      await store.close();
    });

    it("keeps losses and refused batches", async () => {
      const store = await open();
      const loss = {
        number: 4,
        reason: "evicted-limit",
        deviceId: undefined,
        fromMs: 1,
        toMs: 2,
        snapshots: 9,
        batches: { epochId: EPOCH, sequenceFrom: 2, sequenceTo: 3 },
      };
      const deadLetter = makeDeadLetter(MINE);
      await store.put({ installation: makeState(MINE, 1), losses: [loss], deadLetter });
      const again = await reopen(store);
      expect(await collect(again.losses(MINE))).toEqual([loss]);
      const [letter] = await collect(again.deadLetters());
      expect(letter).toMatchObject({ sequence: 7, snapshots: 2, reasons: deadLetter.reasons });
      expect([...(letter?.block ?? [])]).toEqual([9, 8, 7]);
      await again.close();
    });

    it("keeps named records, the newest of each name", async () => {
      const store = await open();
      await store.putRecord("a", Uint8Array.of(1));
      await store.putRecord("a", Uint8Array.of(2));
      const again = await reopen(store);
      expect([...((await again.record("a")) ?? [])]).toEqual([2]);
      expect(await again.record("b")).toBeUndefined();
      await again.putRecord("list/2", Uint8Array.of(1));
      await again.putRecord("list/1", Uint8Array.of(1));
      expect(await again.recordNames("list/")).toEqual(["list/1", "list/2"]);
      await again.removeRecord("list/1");
      await again.removeRecord("list/1");
      expect(await again.recordNames("list/")).toEqual(["list/2"]);
      await again.close();
    });

    it("forgets what was measured before a day, and what else belongs to that time", async () => {
      const store = await open();
      for (const id of [MINE, THEIRS]) {
        for (const n of [1, 2, 3]) await store.put(makeCommit(id, n));
      }
      const timeMs = FIRST_DAY * DAY_MS + 3 * DAY_MS;
      const loss = (number: number, toMs: number) => ({
        number,
        reason: "evicted-limit",
        deviceId: undefined,
        fromMs: 0,
        toMs,
        snapshots: 9,
        batches: undefined,
      });
      const losses = [loss(1, timeMs - 1), loss(2, timeMs), loss(3, 0)];
      await store.put({ installation: makeState(MINE, 3), losses });
      const old = makeDeadLetter(MINE);
      const fresh = { ...old, declared: { ...old.declared, slot: timeMs / old.declared.stepMs } };
      await store.put({ installation: makeState(MINE, 3), deadLetter: old });
      await store.put({
        installation: makeState(MINE, 3),
        deadLetter: { ...fresh, sequence: 8 },
      });
      expect(await store.forgetBefore(timeMs)).toEqual({ blocks: 4, deadLetters: 1, losses: 1 });
      await store.compact({ index: 0, of: 1 });
      const again = await reopen(store);
      expect((await collect(again.blocks())).map((one) => one.sequence)).toEqual([3, 3]);
      expect((await collect(again.blocksAfter(0))).map((one) => one.sequence)).toEqual([3, 3]);
      expect((await collect(again.losses(MINE))).map((one) => one.number)).toEqual([2, 3]);
      expect((await collect(again.deadLetters())).map((one) => one.sequence)).toEqual([8]);
      expect(await again.installation(MINE)).toBeDefined();
      expect((await again.epoch(MINE, EPOCH))?.ackedThrough).toBe(3);
      expect(await again.forgetBefore(timeMs)).toEqual({ blocks: 0, deadLetters: 0, losses: 0 });
      await again.close();
    });

    it("erases one installation and nobody else", async () => {
      const store = await open();
      await store.put({ ...makeCommit(MINE, 1), deadLetter: makeDeadLetter(MINE) });
      await store.put({ ...makeCommit(THEIRS, 1), deadLetter: makeDeadLetter(THEIRS) });
      expect(await store.erase(MINE)).toEqual({ blocks: 1, deadLetters: 1, losses: 0 });
      const again = await reopen(store);
      expect(await again.installation(MINE)).toBeUndefined();
      expect(await again.epoch(MINE, EPOCH)).toBeUndefined();
      expect(await again.digest(MINE, EPOCH, 1)).toBeUndefined();
      expect((await collect(again.blocks())).map((one) => one.installationId)).toEqual([THEIRS]);
      expect((await collect(again.blocksAfter(0))).map((one) => one.installationId)).toEqual([
        THEIRS,
      ]);
      expect((await collect(again.deadLetters())).map((one) => one.installationId)).toEqual([
        THEIRS,
      ]);
      expect((await collect(again.installations())).map((one) => one.installationId)).toEqual([
        THEIRS,
      ]);
      await again.close();
    });
  });
}

async function claimBoth(store: SnapshotStore): Promise<SnapshotStore> {
  await store.claim(MINE);
  await store.claim(THEIRS);
  return store;
}

/** All of a sequence. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** Bytes as numbers: a Buffer and a Uint8Array of the same bytes are the same here. */
function plain(block: StoredBlock | undefined): unknown {
  return JSON.parse(
    JSON.stringify(block, (_, value) =>
      value instanceof Uint8Array || value?.type === "Buffer" ? [...Buffer.from(value)] : value,
    ),
  );
}

function digestOf(sequence: number): Uint8Array {
  return Buffer.from(Array.from({ length: 16 }, (_, k) => sequence + k));
}

/** The n-th block of an installation: a day after the one before. */
export function makeBlock(id: string, sequence: number): StoredBlock {
  const firstMs = (FIRST_DAY + sequence) * DAY_MS;
  const rows = [
    [sequence, 215, 1_000],
    [sequence, 216, 1_001],
  ];
  const { slot = 0, plainBytes, block } = makeBatch(sequence, firstMs, rows, { codec: 0 });
  const sealed = { stepMs: STEP_MS, slot, rows: 2, codec: 0, plainBytes, block };
  const { digest } = decodeBlock(sealed, TABLE, createColumns(TABLE, 2));
  return {
    installationId: id,
    epochId: EPOCH,
    sequence,
    heatpumpModel: MODEL,
    receivedAtMs: firstMs + 120_000,
    firstMs,
    lastMs: firstMs + 60_000,
    batch: {
      deviceId: "heatpump",
      tableId: Buffer.from(TABLE.id),
      ...sealed,
      readings: 6,
      digest,
    },
  };
}

/** An installation after its n-th commit. */
export function makeState(id: string, sequence: number): InstallationState {
  return {
    installationId: id,
    models: [{ heatpumpModel: MODEL, column: 0, readings: 6 * sequence }],
    daemonVersion: "0.1.0",
    consentVersion: 1,
    consentScopes: ["telemetry"],
    firstSeenAtMs: 5,
    lastReceivedAtMs: 6,
    snapshotsStored: 2 * sequence,
    readingsStored: 6 * sequence,
    snapshotsReportedLost: 0,
    snapshotsRejected: 0,
    received: { lastDay: 20_000, low: 1, high: 0 },
    withData: { lastDay: 20_000, low: 3, high: 2 ** 31 },
    lossAckedThrough: 0,
  };
}

/** The n-th commit of an installation. */
export function makeCommit(id: string, sequence: number): Commit {
  return {
    installation: makeState(id, sequence),
    epochs: [{ epochId: EPOCH, ackedThrough: sequence, voids: [] }],
    digest: { epochId: EPOCH, sequence, digest: digestOf(sequence) },
    block: makeBlock(id, sequence),
    table: TABLE,
    counts: { batchesStored: 1, snapshotsStored: 2, readingsStored: 6 },
  };
}

/** A refused batch of an installation. */
export function makeDeadLetter(id: string) {
  return {
    installationId: id,
    epochId: EPOCH,
    sequence: 7,
    receivedAtMs: 1_000,
    snapshots: 2,
    reasons: [{ reason: "MALFORMED", snapshots: 2, detail: "trailing bytes" }],
    declared: {
      deviceId: "heatpump",
      tableId: TABLE.id,
      stepMs: 60_000,
      slot: 1,
      rows: 2,
      codec: 0,
      plainBytes: 3,
      check: 4,
    },
    block: Uint8Array.of(9, 8, 7),
  };
}
