/** The feed: a crash of the engine at any moment loses nothing of what counts, and doubles nothing. */
import { describe, expect, it } from "vitest";
import { HeatpoolError } from "#core/errors.js";
import { createMemorySeriesEngine } from "../../../backend/store/memory-series-engine.js";
import { createMemorySnapshotStore } from "../../../backend/store/memory-snapshot-store.js";
import { HOLD_MS, openSeriesFeed, runSeriesFeed } from "../../../backend/store/series-feed.js";
import { createSeriesSnapshotStore } from "../../../backend/store/series-snapshot-store.js";
import { makeCommit } from "../../contract/snapshot-store-contract.js";
import { createFakeClock, settle } from "../../support/fake-clock.js";
import { installationId } from "../../support/pool-bed.js";

const MINE = installationId(1);
const THEIRS = installationId(2);

async function openBed() {
  const clock = createFakeClock();
  const store = createMemorySnapshotStore();
  const engine = createMemorySeriesEngine();
  const refused: number[] = [];
  const open = () =>
    openSeriesFeed({ store, engine, clock, onRefused: (rows) => refused.push(rows) });
  const feed = await open();
  await feed.step();
  await clock.advance(3_000);
  return { clock, store, engine, feed, open, refused };
}

describe("the series feed", () => {
  it("hands on what is committed, and counts it only after a while", async () => {
    const { clock, store, engine, feed } = await openBed();
    await store.put(makeCommit(MINE, 1));
    await store.put(makeCommit(THEIRS, 1));
    await feed.step();
    expect(await engine.count()).toEqual({ series: 6, samples: 12 });
    expect(feed.handedThrough).toBe(2);
    expect(feed.confirmedThrough).toBe(-1);
    await clock.advance(HOLD_MS - 1);
    await feed.step();
    expect(feed.confirmedThrough).toBe(-1);
    await clock.advance(1);
    await feed.step();
    expect(feed.confirmedThrough).toBe(2);
  });

  it("hands on again what an engine lost that was started anew", async () => {
    const { clock, store, engine, feed } = await openBed();
    for (let n = 1; n <= 5; n++) {
      await store.put(makeCommit(MINE, n));
      await feed.step();
      await clock.advance(1_000);
    }
    engine.crash();
    expect(await engine.count()).toEqual({ series: 0, samples: 0 });
    await feed.step();
    expect(await engine.count()).toEqual({ series: 0, samples: 0 });
    await clock.advance(3_000);
    await feed.step();
    expect(await engine.count()).toEqual({ series: 3, samples: 30 });
  });

  it("does not count what was written shortly before a restart of the engine", async () => {
    const { clock, store, engine, feed } = await openBed();
    await store.put(makeCommit(MINE, 1));
    await feed.step();
    await clock.advance(HOLD_MS - 1_000);
    engine.crash();
    await clock.advance(2_000);
    await feed.step();
    expect(feed.confirmedThrough).toBe(-1);
    await clock.advance(3_000);
    await feed.step();
    expect(await engine.count()).toEqual({ series: 3, samples: 6 });
  });

  it("goes on where an earlier process was sure", async () => {
    const { store, engine, feed, open, clock } = await openBed();
    await store.put(makeCommit(MINE, 1));
    await feed.finish();
    expect(feed.confirmedThrough).toBe(1);
    await store.put(makeCommit(MINE, 2));
    await feed.step();
    engine.crash();
    const next = await open();
    expect(next.confirmedThrough).toBe(1);
    await next.step();
    await clock.advance(3_000);
    await next.step();
    expect(await engine.count()).toEqual({ series: 3, samples: 12 });
  });

  it("hands on what was stored before there was an engine, although the journal is cut", async () => {
    const clock = createFakeClock();
    const store = createMemorySnapshotStore();
    await store.put(makeCommit(MINE, 1));
    await store.put(makeCommit(MINE, 2));
    await store.forgetJournal(2);
    const engine = createMemorySeriesEngine();
    const feed = await openSeriesFeed({ store, engine, clock });
    await feed.finish();
    expect(await engine.count()).toEqual({ series: 3, samples: 12 });
    expect(feed.confirmedThrough).toBe(2);
  });

  it("tells of rows that the engine left out, each time once", async () => {
    const { store, engine, feed, refused } = await openBed();
    await store.put(makeCommit(MINE, 1));
    engine.refuse(7);
    await feed.step();
    await feed.step();
    expect(refused).toEqual([7]);
  });

  it("waits while the engine is away, and tells once", async () => {
    const { clock, store, engine, feed } = await openBed();
    const told: string[] = [];
    const ending = new AbortController();
    const away = new HeatpoolError("STORE_FAILED", "away");
    engine.fail(away);
    await store.put(makeCommit(MINE, 1));
    const onFault = (fault: unknown) => told.push((fault as Error).message);
    const onRecovered = () => told.push("recovered");
    const running = runSeriesFeed({ feed, clock, onFault, onRecovered }, ending.signal);
    for (let k = 0; k < 5; k++) await clock.advance(10_000);
    engine.fail(undefined);
    for (let k = 0; k < 5; k++) await clock.advance(10_000);
    ending.abort();
    await settle();
    await running;
    expect(told).toEqual(["away", "recovered"]);
    expect(await engine.count()).toEqual({ series: 3, samples: 6 });
  });
});

describe("a store with a series engine behind it", () => {
  it("cuts its journal only as far as the engine has everything", async () => {
    const { clock, store, engine, feed } = await openBed();
    const front = createSeriesSnapshotStore({ store, engine, clock, feed: () => feed });
    await front.put(makeCommit(MINE, 1));
    await front.put(makeCommit(MINE, 2));
    await front.forgetJournal(2);
    const left = async () => {
      let blocks = 0;
      for await (const _ of front.blocksAfter(0)) blocks++;
      return blocks;
    };
    expect(await left()).toBe(2);
    await feed.finish();
    await front.forgetJournal(1);
    expect(await left()).toBe(0);
    expect(front.committedThrough).toBe(2);
  });

  it("erases in the engine too, and once more when nothing can be on its way", async () => {
    const { clock, store, engine, feed } = await openBed();
    const front = createSeriesSnapshotStore({ store, engine, clock, feed: () => feed });
    await front.put(makeCommit(MINE, 1));
    await front.put(makeCommit(THEIRS, 1));
    await feed.step();
    expect(await front.erase(MINE)).toMatchObject({ blocks: 1 });
    expect(await engine.count(MINE)).toEqual({ series: 0, samples: 0 });
    expect(await store.recordNames("series/erase/")).toHaveLength(1);
    await clock.advance(HOLD_MS);
    await feed.step();
    expect(await store.recordNames("series/erase/")).toEqual([]);
    expect(await engine.count(THEIRS)).toEqual({ series: 3, samples: 6 });
  });

  it("does not call erased what the engine still has, and makes up for it", async () => {
    const { clock, store, engine, feed } = await openBed();
    const front = createSeriesSnapshotStore({ store, engine, clock, feed: () => feed });
    await front.put(makeCommit(MINE, 1));
    await feed.step();
    engine.fail(new HeatpoolError("STORE_FAILED", "away"));
    await expect(front.erase(MINE)).rejects.toMatchObject({ code: "STORE_FAILED" });
    engine.fail(undefined);
    expect(await engine.count(MINE)).toEqual({ series: 3, samples: 6 });
    await feed.step();
    expect(await engine.count(MINE)).toEqual({ series: 0, samples: 0 });
  });
});
