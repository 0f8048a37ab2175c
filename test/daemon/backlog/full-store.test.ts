/**
 * The size limit and the full disk: the directory stays below its limit, what goes is counted with
 * its numbers, and a disk that fills up and empties again costs no committed snapshot.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { openSealed, readRows } from "#core/batch/batch-reader.js";
import { createChannelTable } from "#core/batch/channel-table.js";
import type { Snapshot } from "#core/measurement/snapshot.js";
import type { DeviceStream } from "../../../daemon/backlog/backlog.js";
import { openLevelBacklog } from "../../../daemon/backlog/level-backlog.js";
import { countTo, optionsOf, streamOf, waitingEntries } from "../../support/backlog-material.js";
import { createRandom } from "../../support/chance.js";
import { createFakeClock } from "../../support/fake-clock.js";
import { temporaryFolder } from "../../support/folder.js";

const MIB = 2 ** 20;
/** Megabytes of noise through a real store, on a machine that may be busy with other things. */
const TIME_MAX_MS = 600_000;
const random = createRandom(5);

/** 250 columns of noise: nothing packs it. */
const metrics = countTo(250).map((k) => `noise_${k}`);
const stream: DeviceStream = {
  ...streamOf("heatpump"),
  table: createChannelTable(
    metrics.map((metric) => ({
      metric,
      encoding: "int",
      multiplier: 1,
      decimals: 0,
      kind: "state",
    })),
  ),
};

function noisy(k: number): Snapshot {
  return {
    deviceId: "heatpump",
    takenAtMs: Date.UTC(2026, 10, 1) + k * 60_000,
    monotonicMs: k * 60_000,
    clockSynced: true,
    readings: metrics.map((metric) => ({
      metric,
      value: Math.floor(random() * 2 ** 31),
      quality: "good",
    })),
  };
}

function directoryBytes(directory: string): number {
  return readdirSync(directory, { recursive: true, encoding: "utf8" }).reduce((sum, name) => {
    const found = statSync(join(directory, name), { throwIfNoEntry: false });
    return sum + (found?.isFile() === true ? found.size : 0);
  }, 0);
}

async function begin(directory: string, more = {}) {
  const clock = createFakeClock();
  // Packing noise tightly takes most of the time and makes it no smaller.
  const kept = { codec: 0, streams: [stream], directory, rowsMax: 50 };
  const options = { ...optionsOf(clock), ...kept, ...more };
  return { clock, options, backlog: await openLevelBacklog(options) };
}

describe("the size limit", { timeout: TIME_MAX_MS }, () => {
  it("drops the oldest batches, says which, and stays below the limit", async () => {
    const directory = temporaryFolder();
    const { backlog } = await begin(directory, { limitBytes: 4 * MIB });
    let peak = 0;
    const { epochId } = backlog.status();
    for (const k of countTo(5_000)) {
      backlog.record(noisy(k));
      if (k % 50 !== 49) continue;
      await backlog.flush();
      peak = Math.max(peak, directoryBytes(directory));
    }
    expect(peak).toBeLessThan(4 * MIB);
    const { lost, unaccounted, snapshots, recorded } = backlog.status();
    expect(unaccounted).toBe(0);
    expect(recorded).toBe(5_000);
    expect(snapshots).toBeGreaterThan(1_000);
    const losses = await backlog.losses(0, 10);
    expect(losses).toHaveLength(1);
    const [epoch] = backlog.epochs();
    expect(losses[0]).toMatchObject({
      reason: "evicted-limit",
      class: "lost",
      snapshots: lost,
      batches: { epochId, sequenceFrom: 1, sequenceTo: (epoch?.firstUnacked ?? 0) - 1 },
    });
    await backlog.close();
  });

  it("or stops taking new ones, and counts them", async () => {
    const directory = temporaryFolder();
    const { backlog } = await begin(directory, { limitBytes: 4 * MIB, whenFull: "drop-newest" });
    for (const k of countTo(3_500)) {
      backlog.record(noisy(k));
      if (k % 50 === 49) await backlog.flush();
    }
    const [first] = backlog.epochs();
    expect(first?.firstUnacked).toBe(1);
    expect(directoryBytes(directory)).toBeLessThan(4 * MIB);
    expect(await backlog.losses(0, 10)).toMatchObject([
      { reason: "evicted-limit", batches: undefined },
    ]);
    expect(backlog.status().unaccounted).toBe(0);
    await backlog.close();
  });

  it("or keeps every second snapshot of the oldest that were never sent, and says so", async () => {
    const directory = temporaryFolder();
    const whenFull = "thin-oldest" as const;
    const { backlog, options } = await begin(directory, {
      limitBytes: 4 * MIB,
      whenFull,
      commitIntervalMs: 3_600_000,
    });
    const { epochId } = backlog.status();
    for (const k of countTo(50)) backlog.record(noisy(k));
    await backlog.seal();
    // The first one may have been sent: its number must not come to stand for something else.
    const [sent] = await backlog.after(epochId, 0, 1);
    let peak = 0;
    for (const k of countTo(3_700).slice(50)) {
      backlog.record(noisy(k));
      if (k % 50 !== 49) continue;
      await backlog.flush();
      peak = Math.max(peak, directoryBytes(directory));
    }
    expect(peak).toBeLessThan(4 * MIB);
    const status = backlog.status();
    expect(status).toMatchObject({ recorded: 3_700, unaccounted: 0 });
    expect(await backlog.after(epochId, 0, 1)).toEqual([sent]);
    const losses = await backlog.losses(0, 100);
    expect(new Set(losses.map((one) => one.reason))).toEqual(new Set(["thinned"]));
    expect(losses.reduce((sum, one) => sum + one.snapshots, 0)).toBe(status.lost);
    // What is left reaches back to the beginning, in fewer snapshots.
    const times = (await waitingEntries(backlog)).flatMap(({ sealed }) =>
      [...readRows(openSealed(sealed, stream.table), stream.table)].map(({ atMs }) => atMs),
    );
    times.sort((a, b) => a - b);
    expect(new Set(times).size).toBe(times.length);
    expect(times.length).toBe(status.snapshots);
    const gaps = times.slice(1).map((atMs, k) => (atMs - (times[k] ?? 0)) / 60_000);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(60);
    expect(gaps.filter((gap) => gap > 1).length).toBeGreaterThan(100);
    await backlog.close();
    const again = await openLevelBacklog(options);
    expect(again.status()).toMatchObject({ epochId, recorded: 3_700, unaccounted: 0 });
    expect(again.epochs()).toHaveLength(1);
    await again.close();
  });

  it("thins nothing that a life which did not note it may have sent", async () => {
    const directory = temporaryFolder();
    const commitIntervalMs = 3_600_000;
    const { backlog, options } = await begin(directory, { limitBytes: 4 * MIB, commitIntervalMs });
    for (const k of countTo(2_000)) {
      backlog.record(noisy(k));
      if (k % 50 === 49) await backlog.flush();
    }
    await backlog.seal();
    await backlog.close();
    const again = await openLevelBacklog({ ...options, whenFull: "thin-oldest" });
    for (const k of countTo(2_000)) {
      again.record(noisy(2_000 + k));
      if (k % 50 === 49) await again.flush();
    }
    await again.seal();
    const losses = await again.losses(0, 100);
    expect(new Set(losses.map((one) => one.reason))).toEqual(new Set(["thinned"]));
    const old = backlog.status().batches;
    expect(losses.every((one) => (one.batches?.sequenceFrom ?? 0) > old)).toBe(true);
    expect(again.epochs()[0]?.firstUnacked).toBe(1);
    expect(again.status()).toMatchObject({ unaccounted: 0 });
    await again.close();
  });

  it("acknowledged batches give their space back", async () => {
    const directory = temporaryFolder();
    const { backlog } = await begin(directory);
    for (const k of countTo(5_000)) {
      backlog.record(noisy(k));
      if (k % 50 === 49) await backlog.flush();
    }
    const full = directoryBytes(directory);
    const { epochId, batches } = backlog.status();
    await backlog.acknowledge({
      epochId,
      ackedThrough: batches,
      admitted: 5_000,
      duplicate: 0,
      rejected: 0,
    });
    await backlog.beginEpoch();
    await backlog.flush();
    expect(full).toBeGreaterThan(6 * MIB);
    expect(directoryBytes(directory)).toBeLessThan(3.5 * MIB);
    await backlog.close();
  });
});

