/** What every history must keep: each value once, by time, after a restart, within its size. */
import { describe, expect, it } from "vitest";
import { createChannelTable } from "#core/batch/channel-table.js";
import type { Snapshot } from "#core/measurement/snapshot.js";
import type { HistoryOptions } from "../../daemon/history/block-history.js";
import type { History, HistoryRow } from "../../daemon/history/history.js";
import { createMemoryHistory } from "../../daemon/history/memory-history.js";
import { createFakeClock, type FakeClock, settle } from "../support/fake-clock.js";

const DEVICE = "heatpump";
export const START_MS = Date.UTC(2026, 10, 2);
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const ALL = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER };
export const TABLE = createChannelTable(
  ["temp_flow", "temp_return"].map((metric) => ({
    ...{ metric, encoding: "int" as const, multiplier: 1, decimals: 1 },
    kind: "fastTemperature" as const,
  })),
);

/** Options of a house with one heat pump. */
export function historyOptions(clock: FakeClock, more: Partial<HistoryOptions> = {}) {
  return {
    streams: [{ deviceId: DEVICE, profile: "test/plain", table: TABLE, stepMs: MINUTE_MS }],
    clock,
    commitIntervalMs: 300_000,
    limitBytes: 1_000_000,
    onTrouble: () => undefined,
    ...more,
  };
}

/** A snapshot `minutes` after the start. */
export function snapshotAt(minutes: number, flow = minutes / 10, synced = true): Snapshot {
  return {
    deviceId: DEVICE,
    takenAtMs: START_MS + minutes * MINUTE_MS,
    monotonicMs: minutes * MINUTE_MS,
    clockSynced: synced,
    readings: [
      { metric: "temp_flow", value: flow, quality: "good" },
      { metric: "temp_return", value: undefined, quality: "absent" },
    ],
  };
}

/** Every row of a device, as minutes after the start and flow temperature. */
export async function flowsOf(history: History, range = ALL): Promise<(readonly number[])[]> {
  const found: (readonly number[])[] = [];
  for await (const { atMs, values } of history.rows({ deviceId: DEVICE }, range)) {
    found.push([(atMs - START_MS) / MINUTE_MS, values.get("temp_flow") ?? Number.NaN]);
  }
  return found;
}

/** A commit under way is a matter of the disk, not of the clock: a read waits for its turn after it. */
async function written(history: History): Promise<void> {
  await flowsOf(history);
  await settle();
}

const minutes = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, k) => [from + k, (from + k) / 10]);

