/** The store on LevelDB: what was promised must survive restarts, locks, damage and erasure. */
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Level } from "level";
import { describe, expect, it } from "vitest";
import { openLevelSnapshotStore } from "../../../backend/store/level-snapshot-store.js";
import type { SnapshotStore } from "../../../backend/store/snapshot-store.js";
import {
  collect,
  makeBlock,
  makeDeadLetter,
  snapshotStoreContract,
} from "../../contract/snapshot-store-contract.js";
import { filesHold, spellings } from "../../support/file-bytes.js";
import { temporaryFolder } from "../../support/folder.js";
import { EPOCH, installationId } from "../../support/pool-bed.js";

const folders = new Map<SnapshotStore, string>();

async function openIn(folder: string): Promise<SnapshotStore> {
  const store = await openLevelSnapshotStore({ folder });
  folders.set(store, folder);
  return store;
}

snapshotStoreContract(
  "LevelDB store",
  () => openIn(temporaryFolder()),
  async (old) => {
    await old.close();
    return await openIn(folders.get(old) ?? "");
  },
);

function commitOf(n: number, marker = "") {
  const id = installationId(n);
  const block = makeBlock(id, 1);
  const installation = {
    installationId: id,
    models: [],
    daemonVersion: marker,
    consentVersion: 1,
    consentScopes: [],
    firstSeenAtMs: 1,
    lastReceivedAtMs: 1,
    snapshotsStored: 2,
    readingsStored: 6,
    snapshotsReportedLost: 0,
    snapshotsRejected: 0,
    received: { lastDay: 1, low: 1, high: 0 },
    withData: { lastDay: 1, low: 1, high: 0 },
    lossAckedThrough: 0,
  };
  const batch = { ...block.batch, block: Buffer.from(`block of ${n} ${marker}`) };
  return { installation, block: { ...block, batch } };
}

