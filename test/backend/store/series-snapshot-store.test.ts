/** The whole promise of the snapshot store, with a real VictoriaMetrics behind the real stores. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openLevelSnapshotStore } from "../../../backend/store/level-snapshot-store.js";
import type { SeriesFeed } from "../../../backend/store/series-feed.js";
import { openSeriesFeed } from "../../../backend/store/series-feed.js";
import { createSeriesSnapshotStore } from "../../../backend/store/series-snapshot-store.js";
import type { SnapshotStore } from "../../../backend/store/snapshot-store.js";
import { createVictoriametricsEngine } from "../../../backend/store/victoriametrics-engine.js";
import { makeCommit, snapshotStoreContract } from "../../contract/snapshot-store-contract.js";
import { type Engine, startVictoriaMetrics } from "../../support/engine.js";
import { createFakeClock } from "../../support/fake-clock.js";
import { temporaryFolder } from "../../support/folder.js";
import { isPeerMissing } from "../../support/peer.js";
import { installationId } from "../../support/pool-bed.js";
import { withPostgres } from "../../support/postgres-bed.js";

const MINE = installationId(1);

describe.skipIf(isPeerMissing("victoria-metrics"))("with a real VictoriaMetrics", () => {
  let peer: Engine;
  beforeAll(async () => {
    peer = await startVictoriaMetrics();
  }, 120_000);
  afterAll(() => peer.stop());

  const clock = createFakeClock();
  const opened = new Map<SnapshotStore, { store: SnapshotStore; feed: SeriesFeed }>();
  const behind = async (store: SnapshotStore): Promise<SnapshotStore> => {
    const engine = createVictoriametricsEngine({ url: peer.url, rawMonths: 12 });
    const feed = await openSeriesFeed({ store, engine, clock });
    // It takes nothing from an engine that has only just begun.
    await feed.step();
    await clock.advance(3_000);
    const front = createSeriesSnapshotStore({ store, engine, clock, feed: () => feed });
    opened.set(front, { store, feed });
    // The journal may be cut as soon as the engine has everything.
    return Object.create(front, {
      forgetJournal: {
        async value(commitNumber: number) {
          await feed.finish();
          await front.forgetJournal(commitNumber);
        },
      },
    });
  };

  describe("behind LevelDB", () => {
    const folders = new Map<SnapshotStore, string>();
    const openIn = async (folder: string) => {
      const store = await behind(await openLevelSnapshotStore({ folder }));
      folders.set(store, folder);
      return store;
    };
    snapshotStoreContract(
      "LevelDB store before VictoriaMetrics",
      () => openIn(temporaryFolder()),
      async (old) => {
        await old.close();
        return await openIn(folders.get(old) ?? "");
      },
    );

    it("loses and doubles nothing when the engine is killed after its answer", async () => {
      const store = await openLevelSnapshotStore({ folder: temporaryFolder() });
      const engine = createVictoriametricsEngine({ url: peer.url, rawMonths: 12 });
      await engine.erase([MINE]);
      const feed = await openSeriesFeed({ store, engine, clock });
      await feed.step();
      await clock.advance(3_000);
      for (let n = 1; n <= 10; n++) {
        await store.put(makeCommit(MINE, n));
        await feed.step();
      }
      expect(feed.handedThrough).toBe(10);
      await peer.kill();
      await expect(feed.step()).rejects.toMatchObject({ code: "STORE_FAILED" });
      await peer.start();
      await feed.step();
      await clock.advance(3_000);
      await feed.step();
      await feed.finish();
      expect(await engine.count(MINE)).toEqual({ series: 3, samples: 60 });
      await store.close();
    });
  });

  describe.skipIf(isPeerMissing("postgresql"))("behind PostgreSQL", () => {
    const bed = withPostgres();
    const urls = new Map<SnapshotStore, string>();
    const openOn = async (url: string) => {
      const store = await behind(await bed.openStore(url));
      urls.set(store, url);
      return store;
    };
    snapshotStoreContract(
      "PostgreSQL store before VictoriaMetrics",
      async () => openOn(await bed.newUrl()),
      async (old) => {
        await old.close();
        return await openOn(urls.get(old) ?? "");
      },
    );
  });
});
