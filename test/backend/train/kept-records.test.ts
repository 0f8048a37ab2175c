/** What training keeps is about households, and goes when it has to: with them, with time. */
import { describe, expect, it } from "vitest";
import { planFor } from "#core/anomaly/feature-plan.js";
import { beginStatistics } from "#core/anomaly/statistics.js";
import { createMemorySnapshotStore } from "../../../backend/store/memory-snapshot-store.js";
import {
  keepCandidate,
  listCandidates,
  pruneCandidates,
} from "../../../backend/train/candidates.js";
import type { MonthFacts } from "../../../backend/train/judge-rows.js";
import {
  forgetMonths,
  keepMonth,
  pruneMonths,
  readMonth,
} from "../../../backend/train/kept-months.js";
import { CARD } from "../../support/fake-training.js";
import { openTraining } from "../../support/training-bed.js";

const DAY_MS = 86_400_000;
const channels = ["outdoor", "flow", "return", "power"] as const;
const facts: MonthFacts = {
  ...{ readings: 1, rows: 1, steadyRows: 1, heatingRows: 1, days: 1, channels, reasons: [] },
  faults: [],
};
const month = {
  ...{ inputHash: "ab", facts, channels },
  statistics: beginStatistics(planFor(new Set(channels))),
};
const place = (installationId: string, name: string) => ({
  ...{ installationId, deviceId: "heatpump", heatpumpModel: "a/b", month: name },
});

describe("sums of months", () => {
  it("are kept for twelve months, for those who agree, and go with who is erased", async () => {
    const store = createMemorySnapshotStore();
    for (const id of ["one", "two"])
      for (const name of ["2025-11", "2025-12", "2026-11"])
        await keepMonth(store, place(id, name), month);
    expect(await pruneMonths(store, ["one", "two"], "2025-12")).toBe(2);
    expect(await readMonth(store, place("one", "2025-11"))).toBeUndefined();
    expect(await readMonth(store, place("one", "2025-12"))).toBeDefined();
    expect(await pruneMonths(store, ["two"], "2025-12")).toBe(2);
    expect(await readMonth(store, place("one", "2026-11"))).toBeUndefined();
    expect(await forgetMonths(store, "two")).toBe(2);
    expect(await store.recordNames("train/month/")).toEqual([]);
  });

  it("that nobody may learn from are gone before anything is learnt, but not in a dry run", async () => {
    const store = createMemorySnapshotStore();
    await keepMonth(store, place("gone", "2026-10"), month);
    const { training } = await openTraining(store, Date.parse("2026-11-01T03:30:00Z"));
    const { signal } = new AbortController();
    await training.train({ isDry: true }, signal);
    expect(await store.recordNames("train/month/")).toHaveLength(1);
    await training.train({}, signal);
    expect(await store.recordNames("train/month/")).toEqual([]);
  });
});

describe("candidates", () => {
  it("that were refused stay for 90 days; others stay", async () => {
    const store = createMemorySnapshotStore();
    const outcomes = ["candidate", "published", "refused"] as const;
    for (const outcome of outcomes)
      await keepCandidate(store, {
        ...{ modelId: outcome, heatpumpModel: "a/b", card: CARD, outcome, reasons: [] },
        ...{ madeAtMs: 0, content: "" },
      });
    const left = async (days: number) => {
      await pruneCandidates(store, days * DAY_MS);
      return (await listCandidates(store)).map(({ outcome }) => outcome);
    };
    expect(await left(90)).toEqual(["candidate", "published", "refused"]);
    expect(await left(90.01)).toEqual(["candidate", "published"]);
    expect(await left(900)).toEqual(["candidate", "published"]);
  });
});
