/**
 * The promises of `daemon/backlog/backlog.ts`, for every backlog: nothing recorded is unaccounted
 * for, numbers and bytes never change their meaning, and what was told stays as it was told.
 */
import { describe, expect, it } from "vitest";
import type { Backlog } from "../../daemon/backlog/backlog.js";
import type { BacklogOptions } from "../../daemon/backlog/backlog-options.js";
import {
  countTo,
  drainNumbers,
  numbersIn,
  optionsOf,
  snapshotOf,
  streamOf,
  waitingEntries,
} from "../support/backlog-material.js";
import { createFakeClock } from "../support/fake-clock.js";

/** A place that backlogs can be opened at, again and again. */
export interface BacklogPlace {
  open(options: BacklogOptions): Promise<Backlog>;
}

/** Runs the promises against backlogs at places that `create` makes. */
export function backlogContract(name: string, create: () => BacklogPlace): void {
  describe(`${name} keeps the backlog's promise`, () => {
    const begin = async (more: Partial<BacklogOptions> = {}, seed = 1) => {
      const clock = createFakeClock();
      const place = create();
      const options = { ...optionsOf(clock, seed), ...more };
      return { clock, place, options, backlog: await place.open(options) };
    };
    const recordAll = (backlog: Backlog, numbers: readonly number[]) => {
      for (const k of numbers) backlog.record(snapshotOf(k));
    };

    it("hands out what was recorded, once, in order", async () => {
      const { backlog } = await begin();
      recordAll(backlog, countTo(5));
      expect(await backlog.seal()).toBe(1);
      const entries = await waitingEntries(backlog);
      expect(numbersIn(entries)).toEqual(countTo(5));
      expect(entries[0]?.sealed).toMatchObject({ deviceId: "heatpump", rows: 5, readings: 15 });
      await backlog.close();
    });

    it("numbers batches from 1 without holes, and the bytes of a number stay", async () => {
      const { backlog } = await begin();
      for (const k of countTo(4)) {
        backlog.record(snapshotOf(k));
        await backlog.seal();
      }
      const first = await waitingEntries(backlog);
      expect(first.map((entry) => entry.sequence)).toEqual([1, 2, 3, 4]);
      expect(await waitingEntries(backlog)).toEqual(first);
      const { epochId } = backlog.status();
      expect(await backlog.after(epochId, 1, 2)).toEqual(first.slice(1, 3));
      await backlog.close();
    });

    it("seals nothing when nothing was recorded", async () => {
      const { backlog } = await begin();
      expect(await backlog.seal()).toBe(0);
      expect(backlog.epochs()).toHaveLength(1);
      expect(backlog.epochs()[0]).toMatchObject({ firstUnacked: 1, lastSealed: 0 });
      await backlog.close();
    });

    it("keeps devices apart", async () => {
      const { backlog } = await begin();
      backlog.record(snapshotOf(0));
      backlog.record(snapshotOf(1, { deviceId: "second" }));
      backlog.record(snapshotOf(2));
      expect(await backlog.seal()).toBe(2);
      const entries = await waitingEntries(backlog);
      expect(entries.map((one) => [one.sealed.deviceId, numbersIn([one])])).toEqual([
        ["heatpump", [0, 2]],
        ["second", [1]],
      ]);
      await backlog.close();
    });

    it("forgets what was acknowledged and counts it, once", async () => {
      const { backlog } = await begin();
      for (const k of countTo(3)) {
        backlog.record(snapshotOf(k));
        await backlog.seal();
      }
      const { epochId } = backlog.status();
      const receipt = { epochId, ackedThrough: 2, admitted: 1, duplicate: 0, rejected: 1 };
      await backlog.acknowledge(receipt);
      await backlog.acknowledge(receipt);
      expect(numbersIn(await waitingEntries(backlog))).toEqual([2]);
      expect(backlog.epochs()).toMatchObject([{ epochId, firstUnacked: 3, lastSealed: 3 }]);
      expect(backlog.status()).toMatchObject({
        recorded: 3,
        admitted: 1,
        rejected: 1,
        duplicate: 0,
        snapshots: 1,
        unaccounted: 0,
      });
      await backlog.close();
    });

    it("counts as duplicate what a receipt without counts decides", async () => {
      const { backlog } = await begin();
      backlog.record(snapshotOf(0));
      await backlog.seal();
      const { epochId } = backlog.status();
      const bare = { epochId, ackedThrough: 1, admitted: 0, duplicate: 0, rejected: 0 };
      await backlog.acknowledge(bare);
      expect(backlog.status()).toMatchObject({ duplicate: 1, unaccounted: 0 });
      await backlog.close();
    });

    it("explains in the ledger what a receipt does not count", async () => {
      const { backlog, place, options } = await begin();
      recordAll(backlog, countTo(3));
      await backlog.seal();
      const { epochId } = backlog.status();
      const fewer = { epochId, ackedThrough: 1, admitted: 2, duplicate: 0, rejected: 0 };
      await backlog.acknowledge(fewer);
      await backlog.acknowledge(fewer);
      expect(backlog.status()).toMatchObject({ admitted: 2, lost: 1, unaccounted: 0 });
      const losses = await backlog.losses(0, 10);
      expect(losses).toMatchObject([
        {
          class: "lost",
          reason: "count-mismatch",
          deviceId: "heatpump",
          snapshots: 1,
          batches: { epochId, sequenceFrom: 1, sequenceTo: 1 },
        },
      ]);
      await backlog.close();
      const again = await place.open(options);
      expect(again.status()).toMatchObject({ admitted: 2, lost: 1, unaccounted: 0 });
      expect(await again.losses(0, 10)).toEqual(losses);
      await again.close();
    });

    it("counts no more than it holds, whatever a receipt says", async () => {
      const { backlog } = await begin();
      recordAll(backlog, countTo(3));
      await backlog.seal();
      const { epochId } = backlog.status();
      const more = { epochId, ackedThrough: 1, admitted: 2, duplicate: 7, rejected: 9 };
      await backlog.acknowledge(more);
      const { admitted, duplicate, rejected, lost, unaccounted } = backlog.status();
      expect([admitted, duplicate, rejected, lost, unaccounted]).toEqual([2, 1, 0, 0, 0]);
      await backlog.close();
    });

    it("continues its epoch after a clean end and reuses no number, even when all was sent", async () => {
      const { backlog, place, options } = await begin();
      backlog.record(snapshotOf(0));
      await backlog.seal();
      const { epochId } = backlog.status();
      await backlog.acknowledge({
        epochId,
        ackedThrough: 1,
        admitted: 1,
        duplicate: 0,
        rejected: 0,
      });
      await backlog.close();
      const again = await place.open(options);
      expect(again.epochs()).toMatchObject([{ epochId, firstUnacked: 2, lastSealed: 1 }]);
      again.record(snapshotOf(1));
      await again.seal();
      expect((await waitingEntries(again)).map((entry) => entry.sequence)).toEqual([2]);
      expect(again.status()).toMatchObject({ recorded: 2, admitted: 1, unaccounted: 0 });
      await again.close();
    });

    it("keeps journal, batches, counters and losses over a clean end", async () => {
      const { backlog, place, options } = await begin();
      recordAll(backlog, [0, 1]);
      await backlog.seal();
      recordAll(backlog, [2, 3]);
      backlog.recordLoss(lossOf("device-offline", 10));
      await backlog.close();
      const again = await place.open(options);
      expect(again.status()).toMatchObject({ recorded: 4, snapshots: 2, unsealed: 2 });
      expect(await again.losses(0, 10)).toMatchObject([{ number: 1, snapshots: 10 }]);
      expect(await drainNumbers(again)).toEqual([0, 1, 2, 3]);
      await again.close();
    });

    describe("a number that is taken back", () => {
      const filled = async (batches: number, rows = 4) => {
        const run = await begin();
        for (const k of countTo(batches * rows)) {
          run.backlog.record(snapshotOf(k));
          if (k % rows === rows - 1) await run.backlog.seal();
        }
        return { ...run, epochId: run.backlog.status().epochId };
      };
      const bare = { admitted: 0, duplicate: 0, rejected: 0 };

      it("holds its batch back, and what follows, until the answer; no ack decides it", async () => {
        const { backlog, epochId } = await filled(3);
        expect(await backlog.retract({ epochId, sequence: 2 }, "split", "too large")).toBe(true);
        const sequences = async () =>
          (await backlog.after(epochId, 0, 9)).map((one) => one.sequence);
        expect(await sequences()).toEqual([1]);
        await backlog.acknowledge({ epochId, ackedThrough: 3, ...bare, admitted: 4 });
        expect(await sequences()).toEqual([]);
        expect(backlog.status()).toMatchObject({ admitted: 4, snapshots: 8, unaccounted: 0 });
        expect(backlog.retractions()).toMatchObject([{ epochId, sequence: 2, fate: "split" }]);
        await backlog.close();
      });

      it("comes again in halves under new numbers, with every row once", async () => {
        const { backlog, epochId } = await filled(3, 5);
        const before = await backlog.after(epochId, 1, 1);
        await backlog.retract({ epochId, sequence: 2 }, "split", "too large");
        await backlog.settleRetraction({ epochId, sequence: 2 }, "voided");
        await backlog.settleRetraction({ epochId, sequence: 2 }, "voided");
        const entries = await waitingEntries(backlog);
        expect(entries.map((one) => one.sequence)).toEqual([1, 3, 4, 5]);
        expect(numbersIn(entries).sort((a, b) => a - b)).toEqual(countTo(15));
        expect(before[0]?.sealed.rows).toBe(5);
        expect(entries.slice(2).map((one) => one.sealed.rows)).toEqual([2, 3]);
        expect(backlog.epochs()[0]?.voids).toEqual([{ from: 2, to: 2 }]);
        expect(backlog.status()).toMatchObject({ snapshots: 15, lost: 0, unaccounted: 0 });
        await backlog.close();
      });

      it("counts as duplicate when the backend had it", async () => {
        const { backlog, epochId } = await filled(2);
        await backlog.retract({ epochId, sequence: 1 }, "split", "too large");
        await backlog.settleRetraction({ epochId, sequence: 1 }, "stored");
        expect(backlog.status()).toMatchObject({ duplicate: 4, snapshots: 4, unaccounted: 0 });
        expect((await waitingEntries(backlog)).map((one) => one.sequence)).toEqual([2]);
        await backlog.close();
      });

      it("is asked for again after a restart, and its hole is no damage", async () => {
        const { backlog, place, options, epochId } = await filled(4);
        await backlog.retract({ epochId, sequence: 2 }, "split", "too large");
        await backlog.retract({ epochId, sequence: 3 }, "poison", "INTERNAL");
        await backlog.settleRetraction({ epochId, sequence: 3 }, "voided");
        await backlog.close();
        const again = await place.open(options);
        expect(again.retractions()).toMatchObject([{ sequence: 2, fate: "split" }]);
        expect(again.status()).toMatchObject({
          epochId,
          lost: 0,
          deadSnapshots: 4,
          unaccounted: 0,
        });
        expect(await again.losses(0, 9)).toEqual([]);
        await again.settleRetraction({ epochId, sequence: 2 }, "voided");
        expect(numbersIn(await waitingEntries(again)).sort((a, b) => a - b)).toEqual(
          countTo(16).filter((k) => k < 8 || k > 11),
        );
        await again.close();
      });

      it("of a batch that is not there is refused", async () => {
        const { backlog, epochId } = await filled(1);
        expect(await backlog.retract({ epochId, sequence: 2 }, "split", "")).toBe(false);
        await backlog.settleRetraction({ epochId, sequence: 1 }, "voided");
        expect(backlog.status().snapshots).toBe(4);
        await backlog.close();
      });

      it("goes aside when another batch has it, whatever was meant", async () => {
        const { backlog, epochId } = await filled(1);
        await backlog.retract({ epochId, sequence: 1 }, "split", "too large");
        await backlog.settleRetraction({ epochId, sequence: 1 }, "forked");
        expect(backlog.deadLetters()).toMatchObject([
          { number: 1, reason: "forked", snapshots: 4 },
        ]);
        await backlog.close();
      });
    });

    describe("dead letters", () => {
      const withLetters = async (letters: number, more: Partial<BacklogOptions> = {}) => {
        const run = await begin(more);
        const { epochId } = run.backlog.status();
        for (const k of countTo(letters)) {
          run.backlog.record(snapshotOf(k));
          await run.backlog.seal();
          const batch = { epochId, sequence: k + 1 };
          await run.backlog.retract(batch, "poison", `died ${k}`);
          await run.backlog.settleRetraction(batch, "voided");
        }
        return { ...run, epochId };
      };

      it("outlive a restart and can be read", async () => {
        const { backlog, place, options } = await withLetters(2);
        await backlog.close();
        const again = await place.open(options);
        expect(again.deadLetters()).toMatchObject([
          { number: 1, reason: "poison", detail: "died 0", deviceId: "heatpump", snapshots: 1 },
          { number: 2, reason: "poison", detail: "died 1" },
        ]);
        expect(await again.readDeadLetter(2)).toMatchObject({ rows: 1, deviceId: "heatpump" });
        expect(await again.readDeadLetter(3)).toBeUndefined();
        expect(again.status()).toMatchObject({ deadLetters: 2, deadSnapshots: 2, unaccounted: 0 });
        await again.close();
      });

      it("go out again under new numbers when they are replayed", async () => {
        const { backlog } = await withLetters(2);
        expect(await backlog.replayDeadLetters([2, 7, 1])).toBe(2);
        const entries = await waitingEntries(backlog);
        expect(entries.map((one) => one.sequence)).toEqual([3, 4]);
        expect(numbersIn(entries)).toEqual([1, 0]);
        expect(backlog.status()).toMatchObject({ deadLetters: 0, snapshots: 2, unaccounted: 0 });
        await backlog.close();
      });

      it("leave an entry in the ledger when they are dropped", async () => {
        const { backlog, place, options } = await withLetters(2);
        expect(await backlog.dropDeadLetters([1])).toBe(1);
        expect(await backlog.losses(0, 9)).toMatchObject([
          { reason: "operator-dropped", snapshots: 1, deviceId: "heatpump", batches: undefined },
        ]);
        await backlog.close();
        const again = await place.open(options);
        expect(again.deadLetters().map((one) => one.number)).toEqual([2]);
        expect(again.status()).toMatchObject({ lost: 1, deadSnapshots: 1, unaccounted: 0 });
        await again.close();
      });

      it("are wiped with everything else", async () => {
        const { backlog } = await withLetters(1);
        await backlog.wipe();
        expect(backlog.deadLetters()).toEqual([]);
        await backlog.close();
      });
    });

    it("begins a new epoch on demand; the old one drains under its own id", async () => {
      const { backlog } = await begin();
      recordAll(backlog, [0]);
      await backlog.seal();
      const old = backlog.status().epochId;
      await backlog.beginEpoch();
      recordAll(backlog, [1]);
      await backlog.seal();
      const { epochId } = backlog.status();
      expect(epochId).not.toBe(old);
      expect(backlog.epochs()).toMatchObject([
        { epochId: old, firstUnacked: 1, lastSealed: 1 },
        { epochId, firstUnacked: 1, lastSealed: 1 },
      ]);
      await backlog.acknowledge({
        epochId: old,
        ackedThrough: 1,
        admitted: 1,
        duplicate: 0,
        rejected: 0,
      });
      expect(backlog.epochs()).toMatchObject([{ epochId, firstUnacked: 1, lastSealed: 1 }]);
      await backlog.close();
    });

    it("commits at once when the last commit is old, and groups what comes sooner", async () => {
      const { backlog, clock } = await begin({ commitIntervalMs: 30_000 });
      const committed: number[] = [];
      backlog.onCommit((snapshots) => committed.push(snapshots.length));
      await clock.advance(30_000);
      backlog.record(snapshotOf(0));
      await backlog.after(backlog.status().epochId, 0, 1);
      expect(committed).toEqual([1]);
      const { commits } = backlog.status();
      recordAll(backlog, [1, 2]);
      backlog.record(snapshotOf(3, { deviceId: "second" }));
      await clock.advance(29_000);
      expect(committed).toEqual([1]);
      await clock.advance(1_000);
      await backlog.after(backlog.status().epochId, 0, 1);
      expect(committed).toEqual([1, 3]);
      expect(backlog.status().commits).toBe(commits + 1);
      await backlog.close();
    });

    it("commits early what many devices bring in an hour at risk, and loses nothing of it", async () => {
      const names = ["one", "two", "three", "four"];
      const streams = names.map(streamOf);
      const { clock, backlog } = await begin({ streams, commitIntervalMs: 3_600_000 });
      const committed: number[] = [];
      backlog.onCommit((snapshots) => committed.push(snapshots.length));
      for (const k of countTo(2_700)) {
        for (const deviceId of names) backlog.record(snapshotOf(k, { deviceId }));
        if (k % 100 === 99) await clock.advance(1);
      }
      expect(committed.reduce((sum, one) => sum + one, 0)).toBeGreaterThan(0);
      expect(backlog.status()).toMatchObject({ recorded: 10_800, lost: 0, unaccounted: 0 });
      await backlog.close();
    });

    it("seals by itself when the rows of a batch are full", async () => {
      const { backlog } = await begin({ rowsMax: 10 });
      recordAll(backlog, countTo(10));
      await backlog.flush();
      expect(backlog.status()).toMatchObject({ batches: 1, unsealed: 0 });
      await backlog.close();
    });

    it("seals by itself after an hour", async () => {
      const { backlog, clock } = await begin();
      for (const k of countTo(61)) {
        backlog.record(snapshotOf(k));
        await clock.advance(60_000);
      }
      await backlog.flush();
      expect(backlog.status()).toMatchObject({ batches: 1, snapshots: 61, unsealed: 0 });
      await backlog.close();
    });

    it("waits with sealing until the clock is known, then gives rows their true times", async () => {
      const { backlog, clock } = await begin();
      clock.setSynced(false);
      for (const k of countTo(3)) {
        backlog.record(snapshotOf(k, { startMs: 0, clockSynced: false }));
        await clock.advance(60_000);
      }
      expect(await backlog.seal()).toBe(0);
      const bootMs = Date.UTC(2027, 0, 1);
      clock.stepWall(bootMs + clock.monotonicMs());
      clock.setSynced(true);
      expect(await backlog.seal()).toBe(1);
      const [entry] = await waitingEntries(backlog);
      expect(entry?.sealed).toMatchObject({ rows: 3, slot: bootMs / 60_000 });
      await backlog.close();
    });

    it("enters what it cannot take in the ledger and stays balanced", async () => {
      const { backlog } = await begin();
      backlog.record(snapshotOf(0, { deviceId: "stranger" }));
      backlog.record({ ...snapshotOf(1), takenAtMs: Number.NaN });
      expect(await backlog.losses(0, 10)).toMatchObject([
        { class: "lost", reason: "operator-dropped", deviceId: "stranger", snapshots: 1 },
        { class: "lost", reason: "time-unresolved", deviceId: "heatpump", snapshots: 1 },
      ]);
      expect(backlog.status()).toMatchObject({ recorded: 2, lost: 2, unaccounted: 0 });
      await backlog.close();
    });

    it("merges equal losses until they were told, and never changes what was told", async () => {
      const { backlog } = await begin();
      backlog.recordLoss(lossOf("device-offline", 1));
      backlog.recordLoss(lossOf("device-offline", 2));
      const told = await backlog.losses(0, 10);
      expect(told).toMatchObject([{ number: 1, snapshots: 3 }]);
      backlog.recordLoss(lossOf("device-offline", 4));
      expect(await backlog.losses(0, 10)).toMatchObject([
        { ...told[0] },
        { number: 2, snapshots: 4 },
      ]);
      await backlog.acknowledgeLosses(1);
      expect(await backlog.losses(0, 10)).toMatchObject([{ number: 2 }]);
      await backlog.close();
    });

    it("keeps the ledger within its limit by merging, not by dropping", async () => {
      const { backlog } = await begin();
      for (let k = 0; k < 6_000; k++) {
        backlog.recordLoss(lossOf(k % 2 === 0 ? "device-offline" : "slot-missed", 1));
      }
      const losses = await backlog.losses(0, 10_000);
      expect(losses.length).toBeLessThan(2_100);
      expect(losses.reduce((sum, loss) => sum + loss.snapshots, 0)).toBe(6_000);
      await backlog.close();
    });

    it("puts what was lost on the way into the balance", async () => {
      const { backlog } = await begin();
      backlog.recordLoss({ ...lossOf("memory-overflow", 5), class: "lost" });
      expect(backlog.status()).toMatchObject({ recorded: 5, lost: 5, unaccounted: 0 });
      await backlog.close();
    });

    it("notes the time between two lives, once per device", async () => {
      const { backlog, place, options } = await begin();
      recordAll(backlog, countTo(3));
      await backlog.close();
      const again = await place.open(options);
      recordAll(again, [10, 11]);
      expect(await again.losses(0, 10)).toMatchObject([
        { class: "not-collected", reason: "shutdown", deviceId: "heatpump", snapshots: 7 },
      ]);
      expect(again.status()).toMatchObject({ recorded: 5, lost: 0, unaccounted: 0 });
      await again.close();
    });

    it("names the streams that waiting batches use, beside the configured ones", async () => {
      const { backlog, place, options } = await begin();
      recordAll(backlog, [0]);
      await backlog.seal();
      await backlog.close();
      const second = options.streams.filter((stream) => stream.deviceId === "second");
      const again = await place.open({ ...options, streams: second });
      expect(
        again
          .streams()
          .map((stream) => stream.deviceId)
          .sort(),
      ).toEqual(["heatpump", "second"]);
      const { epochId } = again.status();
      await again.acknowledge({ epochId, ackedThrough: 1, admitted: 1, duplicate: 0, rejected: 0 });
      expect(again.streams().map((stream) => stream.deviceId)).toEqual(["second"]);
      await again.close();
    });

    it("wipes everything and begins a new epoch that works", async () => {
      const { backlog, place, options } = await begin();
      recordAll(backlog, countTo(3));
      await backlog.seal();
      recordAll(backlog, [3]);
      backlog.recordLoss(lossOf("device-offline", 1));
      const told = await backlog.losses(0, 10);
      const old = backlog.status().epochId;
      const wiped = backlog.wipe();
      backlog.record(snapshotOf(4));
      expect(await backlog.after(old, 0, 10)).toEqual([]);
      await wiped;
      expect(backlog.status()).toMatchObject({ recorded: 0, snapshots: 0, unsealed: 0, lost: 0 });
      expect(backlog.status().epochId).not.toBe(old);
      expect(await waitingEntries(backlog)).toEqual([]);
      backlog.recordLoss(lossOf("device-offline", 1));
      const [after] = await backlog.losses(0, 10);
      expect(after?.number).toBeGreaterThan(told[0]?.number ?? 0);
      recordAll(backlog, [7]);
      expect(await drainNumbers(backlog)).toEqual([7]);
      await backlog.close();
      const again = await place.open(options);
      expect(numbersIn(await waitingEntries(again))).toEqual([7]);
      await again.close();
    });

    it("takes nothing in after it was closed, and closes twice without harm", async () => {
      const { backlog } = await begin();
      await backlog.close();
      backlog.record(snapshotOf(0));
      await backlog.close();
      expect(backlog.status().recorded).toBe(0);
    });
  });
}

function lossOf(reason: "device-offline" | "slot-missed" | "memory-overflow", snapshots: number) {
  return {
    class: "not-collected" as const,
    reason,
    deviceId: "heatpump",
    fromMs: Date.UTC(2026, 10, 1),
    toMs: Date.UTC(2026, 10, 1) + 60_000,
    snapshots,
    readings: 0,
    batches: undefined,
  };
}
