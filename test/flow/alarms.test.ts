/**
 * What an owner is told about a heat pump, through the whole way: poll, cell, row, score, alarm,
 * notice. At stake: silence while a fault grows, or a bell that rings for nothing.
 */
import { cpSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { encodeArtefact } from "#core/anomaly/artefact.js";
import { simulateHeatPump } from "../../bench/heat-pump-simulator.js";
import type { FaultEvent } from "../../bench/simulated/faults.js";
import type { HappeningEvent } from "../../bench/simulated/happenings.js";
import { openCheckedFile } from "../../daemon/host/state-file.js";
import { renderScores } from "../../daemon/model/alarm-text.js";
import { openLocalModels } from "../../daemon/model/local-model.js";
import { createMemoryRows } from "../../daemon/model/memory-rows.js";
import { temporaryFolder } from "../support/folder.js";
import { DEVICE_ID, HEAT_PUMP_MODEL, openScorerBed } from "../support/scorer-bed.js";

const DAY_MS = 86_400_000;
const START_MS = Date.parse("2024-11-01T00:00:00Z");
const LEARN_DAYS = 75;
/** The model is new for three days; then something happens. */
const EVENT_MS = START_MS + (LEARN_DAYS + 6) * DAY_MS;
const SEED = 71;
/** Learns once, at its first need. */
const RULES = { daysMin: LEARN_DAYS };

/** The house's state after the days of learning. */
const learnt = temporaryFolder();
const rows = createMemoryRows();

const simulate = (
  days: number,
  faults: readonly FaultEvent[],
  more: readonly HappeningEvent[] = [],
) => simulateHeatPump({ seed: SEED, startMs: START_MS, days, faults, happenings: more });

/** The days after learning with something in them. */
async function live(
  days: number,
  faults: readonly FaultEvent[],
  happenings: readonly HappeningEvent[] = [],
) {
  const folder = temporaryFolder();
  cpSync(learnt, folder, { recursive: true });
  const bed = await openScorerBed(folder, { rows, rules: RULES });
  await bed.feed(
    simulate(LEARN_DAYS + days, faults, happenings),
    START_MS + (LEARN_DAYS + 1) * DAY_MS,
  );
  await bed.stop();
  return bed;
}

beforeAll(async () => {
  const bed = await openScorerBed(learnt, { rows, rules: RULES });
  await bed.feed(simulate(LEARN_DAYS + 1, []));
  await bed.stop();
  expect(bed.log.map(({ event }) => event)).toContain("model.learnt");
  expect(bed.notices).toEqual([]);
}, 300_000);

describe("alarms of a house", () => {
  it("a failing fan is told once, by its right part, and told again when it is over", async () => {
    const faults = [
      { fault: "fan_failure", severity: 1, startMs: EVENT_MS, endMs: EVENT_MS + 4 * DAY_MS },
    ] as const;
    const bed = await live(20, faults);
    const alarms = bed.scorer.alarms();
    expect(alarms).toHaveLength(1);
    expect(alarms[0]?.parts[0]?.id).toMatch(/\.(low|fan)$/);
    expect(alarms[0]?.parts.map(({ id }) => id)).toContain("heating.fan");
    expect(alarms[0]?.source).toBe("local");
    expect(bed.notices.map(({ isResolved }) => isResolved)).toEqual([false, true]);
    expect(alarms[0]?.resolvedAtMs).toBeGreaterThan(EVENT_MS + 4 * DAY_MS);
  }, 300_000);

  it.each([
    ["low_flow", /\.return$/],
    ["backup_heater_on", /\.(power|power\.heat|kw)$/],
    ["sensor_return_stuck", /\.(return|cop)$/],
  ] as const)(
    "%s names what departs among the first two, and is over when repaired",
    async (fault, right) => {
      const event = { fault, severity: 1, startMs: EVENT_MS, endMs: EVENT_MS + 3 * DAY_MS };
      const bed = await live(16, [event]);
      const alarms = bed.scorer.alarms();
      const named = alarms.flatMap(({ parts }) => parts.slice(0, 2).map(({ id }) => id));
      expect(
        named.some((id) => right.test(id)),
        named.join(" "),
      ).toBe(true);
      expect(alarms.filter(({ resolvedAtMs }) => resolvedAtMs === undefined)).toEqual([]);
      const subjects = (isResolved: boolean) =>
        bed.notices.filter((one) => one.isResolved === isResolved).map(({ subject }) => subject);
      const raised = subjects(false).filter((subject) => !subject.endsWith("/critical"));
      expect(new Set(raised).size).toBe(raised.length);
      expect(new Set(subjects(true))).toEqual(new Set(raised));
      expect(subjects(true)).toHaveLength(raised.length);
    },
    300_000,
  );

  it.each([
    "holiday",
    "tank_set",
    "legionella",
    "gap",
    "restart",
    "clock_jump",
    "sentinel",
    "spike",
  ] as const)(
    "%s rings no bell",
    async (happening) => {
      const lasting = { holiday: 6, tank_set: 8, gap: 4 }[happening as string] ?? 0.3;
      const event = { happening, startMs: EVENT_MS, endMs: EVENT_MS + lasting * DAY_MS };
      const bed = await live(14, [], [event]);
      expect(bed.scorer.alarms().map(({ title }) => title.en)).toEqual([]);
      expect(bed.notices).toEqual([]);
    },
    300_000,
  );

  it("a restart in the middle of an alarm goes on: nothing is told twice, the end is told once", async () => {
    const event = {
      fault: "low_flow",
      severity: 1,
      startMs: EVENT_MS,
      endMs: EVENT_MS + 3 * DAY_MS,
    } as const;
    const table = simulate(LEARN_DAYS + 14, [event]);
    const folder = temporaryFolder();
    cpSync(learnt, folder, { recursive: true });
    const notices = [];
    const borders = [LEARN_DAYS + 1, LEARN_DAYS + 7.3, LEARN_DAYS + 8.1, LEARN_DAYS + 14];
    for (const [index, from] of borders.slice(0, -1).entries()) {
      const bed = await openScorerBed(folder, { rows, rules: RULES });
      const until = borders[index + 1] ?? from;
      await bed.feed(table, START_MS + from * DAY_MS, START_MS + until * DAY_MS);
      await bed.stop();
      notices.push(...bed.notices);
      expect(bed.scorer.alarms().length).toBeLessThanOrEqual(1);
    }
    expect(notices.map(({ isResolved }) => isResolved)).toEqual([false, true]);
  }, 300_000);

  it("a restart changes no score", async () => {
    const table = simulate(LEARN_DAYS + 5, []);
    const scores = [];
    for (const borders of [
      [0, 5],
      [0, 1.37, 2.9, 5],
    ]) {
      const folder = temporaryFolder();
      cpSync(learnt, folder, { recursive: true });
      let score: number | undefined;
      for (const [index, from] of borders.slice(0, -1).entries()) {
        const bed = await openScorerBed(folder, { rows, rules: RULES });
        const at = (days: number) => START_MS + (LEARN_DAYS + days) * DAY_MS;
        await bed.feed(table, at(index === 0 ? 1 : from), at(borders[index + 1] ?? 0));
        score = bed.scorer.devices()[0]?.score;
        await bed.stop();
      }
      scores.push(score);
    }
    expect(scores[0]).toBeGreaterThan(0);
    expect(scores[1]).toBe(scores[0]);
  }, 300_000);
});

describe("an alarm and what the owner says to it", () => {
  const event = {
    fault: "low_flow",
    severity: 1,
    startMs: EVENT_MS,
    endMs: EVENT_MS + 30 * DAY_MS,
  } as const;
  const raised = async () => {
    const folder = temporaryFolder();
    cpSync(learnt, folder, { recursive: true });
    const bed = await openScorerBed(folder, { rows, rules: RULES });
    const table = simulate(LEARN_DAYS + 12, [event]);
    const from = START_MS + (LEARN_DAYS + 1) * DAY_MS;
    await bed.feed(table, from, EVENT_MS + 2 * DAY_MS);
    const [alarm] = bed.scorer.alarms();
    expect(alarm?.resolvedAtMs).toBeUndefined();
    const feed = (fromDay: number, toDay: number) =>
      bed.feed(table, EVENT_MS + fromDay * DAY_MS, EVENT_MS + toDay * DAY_MS);
    return { bed, alarm, feed, more: () => bed.feed(table, EVENT_MS + 2 * DAY_MS) };
  };

  it("waits: it says since when nothing could be judged, and says it no more once something can", async () => {
    const { bed, alarm, feed } = await raised();
    expect(alarm?.waitsSinceMs).toBeUndefined();
    await feed(4, 4.01);
    const [waiting] = bed.scorer.alarms();
    const sinceMs = waiting?.waitsSinceMs ?? 0;
    expect(sinceMs).toBeGreaterThan(EVENT_MS + DAY_MS);
    expect(sinceMs).toBeLessThan(EVENT_MS + 2 * DAY_MS);
    const since = new Date(sinceMs).toISOString().slice(0, 16);
    expect(waiting?.text.en).toContain(`The alarm waits: since ${since} nothing could be judged`);
    expect(waiting?.text.de).toContain(`Der Alarm wartet: Seit ${since} war nichts zu beurteilen`);
    const lines = (language: "de" | "en") =>
      renderScores(bed.scorer.devices(), language, () => "Monday").join();
    expect(lines("en")).toContain("alarm, nothing to judge it by since Monday");
    expect(lines("de")).toContain("Alarm, nichts zu beurteilen seit Monday");
    await feed(4.01, 4.6);
    expect(bed.scorer.alarms()[0]?.waitsSinceMs).toBeUndefined();
    expect(bed.scorer.alarms()[0]?.text.en).not.toContain("waits");
    await bed.stop();
  }, 300_000);

  it("not a problem: its parts are not told again for a fortnight", async () => {
    const { bed, alarm, more } = await raised();
    bed.scorer.answer(alarm?.id ?? 0, "fine");
    await more();
    const muted = new Set(alarm?.parts.map(({ id }) => id));
    const others = bed.scorer.alarms().filter(({ id }) => id !== alarm?.id);
    expect(
      others.flatMap(({ parts }) => parts.map(({ id }) => id)).filter((id) => muted.has(id)),
    ).toEqual([]);
    expect(bed.scorer.alarms().find(({ id }) => id === alarm?.id)?.resolvedAtMs).toBeGreaterThan(0);
    await bed.stop();
  }, 300_000);

  it("a real fault: the alarm stays until it is over", async () => {
    const { bed, alarm, more } = await raised();
    bed.scorer.answer(alarm?.id ?? 0, "fault");
    await more();
    const same = bed.scorer.alarms().find(({ id }) => id === alarm?.id);
    expect(same).toMatchObject({ answer: "fault" });
    expect(same?.resolvedAtMs).toBeUndefined();
    await bed.stop();
  }, 300_000);

  it("changed on purpose, or serviced, without being asked: what is on is over", async () => {
    const { bed, alarm } = await raised();
    bed.scorer.note(DEVICE_ID, "changed");
    const same = bed.scorer.alarms().find(({ id }) => id === alarm?.id);
    expect(same).toMatchObject({ answer: "changed", isEndOwed: false });
    expect(same?.resolvedAtMs).toBeGreaterThan(0);
    expect(() => bed.scorer.note("other", "serviced")).toThrow(/no device other/);
    await bed.stop();
  }, 300_000);

  it("an alarm that never was cannot be answered", async () => {
    const bed = await openScorerBed(temporaryFolder());
    expect(() => bed.scorer.answer(7, "fine")).toThrow(/no alarm 7/);
    await bed.stop();
  });
});

describe("models of the community", () => {
  const day = simulate(2, []);
  const bytesOf = async (heatPumpModel: string) => {
    const shelf = openLocalModels(
      openCheckedFile(join(learnt, `${DEVICE_ID}.json`)),
      HEAT_PUMP_MODEL,
      () => undefined,
    );
    const artefact = shelf.current?.artefact;
    if (artefact === undefined) throw new Error("nothing was learnt");
    return encodeArtefact({ heatPumpModel, model: artefact.model });
  };

  it("what is cut off, newer, or for another heat pump is refused, and the last good one stays", async () => {
    const good = await bytesOf(HEAT_PUMP_MODEL);
    const newer = Buffer.from(Buffer.from(good).toString().replace('"format":1', '"format":2'));
    let plain: Uint8Array = good;
    let release = 1;
    const community = { newest: () => ({ modelId: "plain", release, plain }) };
    const bed = await openScorerBed(temporaryFolder(), { community });
    await bed.feed(day);
    const bad = [good.slice(0, -40), newer, await bytesOf("other/model")];
    for (const [index, bytes] of bad.entries()) {
      plain = bytes;
      release = index + 2;
      bed.scorer.modelsChanged();
      bed.scorer.modelsChanged();
      const [device] = bed.scorer.devices();
      expect(device?.model).toMatchObject({ source: "community", label: "1" });
      expect(device?.modelsRefused).toBe(index + 1);
    }
    await bed.stop();
  });

  it("for every heat pump is used where there is none of its own", async () => {
    const plain = await bytesOf("*");
    const community = { newest: () => ({ modelId: "generic", release: 1, plain }) };
    const bed = await openScorerBed(temporaryFolder(), { community });
    expect(bed.scorer.devices()[0]).toMatchObject({
      model: { source: "community", label: "1" },
      modelsRefused: 0,
    });
    await bed.stop();
  });

  it("goes before the own model, which is used again when the grant ends", async () => {
    const plain = await bytesOf(HEAT_PUMP_MODEL);
    const grant: { isGiven: boolean } = { isGiven: true };
    const newest = () => (grant.isGiven ? { modelId: "plain", release: 3, plain } : undefined);
    const folder = temporaryFolder();
    cpSync(learnt, folder, { recursive: true });
    const bed = await openScorerBed(folder, { rows, rules: RULES, community: { newest } });
    expect(bed.scorer.devices()[0]?.model).toMatchObject({ source: "community", label: "3" });
    grant.isGiven = false;
    bed.scorer.modelsChanged();
    expect(bed.scorer.devices()[0]?.model.source).toBe("local");
    await bed.stop();
  });
});
