/**
 * What happens in a house without anything being wrong, through the whole way of a daemon: poll,
 * cell, row, score, alarm. At stake: an owner who is called for nothing stops listening.
 */
import { cpSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { simulateHeatPump } from "../../bench/heat-pump-simulator.js";
import { benignScenarios } from "../../bench/simulated/scenarios.js";
import { createMemoryRows } from "../../daemon/model/memory-rows.js";
import { temporaryFolder } from "../support/folder.js";
import { openScorerBed } from "../support/scorer-bed.js";

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
const SEEDS = [71, 72, 73];

describe.each(SEEDS)("house %i", (seed) => {
  const learnt = temporaryFolder();
  const rows = createMemoryRows();

  beforeAll(async () => {
    const bed = await openScorerBed(learnt, { rows, rules: RULES });
    await bed.feed(simulateHeatPump({ seed, startMs: START_MS, days: LEARN_DAYS + 1 }));
    await bed.stop();
    expect(bed.notices).toEqual([]);
  }, 300_000);

  it.each(benignScenarios(EVENT_MS))(
    "$name rings no bell",
    async ({ faults, happenings }) => {
      const folder = temporaryFolder();
      cpSync(learnt, folder, { recursive: true });
      const bed = await openScorerBed(folder, { rows, rules: RULES });
      const days = LEARN_DAYS + WATCHED_DAYS;
      const table = simulateHeatPump({ seed, startMs: START_MS, days, faults, happenings });
      await bed.feed(table, START_MS + (LEARN_DAYS + 1) * DAY_MS);
      await bed.stop();
      const repairedMs = faults[0]?.endMs;
      const rung = bed.scorer
        .alarms()
        .filter(({ kind }) => kind !== "slow")
        .filter(({ raisedAtMs }) => raisedAtMs > (repairedMs ?? -AFTERMATH_MS) + AFTERMATH_MS);
      expect(rung.map(({ title }) => title.en)).toEqual([]);
      const told = bed.notices.filter(({ facts }) => !String(facts.title).includes("slowly"));
      if (repairedMs === undefined) expect(told).toEqual([]);
    },
    300_000,
  );
});
