/**
 * A disk that refuses: nothing that was committed is lost, nothing is sent twice under two names,
 * polling goes on, and everything is on disk when the disk is well again.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openLevelBacklog } from "../../../daemon/backlog/level-backlog.js";
import {
  countTo,
  drainNumbers,
  numbersIn,
  optionsOf,
  snapshotOf,
  waitingEntries,
} from "../../support/backlog-material.js";
import { createRandom } from "../../support/chance.js";
import { createDiskSwitch } from "../../support/failing-database.js";
import { createFakeClock } from "../../support/fake-clock.js";
import { temporaryFolder } from "../../support/folder.js";

async function begin() {
  const clock = createFakeClock();
  const disk = createDiskSwitch();
  const directory = temporaryFolder();
  const options = { ...optionsOf(clock), directory, openDatabase: disk.open };
  return { clock, disk, directory, options, backlog: await openLevelBacklog(options) };
}

describe("a disk that refuses", () => {
  it.each([false, true])(
    "one failed write costs nothing (it reached the disk: %s)",
    async (reaches) => {
      const { disk, backlog } = await begin();
      backlog.record(snapshotOf(0));
      await backlog.flush();
      disk.failingWrites = 1;
      disk.reachesDisk = reaches;
      backlog.record(snapshotOf(1));
      await backlog.flush();
      backlog.record(snapshotOf(2));
      await backlog.flush();
      expect(backlog.status()).toMatchObject({ mode: "durable", unaccounted: 0, lost: 0 });
      expect(await drainNumbers(backlog)).toEqual([0, 1, 2]);
      await backlog.close();
    },
  );

  it("keeps on in memory, sends fresh batches, and writes all of it when the disk is well", async () => {
    const { clock, disk, options, backlog } = await begin();
    backlog.record(snapshotOf(0));
    await backlog.seal();
    const old = backlog.status().epochId;
    disk.failingWrites = Number.POSITIVE_INFINITY;
    backlog.record(snapshotOf(1));
    await backlog.flush();
    expect(backlog.status().mode).toBe("memory");
    backlog.record(snapshotOf(2));
    await backlog.seal();
    const { epochId } = backlog.status();
    expect(epochId).not.toBe(old);
    expect(numbersIn(await backlog.after(old, 0, 10))).toEqual([0]);
    expect(numbersIn(await backlog.after(epochId, 0, 10))).toEqual([2]);
    expect(backlog.status()).toMatchObject({ unsealed: 1, unaccounted: 0 });

    disk.failingWrites = 0;
    await clock.advance(60_000);
    backlog.record(snapshotOf(3));
    await backlog.flush();
    expect(backlog.status().mode).toBe("durable");
    expect((await drainNumbers(backlog)).sort((a, b) => a - b)).toEqual([0, 1, 2, 3]);
    await backlog.close();
    const again = await openLevelBacklog(options);
    expect(numbersIn(await waitingEntries(again)).sort((a, b) => a - b)).toEqual([0, 1, 2, 3]);
    expect(again.status()).toMatchObject({ recorded: 4, unaccounted: 0, lost: 0 });
    await again.close();
  });

  it("does not send rows that the disk may hold under a number that the disk does not know", async () => {
    const { disk, options, backlog } = await begin();
    disk.failingWrites = Number.POSITIVE_INFINITY;
    disk.reachesDisk = true;
    backlog.record(snapshotOf(0));
    await backlog.flush();
    backlog.record(snapshotOf(1));
    await backlog.seal();
    expect(numbersIn(await waitingEntries(backlog))).toEqual([1]);
    const { epochId } = backlog.status();
    await backlog.acknowledge({ epochId, ackedThrough: 1, admitted: 1, duplicate: 0, rejected: 0 });
    disk.refusesToOpen = true;
    await backlog.close();
    const again = await openLevelBacklog({
      ...options,
      ...optionsOf(options.clock, 2),
      openDatabase: createDiskSwitch().open,
    });
    expect(await drainNumbers(again)).toEqual([0]);
    expect(again.status().unaccounted).toBe(0);
    await again.close();
  });

  it("hands out no batch and no loss that a failed commit may have written", async () => {
    const { disk, backlog } = await begin();
    backlog.record(snapshotOf(0));
    await backlog.flush();
    disk.failingWrites = Number.POSITIVE_INFINITY;
    backlog.recordLoss({
      class: "not-collected",
      reason: "slot-missed",
      deviceId: "heatpump",
      fromMs: 0,
      toMs: 1,
      snapshots: 1,
      readings: 0,
      batches: undefined,
    });
    await backlog.seal();
    expect(await waitingEntries(backlog)).toEqual([]);
    expect(await backlog.losses(0, 10)).toEqual([]);
    await backlog.close();
  });

  it("starts without its disk and takes in later what is there", async () => {
    const { clock, disk, options, backlog } = await begin();
    backlog.record(snapshotOf(0));
    await backlog.seal();
    await backlog.close();
    disk.refusesToOpen = true;
    const again = await openLevelBacklog({ ...options, ...optionsOf(clock, 2) });
    again.record(snapshotOf(1));
    await again.seal();
    expect(again.status()).toMatchObject({ mode: "memory", recorded: 1 });
    expect(numbersIn(await waitingEntries(again))).toEqual([1]);
    disk.refusesToOpen = false;
    await clock.advance(60_000);
    again.record(snapshotOf(2));
    await again.flush();
    expect(again.status()).toMatchObject({ mode: "durable", recorded: 3, unaccounted: 0 });
    expect(await drainNumbers(again)).toEqual([0, 1, 2]);
    await again.close();
  });

  it("goes on repairing when the disk is well, however often it refused meanwhile", async () => {
    const { clock, disk, directory, backlog } = await begin();
    backlog.record(snapshotOf(0));
    await backlog.flush();
    await writeFile(join(directory, "db", "999999.ldb"), "half a table");
    disk.failingWrites = 1;
    disk.refusesToOpen = true;
    for (const k of [1, 2, 3]) {
      backlog.record(snapshotOf(k));
      await backlog.flush();
      expect(backlog.status().mode).toBe("memory");
      await clock.advance(60_000);
    }
    disk.refusesToOpen = false;
    await clock.advance(60_000);
    await backlog.flush();
    expect(backlog.status()).toMatchObject({ mode: "durable", lost: 0, unaccounted: 0 });
    expect(await drainNumbers(backlog)).toEqual([0, 1, 2, 3]);
    await backlog.close();
  });

  it("bounds what memory holds and enters the rest in the ledger", async () => {
    const { clock, disk, backlog } = await begin();
    disk.failingWrites = Number.POSITIVE_INFINITY;
    backlog.record(snapshotOf(0));
    await backlog.flush();
    for (const k of countTo(10_500)) backlog.record(snapshotOf(k + 1));
    expect(backlog.status()).toMatchObject({ lost: 500, unaccounted: 0 });
    disk.failingWrites = 0;
    await clock.advance(60_000);
    await backlog.flush();
    expect(await backlog.losses(0, 10)).toMatchObject([
      { reason: "memory-overflow", snapshots: 500 },
    ]);
    await backlog.close();
  });

  it("any pattern of failing writes loses nothing and doubles nothing", async () => {
    for (let seed = 1; seed <= 10; seed++) {
      const { clock, disk, options, backlog } = await begin();
      const random = createRandom(seed);
      for (const k of countTo(60)) {
        if (random() < 0.2) disk.failingWrites = Math.floor(random() * 4);
        disk.reachesDisk = random() < 0.5;
        backlog.record(snapshotOf(k));
        if (random() < 0.2) await backlog.seal();
        else await backlog.flush();
        await clock.advance(30_000);
      }
      disk.failingWrites = 0;
      // A disk that is well again is tried each minute; real input and output end when they like.
      for (let tries = 0; tries < 4; tries++) {
        await clock.advance(61_000);
        await backlog.flush();
        if (backlog.status().mode === "durable" && tries > 0) break;
      }
      expect(
        (await drainNumbers(backlog)).sort((a, b) => a - b),
        `seed ${seed}`,
      ).toEqual(countTo(60));
      expect(backlog.status(), `seed ${seed}`).toMatchObject({
        unaccounted: 0,
        lost: 0,
        mode: "durable",
      });
      await backlog.close();
      const again = await openLevelBacklog({ ...options, ...optionsOf(clock, seed + 100) });
      expect(
        (await drainNumbers(again)).sort((a, b) => a - b),
        `seed ${seed}`,
      ).toEqual(countTo(60));
      await again.close();
    }
  });
});
