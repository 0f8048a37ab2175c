/** The store on PostgreSQL: several processes, one truth, and no batch twice. */
import { describe, expect, it } from "vitest";
import type { SnapshotStore } from "../../../backend/store/snapshot-store.js";
import {
  collect,
  makeCommit,
  makeState,
  snapshotStoreContract,
} from "../../contract/snapshot-store-contract.js";
import { isPeerMissing } from "../../support/peer.js";
import { installationId } from "../../support/pool-bed.js";
import { withPostgres } from "../../support/postgres-bed.js";

const MINE = installationId(1);
const THEIRS = installationId(2);

describe.skipIf(isPeerMissing("postgresql"))("on a real PostgreSQL", () => {
  const bed = withPostgres();
  const urls = new Map<SnapshotStore, string>();
  const openOn = async (url: string) => {
    const store = await bed.openStore(url);
    urls.set(store, url);
    return store;
  };

  snapshotStoreContract(
    "PostgreSQL store",
    async () => openOn(await bed.newUrl()),
    async (old) => {
      await old.close();
      return await openOn(urls.get(old) ?? "");
    },
  );

  describe("two processes on one PostgreSQL store", () => {
    const openTwo = async () => {
      const url = await bed.newUrl();
      return [await bed.openStore(url), await bed.openStore(url)] as const;
    };

    it("refuse what comes from the one that lost an installation", async () => {
      const [first, second] = await openTwo();
      await first.claim(MINE);
      await first.put(makeCommit(MINE, 1));
      expect(await second.claim(MINE)).toEqual(makeState(MINE, 1));
      await second.put(makeCommit(MINE, 2));
      await expect(first.put(makeCommit(MINE, 2))).rejects.toMatchObject({ code: "SUPERSEDED" });
      expect(await collect(first.blocks())).toHaveLength(2);
      expect(await first.isClaimed(MINE)).toBe(false);
      expect(await second.isClaimed(MINE)).toBe(true);
      await second.put(makeCommit(MINE, 3));
      expect((await first.installation(MINE))?.snapshotsStored).toBe(6);
    });

    it("write for others in the same group although one was lost", async () => {
      const [first, second] = await openTwo();
      await first.claim(MINE);
      await first.claim(THEIRS);
      await second.claim(MINE);
      const [mine, theirs] = await Promise.allSettled([
        first.put(makeCommit(MINE, 1)),
        first.put(makeCommit(THEIRS, 1)),
      ]);
      expect([mine.status, theirs.status]).toEqual(["rejected", "fulfilled"]);
      expect((await collect(second.blocks())).map((one) => one.installationId)).toEqual([THEIRS]);
    });

    it("number their groups in one order, and miss none while others write", async () => {
      const [first, second] = await openTwo();
      const ids = Array.from({ length: 8 }, (_, k) => installationId(10 + k));
      for (const [k, id] of ids.entries()) await (k % 2 === 0 ? first : second).claim(id);
      const puts = ids.flatMap((id, k) =>
        [1, 2, 3, 4, 5].map((n) => (k % 2 === 0 ? first : second).put(makeCommit(id, n))),
      );
      const seen = new Set<string>();
      let through = 0;
      let isDone = false;
      const written = Promise.all(puts).then((numbers) => {
        isDone = true;
        return numbers;
      });
      for (let last = false; !last; ) {
        last = isDone;
        const { through: next } = await first.installationsAfter(through);
        for await (const block of first.blocksAfter(through)) {
          seen.add(`${block.installationId}/${block.sequence}`);
        }
        through = next;
      }
      expect(seen.size).toBe(40);
      const numbers = new Set(await written);
      expect(Math.max(...numbers)).toBe(numbers.size);
      expect((await first.installationsAfter(0)).states).toHaveLength(8);
      expect(second.totals().batchesStored).toBeLessThanOrEqual(40);
      await second.installationsAfter(0);
      expect(second.totals()).toMatchObject({ batchesStored: 40, snapshotsStored: 80 });
    });

    it("are given columns that nobody else has", async () => {
      const [first, second] = await openTwo();
      const columns = [await first.reserveColumns(), await second.reserveColumns()].flat();
      expect(new Set(columns).size).toBe(columns.length);
      expect(Math.min(...columns)).toBe(0);
    });

    it("take nothing of what was erased from whoever still had it open", async () => {
      const [first, second] = await openTwo();
      await first.claim(MINE);
      await first.put(makeCommit(MINE, 1));
      expect(await second.erase(MINE)).toEqual({ blocks: 1, deadLetters: 0, losses: 0 });
      await expect(first.put(makeCommit(MINE, 2))).rejects.toMatchObject({ code: "SUPERSEDED" });
      expect(await first.installationIds()).toEqual([]);
      expect(await collect(first.blocks())).toEqual([]);
    });
  });

  it("writes a group once although its answer never came", async () => {
    const url = await bed.newUrl();
    const store = await bed.openStore(url);
    const database = await bed.open(url);
    await store.claim(MINE);
    // The server ends every connection when a group is written, after the commit.
    await database.query(`
      CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN PERFORM pg_notify('cut', ''); RETURN NULL; END $$;
      CREATE TRIGGER cut AFTER INSERT ON written_group EXECUTE FUNCTION cut()`);
    const session = await database.connect();
    const killed: number[] = [];
    session.onNotice(() => {
      killed.push(1);
      void database.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE pid <> pg_backend_pid() AND datname = current_database()`,
      );
    });
    await session.query("LISTEN cut");
    for (let n = 1; n <= 30; n++) {
      await store.put({ ...makeCommit(MINE, n) }).catch(() => undefined);
    }
    await session.end();
    const sequences = (await collect(store.blocks())).map((one) => one.sequence);
    expect(killed.length).toBeGreaterThan(0);
    expect(new Set(sequences).size).toBe(sequences.length);
    await store.installationsAfter(0);
    expect(store.totals().batchesStored).toBe(sequences.length);
  });
});

describe.skipIf(isPeerMissing("postgresql"))("on a PostgreSQL that is killed", () => {
  const bed = withPostgres();

  it("acks nothing while the server is away, and goes on when it is back", async () => {
    const url = await bed.newUrl();
    const store = await bed.openStore(url);
    await store.claim(MINE);
    await store.put(makeCommit(MINE, 1));
    await bed.engine().kill();
    await expect(store.put(makeCommit(MINE, 2))).rejects.toMatchObject({ code: "STORE_FAILED" });
    await expect(store.installation(MINE)).rejects.toMatchObject({ code: "STORE_FAILED" });
    await bed.engine().start();
    await store.claim(MINE);
    await store.put(makeCommit(MINE, 2));
    expect((await collect(store.blocks())).map((one) => one.sequence)).toEqual([1, 2]);
  });
});

describe.skipIf(isPeerMissing("postgresql"))(
  "on a PostgreSQL that only reads from one moment on",
  () => {
    const bed = withPostgres();

    it("acks nothing until it writes again, and then loses and doubles nothing", async () => {
      const url = await bed.newUrl();
      const store = await bed.openStore(url);
      const operator = await bed.open(url);
      const writes = (): Promise<boolean> =>
        store.putRecord("probe", Buffer.of(1)).then(
          () => true,
          () => false,
        );
      const setReading = async (isReading: boolean): Promise<void> => {
        await operator.query(`ALTER SYSTEM SET default_transaction_read_only = ${isReading}`);
        await operator.query("SELECT pg_reload_conf()");
        // Each connection hears of it by itself.
        while ((await writes()) === isReading);
      };
      await store.claim(MINE);
      await store.put(makeCommit(MINE, 1));
      await setReading(true);
      for (const sequence of [2, 2, 2]) {
        const refused = { code: "STORE_FAILED", message: expect.stringContaining("read-only") };
        await expect(store.put(makeCommit(MINE, sequence))).rejects.toMatchObject(refused);
      }
      expect(await collect(store.blocks())).toHaveLength(1);
      await setReading(false);
      await store.put(makeCommit(MINE, 2));
      expect(await collect(store.blocks())).toHaveLength(2);
      expect(store.totals().batchesStored).toBe(2);
    });
  },
);
