/**
 * What reaches the owner, and how often. At stake: a heat pump that nags is muted, and one that is
 * silent is not believed.
 */
import { describe, expect, it } from "vitest";
import {
  CELLS_PER_DAY,
  CELLS_PER_HOUR,
  type ChannelId,
  channelIndex,
} from "#core/anomaly/channel.js";
import { planFor } from "#core/anomaly/feature-plan.js";
import type { FindingKind } from "#core/anomaly/finding.js";
import { learnFleet } from "#core/anomaly/learn-fleet.js";
import { makeRows } from "#core/anomaly/row-maker.js";
import { openWatch, startWatch } from "#core/anomaly/watch.js";
import { openAlarmBook } from "../../../daemon/model/alarm-book.js";
import { createAlarmDesk, MUTE_MS } from "../../../daemon/model/alarm-desk.js";
import type { CellFacts } from "../../../daemon/model/wanted-alarms.js";
import type { Notice } from "../../../daemon/notify/notify.js";
import { MADE_UP, madeUpCells } from "../../support/heat-pump-cells.js";

const CELL_MS = 300_000;
const START = 20_000 * CELLS_PER_DAY;
const HOUR = CELLS_PER_HOUR;
const DAY = CELLS_PER_DAY;
const plan = planFor(new Set(MADE_UP));
const model = learnFleet(
  plan,
  [1, 2].map((seed) => ({
    installationId: `${seed}`,
    rows: makeRows(madeUpCells({ seed, days: 20 })),
  })),
);
const place = (id: string) => plan.parts.findIndex((part) => part.id === id);

/** A desk with a book in memory; cells are counted from the start. */
function bed() {
  let text: string | undefined;
  const file = { path: "alarms", read: () => text, write: (next: string) => (text = next) };
  const book = openAlarmBook(file as never);
  const notices: Notice[] = [];
  const changes: string[] = [];
  const desk = createAlarmDesk({
    ...{ book, language: "en", writeTime: (atMs) => new Date(atMs).toISOString() },
    tell: (notice) => notices.push(notice),
    onChange: (_, change) => changes.push(change),
  });
  const judge = (cell: number, more: Partial<CellFacts> = {}) =>
    desk.judge({
      ...{ deviceId: "a", cell: START + cell, findings: [], quietUntil: 0, severity: "warning" },
      ...{ watched: watched([]), ...more },
    });
  /** Cell, and whether it was an end, of what was told. */
  const told = () =>
    notices.map(({ atMs, isResolved }) => [atMs / CELL_MS - START, isResolved ? "over" : "on"]);
  return { book, notices, changes, judge, told };
}

/** A watch in whose alarm these parts are. */
function watched(ids: readonly string[]): CellFacts["watched"] {
  const raisedAt = ids.length === 0 ? undefined : START;
  const state = startWatch(model, 0);
  const alarm = { ...state.alarm, raisedAt, parts: ids.map(place) };
  return { watch: openWatch(model, { ...state, alarm }), model, source: "local", label: "1" };
}

const finding = (id: ChannelId, since: number, kind: FindingKind = "stuck") => ({
  ...{ kind, channel: channelIndex(id), since: START + since, last: START + since },
  detail: "stands at 27",
});