describe("a full disk", { timeout: TIME_MAX_MS }, () => {
  const mount = temporaryFolder();
  const isMounted =
    spawnSync("mount", ["-t", "tmpfs", "-o", "size=8m", "tmpfs", mount], { stdio: "ignore" })
      .status === 0;
  afterAll(() => {
    if (isMounted) spawnSync("umount", [mount]);
  });

  it.skipIf(!isMounted)(
    "fills up and empties: no committed snapshot is lost (needs root for a tmpfs of 8 MiB)",
    async () => {
      const directory = join(mount, "backlog");
      mkdirSync(directory);
      const { clock, options, backlog } = await begin(directory);
      const ballast = join(mount, "ballast");
      let k = 0;
      const run = async (snapshots: number): Promise<void> => {
        for (const end = k + snapshots; k < end; k++) {
          backlog.record(noisy(k));
          await backlog.flush();
          await clock.advance(60_000);
        }
      };
      await run(300);
      // Twice: what a filled disk left behind must not hinder the next time.
      for (let round = 0; round < 2; round++) {
        fill(ballast);
        await run(50);
        expect(backlog.status()).toMatchObject({ mode: "durable", unaccounted: 0, lost: 0 });
        // What the reserve gave is taken too, and then the room ahead in LevelDB's log.
        fill(ballast);
        await run(1_000);
        expect(backlog.status()).toMatchObject({ mode: "memory", unaccounted: 0, lost: 0 });
        rmSync(ballast);
        await run(20);
        expect(backlog.status()).toMatchObject({ mode: "durable", unaccounted: 0, lost: 0 });
        await backlog.seal();
        const entries = await waitingEntries(backlog);
        expect(entries.reduce((sum, one) => sum + one.sealed.rows, 0)).toBe(k);
        for (const { epochId, lastSealed } of backlog.epochs()) {
          const counts = { duplicate: 0, rejected: 0 };
          const mine = entries.filter((one) => one.epochId === epochId);
          const admitted = mine.reduce((sum, one) => sum + one.sealed.rows, 0);
          await backlog.acknowledge({ epochId, ackedThrough: lastSealed, admitted, ...counts });
        }
        await backlog.flush();
        k = 0;
      }
      await backlog.close();
      const again = await openLevelBacklog(options);
      expect(again.status()).toMatchObject({ snapshots: 0, unsealed: 0, lost: 0, unaccounted: 0 });
      await again.close();
    },
  );

  /** Leaves not one block free. */
  function fill(path: string): void {
    for (const size of [MIB, 64 * 1024, 4096]) {
      try {
        for (;;) writeFileSync(path, Buffer.alloc(size, 1), { flag: "a" });
      } catch {
        // Full for blocks of this size.
      }
    }
  }
});