/** Runs the promise. `open` opens an empty one, `reopen` the same storage again. */
export function historyContract(
  name: string,
  open: (options: HistoryOptions) => Promise<History>,
  reopen: (options: HistoryOptions) => Promise<History>,
): void {
  describe(`${name} keeps the history's promise`, () => {
    const begin = async (more: Partial<HistoryOptions> = {}) => {
      const clock = createFakeClock(START_MS);
      const options = historyOptions(clock, more);
      const history = await open(options);
      const end = new AbortController();
      const done = history.run(end.signal);
      return {
        clock,
        options,
        history,
        async close() {
          end.abort();
          await done;
        },
      };
    };

    it("shows what is still in memory, and the same after the commit", async () => {
      const { history, close } = await begin();
      for (let k = 0; k < 3; k++) history.record(snapshotAt(k));
      expect(await flowsOf(history)).toEqual(minutes(0, 3));
      await history.flush();
      expect(await flowsOf(history)).toEqual(minutes(0, 3));
      expect(history.status()).toMatchObject({ waiting: 0, commits: 1 });
      await close();
    });

    it("writes once per interval, whatever is polled", async () => {
      const { history, clock, close } = await begin();
      for (let k = 0; k < 20; k++) {
        history.record(snapshotAt(k));
        await clock.advance(MINUTE_MS);
        await written(history);
      }
      expect(history.status().commits).toBe(4);
      await close();
    });

    it("has every row once after hours were packed and it was opened again", async () => {
      const { history, options, close } = await begin();
      for (let k = 0; k < 200; k++) {
        history.record(snapshotAt(k));
        if (k % 7 === 0) await history.flush();
      }
      await close();
      const again = await reopen(options);
      expect(await flowsOf(again)).toEqual(minutes(0, 200));
      const end = new AbortController();
      end.abort();
      await again.run(end.signal);
    });

    it("packs a full hour into one block, also over a restart", async () => {
      const { history, options, close } = await begin();
      for (let k = 0; k < 50; k++) {
        history.record(snapshotAt(k));
        await history.flush();
      }
      const loose = history.status().bytes;
      await close();
      const again = await reopen(options);
      again.record(snapshotAt(61));
      await again.flush();
      expect(again.status().bytes).toBeLessThan(loose / 4);
      expect(await flowsOf(again)).toEqual([...minutes(0, 50), [61, 6.1]]);
      const end = new AbortController();
      end.abort();
      await again.run(end.signal);
    });

    it("gives a range: from its first instant to before its last", async () => {
      const { history, close } = await begin();
      for (let k = 0; k < 150; k++) history.record(snapshotAt(k));
      await history.flush();
      const range = { fromMs: START_MS + 58 * MINUTE_MS, toMs: START_MS + 63 * MINUTE_MS };
      expect(await flowsOf(history, range)).toEqual(minutes(58, 63));
      await close();
    });

    it("sums a day up into few buckets with least, mean and greatest", async () => {
      const { history, close } = await begin();
      for (let k = 0; k < 120; k++) history.record(snapshotAt(k));
      const range = { fromMs: START_MS, toMs: START_MS + 2 * HOUR_MS };
      const of = { deviceId: DEVICE, metrics: ["temp_flow", "temp_return"] };
      const found = await history.buckets(of, range, 2);
      expect(found.get("temp_flow")).toEqual([
        { fromMs: START_MS, min: 0, mean: expect.closeTo(2.95, 9), max: 5.9, last: 5.9, count: 60 },
        {
          ...{ fromMs: START_MS + HOUR_MS, min: 6, mean: expect.closeTo(8.95, 9) },
          ...{ max: 11.9, last: 11.9, count: 60 },
        },
      ]);
      expect(found.get("temp_return")).toEqual([]);
      await close();
    });

    it("drops the oldest day when it is larger than it may be", async () => {
      const { history, close } = await begin({ limitBytes: 6_000 });
      for (let day = 0; day < 6; day++) {
        for (let k = 0; k < 24; k++) history.record(snapshotAt(day * 1440 + k * 60, k));
        await history.flush();
      }
      const { bytes } = history.status();
      expect(bytes).toBeLessThanOrEqual(6_000);
      const days = new Set((await flowsOf(history)).map(([at = 0]) => Math.floor(at / 1440)));
      expect(days.has(0)).toBe(false);
      expect(days.has(5)).toBe(true);
      for (const day of days) {
        const rows = (await flowsOf(history)).filter(([at = 0]) => Math.floor(at / 1440) === day);
        expect(rows).toHaveLength(24);
      }
      await close();
    });

    it("takes rows of other origin in once, and leaves what is there", async () => {
      const { history, close } = await begin();
      history.record(snapshotAt(0, 5));
      await history.flush();
      const row = (k: number, flow: number): HistoryRow => ({
        atMs: START_MS + k * MINUTE_MS,
        values: new Map([["temp_flow", flow]]),
      });
      const rows = [row(0, 99), row(-90, 1), row(-30, 2)];
      expect(await history.take(DEVICE, rows, TABLE)).toBe(2);
      expect(await history.take(DEVICE, rows, TABLE)).toBe(0);
      expect(await flowsOf(history)).toEqual([
        [-90, 1],
        [-30, 2],
        [0, 5],
      ]);
      await close();
    });

    it("gives all it has, also what only waited, to an empty one, and to no other", async () => {
      const { history, clock, close } = await begin();
      for (let k = 0; k < 90; k++) {
        history.record(snapshotAt(k));
        if (k % 20 === 0) await history.flush();
      }
      const other = await createMemoryHistory(historyOptions(clock));
      const blocks = await other.adopt(history.records());
      expect(blocks).toBeGreaterThan(1);
      expect(await flowsOf(other)).toEqual(minutes(0, 90));
      expect(other.status().bytes).toBe(history.status().bytes);
      await expect(history.adopt(other.records())).rejects.toMatchObject({ code: "STATE_INVALID" });
      await close();
      const third = await open({ ...historyOptions(clock), limitBytes: 1 });
      expect(await third.adopt(other.records())).toBe(blocks);
      // A smaller limit than where it came from removes the oldest days.
      expect(third.status().bytes).toBe(0);
      const end = new AbortController();
      end.abort();
      await third.run(end.signal);
    });

    it("adopts no record that is none of a history", async () => {
      const { history, close } = await begin();
      const bad = async function* () {
        yield { key: Buffer.from("b123456123456heatpump"), value: Buffer.from("nonsense") };
      };
      await expect(history.adopt(bad())).rejects.toMatchObject({ code: "STORE_DAMAGED" });
      await close();
    });

    it("waits for the clock after a boot and mends the times", async () => {
      const { history, clock, close } = await begin();
      clock.setSynced(false);
      history.record(snapshotAt(0, 1, false));
      await clock.advance(300_000);
      await written(history);
      expect(history.status().commits).toBe(0);
      clock.stepWall(START_MS + 1000 * MINUTE_MS);
      clock.setSynced(true);
      await history.flush();
      expect(await flowsOf(history)).toEqual([[995, 1]]);
      await close();
    });

    it("does not wait for a clock that never comes", async () => {
      const { history, clock, close } = await begin();
      clock.setSynced(false);
      history.record(snapshotAt(0, 1, false));
      for (let k = 0; k < 4; k++) {
        await clock.advance(300_000);
        await written(history);
      }
      expect(history.status()).toMatchObject({ waiting: 0, commits: 1 });
      await close();
    });
  });
}