describe("a device", () => {
  it("speaks at most once a day, whatever happens to it", () => {
    const { judge, told, book } = bed();
    judge(0, { watched: watched(["heating.low"]) });
    for (let cell = 1; cell < 20 * HOUR; cell++)
      judge(cell, {
        watched: watched(cell < 6 * HOUR ? ["heating.low"] : []),
        findings: [finding("return", -100)],
      });
    expect(told()).toEqual([[0, "on"]]);
    expect(book.list().map(({ kind }) => kind)).toEqual(["sensor", "machine"]);
  });

  it("tells an end when its day has come", () => {
    const { judge, told, book } = bed();
    judge(0, { watched: watched(["heating.low"]) });
    for (let cell = 1; cell < 3 * DAY; cell++) judge(cell);
    expect(book.list()[0]?.resolvedAtMs).toBe((START + 1) * CELL_MS);
    expect(told()).toEqual([
      [0, "on"],
      [DAY, "over"],
    ]);
  });

  it("tells no end of what came back meanwhile, and one end in all", () => {
    const { judge, told, changes } = bed();
    const on = (cell: number) => cell < 6 * HOUR || (cell >= 20 * HOUR && cell < 40 * HOUR);
    for (let cell = 0; cell < 4 * DAY; cell++)
      judge(cell, { watched: watched(on(cell) ? ["heating.low"] : []) });
    expect(changes).toEqual(["raised", "resolved", "reopened", "resolved"]);
    expect(told()).toEqual([
      [0, "on"],
      [40 * HOUR, "over"],
    ]);
  });

  it("tells anew what comes a day after its end", () => {
    const { judge, changes } = bed();
    judge(0, { watched: watched(["heating.low"]) });
    for (let cell = 1; cell <= DAY; cell++) judge(cell);
    judge(DAY + 1, { watched: watched(["heating.low"]) });
    expect(changes).toEqual(["raised", "resolved", "raised"]);
  });

  it("tells at once what is urgent, and once", () => {
    const { judge, notices } = bed();
    judge(0, { watched: watched(["heating.low"]) });
    for (let cell = 1; cell < 12; cell++)
      judge(cell, { watched: watched(["heating.low"]), severity: "critical" });
    expect(notices.map(({ severity }) => severity)).toEqual(["warning", "alarm"]);
  });

  it("is not kept silent by another one", () => {
    const { judge, notices } = bed();
    judge(0, { watched: watched(["heating.low"]) });
    judge(1, { watched: watched(["heating.low"]), deviceId: "b" });
    expect(notices.map(({ subject }) => subject)).toEqual(["alarm/a/1", "alarm/b/2"]);
  });
});

describe("a part that joins", () => {
  it("is part of the same alarm, and no notice of its own", () => {
    const { judge, book, notices, changes } = bed();
    judge(0, { watched: watched(["heating.low"]) });
    judge(2 * DAY, { watched: watched(["heating.low", "heating.fan"]) });
    expect(changes).toEqual(["raised", "changed"]);
    expect(book.list()[0]?.parts.map(({ id }) => id)).toEqual(["heating.low", "heating.fan"]);
    expect(notices).toHaveLength(1);
  });

  it("that is muted is not heard; after 14 days it is", () => {
    const { judge, book, notices } = bed();
    const untilMs = START * CELL_MS + MUTE_MS;
    book.mute({ deviceId: "a", part: "heating.low", untilMs });
    for (let day = 0; day < 14; day++) judge(day * DAY, { watched: watched(["heating.low"]) });
    expect(book.list()).toEqual([]);
    judge(0, { watched: watched(["heating.low", "heating.fan"]), deviceId: "b" });
    judge(14 * DAY, { watched: watched(["heating.low"]) });
    expect(notices.map(({ subject }) => subject)).toEqual(["alarm/b/1", "alarm/a/2"]);
  });
});

describe("a finding", () => {
  it("is told when it is six hours old, and is a sensor's", () => {
    const { judge, notices, book } = bed();
    for (let cell = 0; cell < 80; cell++) judge(cell, { findings: [finding("return", 0)] });
    expect(notices[0]).toMatchObject({ kind: "data-quality", atMs: (START + 72) * CELL_MS });
    expect(book.list()[0]).toMatchObject({ kind: "sensor", source: "data", severity: "warning" });
  });

  it.each(["absent", "implausible", "stale"] as const)("of the kind %s is shown only", (kind) => {
    const { judge, notices } = bed();
    for (let cell = 0; cell < 80; cell++) judge(cell, { findings: [finding("return", 0, kind)] });
    expect(notices).toEqual([]);
  });

  it("is told in a quiet time, which holds back and ends nothing of the machine", () => {
    const { judge, notices, book } = bed();
    judge(0, { watched: watched(["heating.low"]) });
    const quiet = { quietUntil: START + 9 * DAY };
    judge(DAY, { ...quiet, findings: [finding("return", 0)] });
    expect(book.list().map(({ resolvedAtMs }) => resolvedAtMs)).toEqual([undefined, undefined]);
    expect(notices.map(({ kind }) => kind)).toEqual(["anomaly", "data-quality"]);
    judge(9 * DAY, { ...quiet, findings: [finding("return", 0)] });
    expect(book.list()[1]?.resolvedAtMs).toBe((START + 9 * DAY) * CELL_MS);
  });
});
