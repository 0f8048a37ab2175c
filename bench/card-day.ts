/**
 * A day of polls into a store, in as little time as the store takes: the real backlog on LevelDB
 * under a clock that jumps from poll to poll, and, as the baseline, what a plain program does: a
 * row of JSON per poll, synced. Both are emptied each hour, as if a backend had taken everything.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { ClassicLevel } from "classic-level";
import type { Snapshot } from "#core/measurement/snapshot.js";
import type { Backlog } from "../daemon/backlog/backlog.js";
import { openLevelBacklog } from "../daemon/backlog/level-backlog.js";
import { createChance } from "../test/support/chance.js";
import { createFakeClock, type FakeClock } from "../test/support/fake-clock.js";
import { type Dataset, generate, REFERENCE_HOUSES, toRecords } from "./gen.mjs";
import { DEVICE_ID, toSnapshots, toTable } from "./reference-data.js";

export const POLL_SECONDS = 10;
const POLL_MS = POLL_SECONDS * 1000;
const HOUR_MS = 3_600_000;
const HOUR_POLLS = HOUR_MS / POLL_MS;
const BOOT_ID = "11111111-2222-4333-8444-555555555555";

/** What a day of polling yields. */
export interface Day {
  readonly data: Dataset;
  readonly snapshots: readonly Snapshot[];
  readonly rows: readonly string[];
}

/** Hours of a day in winter, and some polls into the next hour. */
export function makeDay(hours: number, pollsAfter: number): Day {
  const [house = { seed: 1 }] = REFERENCE_HOUSES;
  const all = generate({ ...house, days: 2, stepSeconds: POLL_SECONDS });
  const n = hours * HOUR_POLLS + pollsAfter;
  const startMs = all.timesMs[0] ?? 0;
  const snapshots = toSnapshots(all)
    .slice(0, n)
    .map((one) => ({ ...one, monotonicMs: one.takenAtMs - startMs }));
  const rows = toRecords(all)
    .slice(0, n)
    .map((record) => JSON.stringify(record));
  return { data: all, snapshots, rows };
}

/** An open store that can take a day in. */
export interface Recorder {
  /** Records the day. Resolves with the number of synced writes. */
  record(day: Day): Promise<number>;
  close(): Promise<void>;
}

/** The backlog, with at most `windowSeconds` at risk. */
export async function openOurs(folder: string, day: Day, windowSeconds: number): Promise<Recorder> {
  const clock = createFakeClock(day.snapshots[0]?.takenAtMs);
  const backlog = await openBacklog(folder, day, clock, windowSeconds);
  return {
    async record({ snapshots }) {
      const before = backlog.status().commits;
      const ending = new AbortController();
      let delivered = Promise.resolve();
      const uplink = async () => {
        while (!ending.signal.aborted) {
          await clock.sleep(HOUR_MS, ending.signal);
          if (!ending.signal.aborted) delivered = deliverAll(backlog);
        }
      };
      const uplinkEnded = uplink();
      for (const snapshot of snapshots) {
        await clock.advance(Math.max(0, snapshot.monotonicMs - clock.monotonicMs()));
        await delivered;
        backlog.record(snapshot);
        await idle(backlog);
      }
      ending.abort();
      await uplinkEnded;
      return backlog.status().commits - before;
    },
    close: () => backlog.close(),
  };
}

/** Snapshots that the store at `folder` has or has handed over. */
export async function countOurs(folder: string, day: Day): Promise<number> {
  const clock = createFakeClock((day.snapshots.at(-1)?.takenAtMs ?? 0) + POLL_MS);
  const backlog = await openBacklog(folder, day, clock, 0);
  const { recorded, lost, unaccounted } = backlog.status();
  assert.equal(unaccounted, 0, "unaccounted snapshots after a power cut");
  await backlog.close();
  return recorded - lost;
}

function openBacklog(
  folder: string,
  day: Day,
  clock: FakeClock,
  windowSeconds: number,
): Promise<Backlog> {
  const stream = {
    deviceId: DEVICE_ID,
    profile: "idm/navigator-2.0",
    profileVersion: 1,
    heatpumpModel: "idm/navigator-2.0",
    table: toTable(day.data.channels),
    stepMs: POLL_MS,
  };
  return openLevelBacklog({
    directory: join(folder, "backlog"),
    streams: [stream],
    bootId: BOOT_ID,
    clock,
    chance: createChance(1),
    commitIntervalMs: windowSeconds * 1000,
  });
}

/** Resolves when the backlog has done what its clock made it do. */
async function idle(backlog: Backlog): Promise<void> {
  await backlog.after(backlog.status().epochId, 0, 0);
}

/** As the uplink does it each hour: seals, sends what waits, forgets what was acknowledged. */
async function deliverAll(backlog: Backlog): Promise<void> {
  await backlog.seal();
  for (const { epochId } of backlog.epochs()) {
    const entries = await backlog.after(epochId, 0, 100);
    for (const { sequence, sealed } of entries) {
      const counts = { admitted: sealed.rows, duplicate: 0, rejected: 0 };
      await backlog.acknowledge({ epochId, ackedThrough: sequence, ...counts });
    }
  }
}

/** Rows of JSON, each synced, in LevelDB as it comes. */
export async function openPlainly(folder: string): Promise<Recorder> {
  const level = new ClassicLevel<string, string>(join(folder, "plain"));
  await level.open();
  return {
    async record({ rows }) {
      for (const [k, row] of rows.entries()) {
        await level.put(plainKey(k), row, { sync: true });
        if ((k + 1) % HOUR_POLLS === 0) await level.clear({ lt: plainKey(k + 1) });
      }
      return rows.length;
    },
    close: () => level.close(),
  };
}

/** Rows that the store at `folder` has or has handed over. */
export async function countPlainly(folder: string): Promise<number> {
  const level = new ClassicLevel<string, string>(join(folder, "plain"));
  await level.open();
  const [newest] = await level.keys({ reverse: true, limit: 1 }).all();
  await level.close();
  return newest === undefined ? 0 : Number(newest) + 1;
}

function plainKey(k: number): string {
  return String(k).padStart(9, "0");
}
