/**
 * A house in which nothing is wrong, through the whole way of a daemon: poll, cell, row, score,
 * alarm. It learns for sixty days; then something happens that must ring no bell.
 */
import { cpSync } from "node:fs";
import { createMemoryRows } from "../../daemon/model/memory-rows.js";
import type { RowStore } from "../../daemon/model/row-store.js";
import { DEVICE_ID, openScorerBed } from "../../test/support/scorer-bed.js";
import { simulateHeatPump } from "../heat-pump-simulator.js";
import { benignScenarios, type Scenario } from "./scenarios.js";

const DAY_MS = 86_400_000;
const START_MS = Date.parse("2024-11-01T00:00:00Z");
const LEARN_DAYS = 60;
const RULES = { daysMin: LEARN_DAYS };
/** The model is quiet while it is new; then something happens. */
const EVENT_MS = START_MS + (LEARN_DAYS + 6) * DAY_MS;
const WATCHED_DAYS = 28;
/** What a repaired fault's own alarm may be, it is over a day and a half after the repair. */
const AFTERMATH_MS = 1.5 * DAY_MS;

/** Three houses, three machines, three winters. */
export const HOUSES: readonly number[] = [71, 72, 73];
export const EVENTS: readonly Scenario[] = benignScenarios(EVENT_MS);

/** A house that has learnt. */
export interface LearntHouse {
  readonly seed: number;
  readonly folder: string;
  readonly rows: RowStore;
}

/** What rang: titles of alarms that there should not be, and of notices that were sent. */
export interface Rung {
  readonly alarms: readonly string[];
  readonly told: readonly string[];
}

/** Learns into `folder`. */
export async function learnHouse({ seed, folder, rows }: LearntHouse): Promise<Rung> {
  const bed = await openScorerBed(folder, { rows, rules: RULES });
  await bed.feed(simulateHeatPump({ seed, startMs: START_MS, days: LEARN_DAYS + 1 }));
  await bed.stop();
  return { alarms: [], told: bed.notices.map(({ facts }) => String(facts.title)) };
}

/** Four weeks in which `event` happens. @param folder empty; takes the state of these weeks */
export async function liveThrough(
  { seed, folder: learnt, rows: learntRows }: LearntHouse,
  { faults, happenings }: Scenario,
  folder: string,
): Promise<Rung> {
  cpSync(learnt, folder, { recursive: true });
  const rows = await copyRows(learntRows);
  const bed = await openScorerBed(folder, { rows, rules: RULES });
  const days = LEARN_DAYS + WATCHED_DAYS;
  const table = simulateHeatPump({ seed, startMs: START_MS, days, faults, happenings });
  await bed.feed(table, START_MS + (LEARN_DAYS + 1) * DAY_MS);
  await bed.stop();
  const repairedMs = faults[0]?.endMs;
  const fromMs = repairedMs === undefined ? 0 : repairedMs + AFTERMATH_MS;
  const alarms = bed.scorer
    .alarms()
    .filter(({ kind, raisedAtMs }) => kind !== "slow" && raisedAtMs > fromMs)
    .map(({ title }) => title.en);
  const told = bed.notices
    .map(({ facts }) => String(facts.title))
    .filter((title) => !title.includes("slowly"));
  return { alarms, told: repairedMs === undefined ? told : [] };
}

/** No event knows of another. */
async function copyRows(from: RowStore): Promise<RowStore> {
  const into = createMemoryRows();
  for (const facts of await from.days(DEVICE_ID)) {
    const rows = await from.read(DEVICE_ID, facts.day);
    if (rows !== undefined) await into.put(DEVICE_ID, facts, rows);
  }
  return into;
}
