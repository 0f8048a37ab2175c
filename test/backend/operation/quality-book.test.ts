/** The shares that tell a wrong profile from a good one must be right, and outlive a restart. */
import { describe, expect, it } from "vitest";
import { openQualityBook, runQualityBook } from "../../../backend/operation/quality-book.js";
import { createMemorySnapshotStore } from "../../../backend/store/memory-snapshot-store.js";
import { createFakeClock, settle } from "../../support/fake-clock.js";

const START_MS = Date.UTC(2026, 10, 1);
const DAY_MS = 86_400_000;

function stored(heatpumpModel: string, snapshots: number, readings: number, promised: number) {
  return { heatpumpModel, snapshots, readings, promised, lagMs: 0 };
}

function decided(heatpumpModel: string, ...rejected: [string, number][]) {
  const reasons = rejected.map(([reason, snapshots]) => ({ reason, snapshots }));
  return { heatpumpModel, admitted: 0, duplicate: 0, rejected: reasons };
}

async function open() {
  const clock = createFakeClock(START_MS);
  const store = createMemorySnapshotStore();
  const deps = { store, nowMs: () => clock.nowMs() };
  return { clock, store, again: () => openQualityBook(deps), book: await openQualityBook(deps) };
}

describe("quality of data", () => {
  it("is shares per heat pump model, the worst first", async () => {
    const { book } = await open();
    book.stored?.(stored("good/one", 100, 1_000, 1_000));
    book.stored?.(stored("bad/one", 80, 600, 800));
    book.decided?.(decided("bad/one", ["OUT_OF_RANGE", 10], ["TIME_TOO_OLD", 6]));
    book.decided?.(decided("bad/one", ["NON_FINITE", 4]));
    const { sinceMs, models } = book.report((model) => model.length, []);
    expect(sinceMs).toBe(START_MS);
    expect(models).toMatchObject([
      {
        heatpumpModel: "bad/one",
        installations: 7,
        snapshotsStored: 80,
        snapshotsRejected: 20,
        rejectedShare: 0.2,
        implausibleShare: 0.14,
        absentShare: 0.25,
        rejected: [
          { reason: "OUT_OF_RANGE", count: 10 },
          { reason: "TIME_TOO_OLD", count: 6 },
          { reason: "NON_FINITE", count: 4 },
        ],
      },
      { heatpumpModel: "good/one", rejectedShare: 0, implausibleShare: 0, absentShare: 0 },
    ]);
  });

  it("shows findings beside the counts, also of models that sent nothing lately", async () => {
    const { book } = await open();
    const finding = {
      ...{ heatpumpModel: "quiet/one", kind: "stuck-sensor", metric: "temp_flow" },
      ...{ installations: 2, foundAtMs: START_MS, detail: "stands still" },
    };
    const { models } = book.report(() => 3, [finding]);
    expect(models).toMatchObject([{ heatpumpModel: "quiet/one", findings: [finding] }]);
  });

  it("forgets after 30 days", async () => {
    const { book, clock } = await open();
    book.stored?.(stored("a/b", 1, 1, 1));
    await clock.advance(DAY_MS);
    book.stored?.(stored("a/b", 2, 2, 2));
    await clock.advance(28 * DAY_MS);
    expect(book.report(() => 1, []).models).toMatchObject([{ snapshotsStored: 3 }]);
    await clock.advance(DAY_MS);
    expect(book.report(() => 1, []).models).toMatchObject([{ snapshotsStored: 2 }]);
    await clock.advance(DAY_MS);
    expect(book.report(() => 1, [])).toEqual({ sinceMs: 0, models: [] });
  });

  it("is bounded, whatever names installations make up", async () => {
    const { book } = await open();
    for (let n = 0; n < 2_000; n++) book.stored?.(stored(`made/up-${n}`, 1, 1, 1));
    const { models } = book.report(() => 1, []);
    expect(models).toHaveLength(501);
    const others = models.find((one) => one.heatpumpModel === "(others)");
    expect(others?.snapshotsStored).toBe(1_500);
  });

  it("outlives a restart once it was written", async () => {
    const { book, again } = await open();
    book.stored?.(stored("a/b", 5, 5, 5));
    book.decided?.(decided("a/b", ["OUT_OF_RANGE", 5]));
    await book.save();
    const before = book.report(() => 1, []);
    expect((await again()).report(() => 1, [])).toEqual(before);
  });

  it("is written every ten minutes and at the end, and tried again when that failed", async () => {
    const { book, clock, store } = await open();
    const ending = new AbortController();
    const faults: unknown[] = [];
    const running = runQualityBook(
      book,
      { clock, onFault: (fault) => faults.push(fault) },
      ending.signal,
    );
    book.stored?.(stored("a/b", 1, 1, 1));
    await clock.advance(10 * 60_000);
    const first = await store.record("quality");
    expect(first).toBeDefined();
    const { putRecord } = store;
    store.putRecord = () => Promise.reject(new Error("full"));
    book.stored?.(stored("a/b", 1, 1, 1));
    await clock.advance(10 * 60_000);
    expect(faults).toHaveLength(1);
    store.putRecord = putRecord;
    ending.abort();
    await running;
    await settle();
    expect(await store.record("quality")).not.toEqual(first);
  });
});