describe("a LevelDB store", () => {
  it("belongs to one process at a time", async () => {
    const folder = temporaryFolder();
    const store = await openLevelSnapshotStore({ folder });
    await expect(openLevelSnapshotStore({ folder })).rejects.toMatchObject({
      code: "STORE_LOCKED",
    });
    await store.close();
  });

  it("is never taken for a new one when its beginning is missing", async () => {
    const folder = temporaryFolder();
    const store = await openLevelSnapshotStore({ folder });
    await store.put(commitOf(1));
    await store.close();
    rmSync(join(folder, "db", "CURRENT"));
    await expect(openLevelSnapshotStore({ folder })).rejects.toMatchObject({
      code: "STORE_DAMAGED",
    });
    expect(filesHold(folder, "block of 1")).toBe(true);
  });

  it("is made anew when the power went while it was being made", async () => {
    const folder = temporaryFolder();
    await (await openLevelSnapshotStore({ folder })).close();
    // LevelDB does not sync its first manifest; our own file was not written yet.
    const db = join(folder, "db");
    for (const name of readdirSync(db)) rmSync(join(db, name));
    rmSync(join(folder, "store.json"));
    writeFileSync(join(db, "MANIFEST-000001"), "");
    writeFileSync(join(db, "CURRENT"), "MANIFEST-000001\n");
    const store = await openLevelSnapshotStore({ folder });
    await store.put(commitOf(1));
    expect(await collect(store.blocks())).toHaveLength(1);
    await store.close();
  });

  it("is not made anew where records are, even without its identity", async () => {
    const folder = temporaryFolder();
    const store = await openLevelSnapshotStore({ folder });
    await store.put(commitOf(1));
    await store.close();
    rmSync(join(folder, "store.json"));
    rmSync(join(folder, "db", "CURRENT"));
    await expect(openLevelSnapshotStore({ folder })).rejects.toMatchObject({
      code: "STORE_DAMAGED",
    });
    expect(filesHold(folder, "block of 1")).toBe(true);
  });

  it("refuses a block whose bytes changed on disk", async () => {
    const folder = temporaryFolder();
    const store = await openLevelSnapshotStore({ folder });
    for (let n = 1; n <= 3; n++) await store.put(commitOf(n, "untouched"));
    await store.close();
    await (await openLevelSnapshotStore({ folder })).close(); // the log becomes a table
    const table = readdirSync(join(folder, "db")).find((name) => name.endsWith(".ldb")) ?? "";
    const path = join(folder, "db", table);
    const bytes = readFileSync(path);
    bytes.writeUInt8(0x58, bytes.indexOf("block of 2") + 2);
    writeFileSync(path, bytes);
    const again = await openLevelSnapshotStore({ folder });
    await expect(again.count()).rejects.toMatchObject({ code: "STORE_DAMAGED" });
    await again.close();
  });

  it.each([[3], [50], [2_000]])(
    "leaves no byte of an erased installation in any file, of %i in the store",
    async (count) => {
      const folder = temporaryFolder();
      const store = await openLevelSnapshotStore({ folder });
      for (let n = 1; n <= count; n++) {
        const id = installationId(n * 65_537);
        const commit = commitOf(n * 65_537, `marker-${n}.`);
        const digest = { epochId: EPOCH, sequence: 1, digest: Buffer.from(`digest-${n}.`) };
        const epochs = [{ epochId: EPOCH, ackedThrough: 1, voids: [] }];
        const deadLetter = n % 3 === 2 ? { deadLetter: makeDeadLetter(id) } : {};
        await store.put({ ...commit, digest, epochs, ...deadLetter });
      }
      const removal = await store.erase(installationId(2 * 65_537));
      expect(removal).toEqual({ blocks: 1, deadLetters: 1, losses: 0 });
      const left = (n: number) =>
        [`marker-${n}.`, `digest-${n}.`, ...spellings(installationId(n * 65_537))].filter((one) =>
          filesHold(folder, one),
        );
      expect(left(2)).toEqual([]);
      expect(left(3)).toContainEqual("marker-3.");
      expect(await store.count()).toMatchObject({ blocks: count - 1 });
      await store.put(commitOf(9));
      await store.close();
      expect(left(2)).toEqual([]);
    },
    30_000,
  );

  it("waits with what comes while it erases", async () => {
    const store = await openLevelSnapshotStore({ folder: temporaryFolder() });
    for (let n = 1; n <= 20; n++) await store.put(commitOf(n));
    const erased = store.erase(installationId(7));
    const puts = [21, 22, 23].map((n) => store.put(commitOf(n)));
    expect(await store.installation(installationId(8))).toBeDefined();
    await Promise.all([erased, ...puts]);
    expect(await collect(store.blocks())).toHaveLength(22);
    await store.close();
  });

  it("gives the bytes of old days back", async () => {
    const folder = temporaryFolder();
    const store = await openLevelSnapshotStore({ folder });
    const dayMs = 86_400_000;
    for (let n = 1; n <= 300; n++) {
      const commit = commitOf(n % 5, `n${n}.`);
      const firstMs = (20_000 + n) * dayMs;
      const batch = { ...commit.block.batch, block: Buffer.from(`marker-${n}.`.repeat(50)) };
      await store.put({ ...commit, block: { ...commit.block, firstMs, sequence: n, batch } });
    }
    expect(await store.forgetBefore(20_201 * dayMs + 5)).toMatchObject({ blocks: 200 });
    for (const index of [0, 1, 2]) await store.compact({ index, of: 3 });
    expect(
      (await collect(store.blocks())).map((one) => one.sequence).sort((a, b) => a - b),
    ).toEqual(Array.from({ length: 100 }, (_, k) => 201 + k));
    expect([1, 100, 200].filter((n) => filesHold(folder, `marker-${n}.`))).toEqual([]);
    expect(filesHold(folder, "marker-201.")).toBe(true);
    await store.close();
  });

  it("rewrites what was being written after the medium failed once, and loses nothing", async () => {
    const folder = temporaryFolder();
    const store = await openLevelSnapshotStore({ folder });
    await store.put(commitOf(1));
    // The handle is closed under the store, as an I/O error makes it useless.
    await store.close();
    await store.put(commitOf(2));
    expect(await collect(store.blocks())).toHaveLength(2);
    await store.close();
  });

  it("is there again for whoever reads when the medium is, without waiting for a write", async () => {
    const folder = temporaryFolder();
    const store = await openLevelSnapshotStore({ folder });
    await store.put(commitOf(1));
    const [db, away] = [join(folder, "db"), join(folder, "away")];
    const real = Level.prototype.batch;
    Level.prototype.batch = async function fail() {
      Level.prototype.batch = real;
      renameSync(db, away);
      throw Object.assign(new Error("write: I/O error"), { code: "LEVEL_IO_ERROR" });
    } as unknown as typeof real;
    await expect(store.put(commitOf(2))).rejects.toMatchObject({ code: "STORE_FAILED" });
    await expect(store.installation(installationId(1))).rejects.toThrow();
    rmSync(db, { recursive: true, force: true });
    renameSync(away, db);
    expect(await store.installation(installationId(1))).toBeDefined();
    expect(await collect(store.blocks())).toHaveLength(1);
    await store.close();
  });

  it("does not take a write that failed for one that an earlier failure left on the disk", async () => {
    const folder = temporaryFolder();
    const store = await openLevelSnapshotStore({ folder });
    const [db, away] = [join(folder, "db"), join(folder, "away")];
    const real = Level.prototype.batch;
    // The first write reaches the disk, says that it did not, and the disk is gone.
    Level.prototype.batch = async function fail(this: unknown, ...args: unknown[]) {
      Level.prototype.batch = real;
      await Reflect.apply(real, this, args);
      renameSync(db, away);
      throw Object.assign(new Error("fdatasync: I/O error"), { code: "LEVEL_IO_ERROR" });
    } as unknown as typeof real;
    await expect(store.put(commitOf(1))).rejects.toMatchObject({ code: "STORE_FAILED" });
    rmSync(db, { recursive: true, force: true });
    renameSync(away, db);
    await store.put(commitOf(2));
    expect(await collect(store.blocks())).toHaveLength(2);
    expect(await collect(store.blocksAfter(0))).toHaveLength(2);
    await store.close();
  });

  it("counts once what reached the disk although its write was reported as failed", async () => {
    const store = await openLevelSnapshotStore({ folder: temporaryFolder() });
    const real = Level.prototype.batch;
    Level.prototype.batch = async function fail(this: unknown, ...args: unknown[]) {
      Level.prototype.batch = real;
      await Reflect.apply(real, this, args);
      throw Object.assign(new Error("fdatasync: I/O error"), { code: "LEVEL_IO_ERROR" });
    } as unknown as typeof real;
    const number = await store.put({ ...commitOf(1), counts: { snapshotsStored: 2 } });
    expect(number).toBe(1);
    expect(store.totals().snapshotsStored).toBe(2);
    expect(await collect(store.blocksAfter(0))).toHaveLength(1);
    await store.close();
  });

  it("acks nothing while the medium stays away, and takes it when it is back", async () => {
    const folder = temporaryFolder();
    const store = await openLevelSnapshotStore({ folder });
    await store.put(commitOf(1));
    await store.close();
    const other = await openLevelSnapshotStore({ folder });
    await expect(store.put(commitOf(2))).rejects.toMatchObject({ code: "STORE_FAILED" });
    await other.close();
    await store.put(commitOf(3));
    expect((await collect(store.blocks())).map((one) => one.installationId)).toEqual([
      installationId(1),
      installationId(3),
    ]);
    await store.close();
  });
});
