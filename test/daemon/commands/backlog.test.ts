/** What the owner reads about the backlog says plainly when something is wrong. */
import { describe, expect, it } from "vitest";
import type { BacklogStatus, Loss } from "../../../daemon/backlog/backlog.js";
import {
  type BacklogReport,
  renderBacklog,
  renderBacklogJson,
  renderLosses,
  renderLossesJson,
} from "../../../daemon/commands/backlog.js";

const epochId = "0d9f3f0e-7c1b-4a52-9d43-1f5b7c0a9e11";

const status: BacklogStatus = {
  epochId,
  mode: "durable",
  diskBytes: 1_572_864,
  limitBytes: 67_108_864,
  isSpaceLow: false,
  batches: 1,
  snapshots: 60,
  unsealed: 12,
  deadLetters: 0,
  deadSnapshots: 0,
  recorded: 100,
  admitted: 20,
  duplicate: 5,
  rejected: 1,
  lost: 2,
  unaccounted: 0,
  commits: 44,
};

const loss: Loss = {
  number: 3,
  class: "lost",
  reason: "evicted-limit",
  deviceId: undefined,
  fromMs: Date.UTC(2026, 10, 1, 8),
  toMs: Date.UTC(2026, 10, 1, 9, 30),
  snapshots: 90,
  readings: 900,
  batches: { epochId, sequenceFrom: 1, sequenceTo: 2 },
};

const report: BacklogReport = {
  status,
  epochs: [{ epochId, firstUnacked: 7, lastSealed: 7, voids: [] }],
  losses: [loss],
};

describe("heatpool backlog show", () => {
  it("says what waits and what became of the rest", () => {
    expect(renderBacklog(report)).toBe(
      [
        "waiting      60 snapshots in 1 batch",
        "not sealed   12 snapshots",
        "disk         1.5 of 64.0 MiB",
        "recorded     100",
        "  admitted   20",
        "  duplicate  5",
        "  rejected   1",
        "  lost       2",
        "commits      44 since it was opened",
        "rejected     nothing kept aside",
        "loss ledger  1 entry not yet delivered",
        `epoch        ${epochId}: batches 7 to 7 wait`,
      ].join("\n"),
    );
  });

  it("tells older epochs and those that are delivered apart", () => {
    const epochs = [
      { epochId, firstUnacked: 7, lastSealed: 9, voids: [] },
      { epochId, firstUnacked: 3, lastSealed: 2, voids: [] },
    ];
    const lines = renderBacklog({ ...report, epochs })
      .split("\n")
      .slice(-2);
    expect(lines).toEqual([
      `older epoch  ${epochId}: batches 7 to 9 wait`,
      `epoch        ${epochId}: all delivered`,
    ]);
  });

  it("warns of a refusing disk, of little space and of an unbalanced account", () => {
    const bad = { ...status, mode: "memory", isSpaceLow: true, unaccounted: 4 } as const;
    const text = renderBacklog({ ...report, status: bad });
    expect(text).toContain("The disk refuses");
    expect(text).toContain("nearly full");
    expect(text).toContain("4 snapshots are unaccounted for");
  });

  it("is the same as JSON", () => {
    expect(JSON.parse(renderBacklogJson(report))).toMatchObject({
      status,
      epochs: report.epochs,
      losses: [{ number: 3, reason: "evicted-limit", batches: loss.batches }],
    });
  });
});

describe("heatpool backlog losses", () => {
  it("lists each loss with its reason in words", () => {
    expect(renderLosses([loss]).split("\n")).toEqual([
      "from              to                snapshots  device  reason",
      "2026-11-01 08:00  2026-11-01 09:30  90         all     evicted-limit  the backlog was full",
    ]);
  });

  it("says so when there is none", () => {
    expect(renderLosses([])).toBe("Nothing was lost.");
    expect(JSON.parse(renderLossesJson([]))).toEqual({ losses: [] });
  });
});
