/** A Pi starts without knowing the time: a batch gets the true times or says nothing at all. */
import { describe, expect, it } from "vitest";
import { openSealed, readRows } from "#core/batch/batch-reader.js";
import { resolveTimes } from "../../../daemon/backlog/block-times.js";
import type { UnsealedBlock } from "../../../daemon/backlog/journal.js";
import { createMemoryBacklog } from "../../../daemon/backlog/memory-backlog.js";
import { MemoryRecordStore } from "../../../daemon/backlog/memory-record-store.js";
import { optionsOf, snapshotOf, streamOf, waitingEntries } from "../../support/backlog-material.js";
import { createFakeClock } from "../../support/fake-clock.js";

const STEP_MS = 60_000;
/** What is younger is not sealed unasked. */
const HALF_HOUR_MS = 1_800_000;
const THIS_BOOT = new Uint8Array(16).fill(1);
const EARLIER_BOOT = new Uint8Array(16).fill(2);
const NOON = Date.UTC(2026, 10, 1, 12);

function blockOf(more: Partial<UnsealedBlock> & { startMs: number; rows?: never }, rows = 1) {
  const { startMs, ...rest } = more;
  return {
    number: 1,
    bootId: THIS_BOOT,
    firstMonotonicMs: 0,
    clockSynced: true,
    ...rest,
    rows: {
      deviceId: "heatpump",
      tableId: new Uint8Array(8),
      stepMs: STEP_MS,
      slot: startMs / STEP_MS,
      rows,
      readings: rows,
      codec: 0,
      plainBytes: 0,
      digest: new Uint8Array(16),
      block: new Uint8Array(0),
    },
  } satisfies UnsealedBlock;
}

/** A clock that shows noon after ten minutes of uptime. */
async function clockAtNoon(isSynced: boolean) {
  const clock = createFakeClock(NOON - 600_000);
  await clock.advance(600_000);
  clock.setSynced(isSynced);
  return clock;
}

describe("resolveTimes", () => {
  it("keeps the time of rows that were taken with a trusted clock", async () => {
    const clock = await clockAtNoon(false);
    const [verdict] = resolveTimes([blockOf({ startMs: NOON })], clock, THIS_BOOT, 0);
    expect(verdict).toEqual({ kind: "resolved", startMs: undefined });
  });

  it("waits with rows of this boot until the clock is trusted, then counts from the boot", async () => {
    const block = blockOf({ startMs: 0, clockSynced: false, firstMonotonicMs: 120_000 });
    expect(resolveTimes([block], await clockAtNoon(false), THIS_BOOT, 0)).toEqual([
      { kind: "wait" },
    ]);
    expect(resolveTimes([block], await clockAtNoon(true), THIS_BOOT, 0)).toEqual([
      { kind: "resolved", startMs: NOON - 600_000 + 120_000 },
    ]);
  });

  it("puts rows of an earlier boot in the middle when that is near enough", async () => {
    // This boot began at 11:50; the last trusted row was taken at 11:46:30, two rows lie between.
    const trusted = NOON - 600_000 - 210_000;
    const block = blockOf({ startMs: 0, clockSynced: false, bootId: EARLIER_BOOT }, 2);
    expect(resolveTimes([block], await clockAtNoon(true), THIS_BOOT, trusted)).toEqual([
      { kind: "resolved", startMs: trusted + STEP_MS + 45_000 },
    ]);
  });

  it("gives up rows of an earlier boot when the doubt is greater", async () => {
    const block = blockOf({ startMs: 0, clockSynced: false, bootId: EARLIER_BOOT });
    const clock = await clockAtNoon(true);
    const yesterday = NOON - 86_400_000;
    expect(resolveTimes([block], clock, THIS_BOOT, yesterday)).toEqual([{ kind: "unresolvable" }]);
    expect(resolveTimes([block], clock, THIS_BOOT, 0)).toEqual([{ kind: "unresolvable" }]);
  });

  it("counts from an earlier boot whose time was known, whatever this one knows", async () => {
    const block = blockOf({
      startMs: 0,
      clockSynced: false,
      bootId: EARLIER_BOOT,
      firstMonotonicMs: 120_000,
    });
    const bootTimes = new Map([["02".repeat(16), NOON - 86_400_000]]);
    for (const isSynced of [false, true]) {
      const clock = await clockAtNoon(isSynced);
      expect(resolveTimes([block], clock, THIS_BOOT, 0, bootTimes)).toEqual([
        { kind: "resolved", startMs: NOON - 86_400_000 + 120_000 },
      ]);
    }
  });

  it("takes trusted rows of the same journal as the last known time", async () => {
    const trusted = blockOf({ startMs: NOON - 720_000, bootId: EARLIER_BOOT });
    const block = blockOf({ startMs: 0, clockSynced: false, bootId: EARLIER_BOOT });
    const [, verdict] = resolveTimes([trusted, block], await clockAtNoon(true), THIS_BOOT, 0);
    expect(verdict).toEqual({ kind: "resolved", startMs: NOON - 630_000 });
  });
});

describe("a backlog whose machine learnt the time shortly before the power went", () => {
  it("gives the rows from before that moment their true times in the next boot", async () => {
    const clock = createFakeClock(0);
    clock.setSynced(false);
    const records = new MemoryRecordStore();
    const first = await createMemoryBacklog(optionsOf(clock), records);
    const bootedMs = Date.UTC(2026, 10, 1, 12, 0, 7);
    const record = (k: number) => {
      const { readings } = snapshotOf(k);
      first.record({
        deviceId: "heatpump",
        takenAtMs: clock.nowMs(),
        monotonicMs: clock.monotonicMs(),
        clockSynced: clock.isSynced(),
        readings,
      });
      return first.flush();
    };
    await clock.advance(STEP_MS);
    await record(0);
    await clock.advance(HALF_HOUR_MS);
    clock.stepWall(bootedMs + clock.monotonicMs());
    clock.setSynced(true);
    await record(1);

    // The first life is never closed: its power is gone. A week passes.
    const next = createFakeClock(bootedMs + 7 * 86_400_000);
    const other = { ...optionsOf(next, 2), bootId: "99999999-2222-4333-8444-555555555555" };
    const second = await createMemoryBacklog(other, records);
    await second.seal();
    const rows = (await waitingEntries(second)).flatMap(({ sealed }) => [
      ...readRows(openSealed(sealed, streamOf("heatpump").table), streamOf("heatpump").table),
    ]);
    expect(rows.map(({ atMs }) => atMs)).toEqual([
      bootedMs + STEP_MS,
      bootedMs + STEP_MS + HALF_HOUR_MS,
    ]);
    expect(second.status()).toMatchObject({ lost: 0, unaccounted: 0 });
  });
});
