/**
 * What an owner is told about a heat pump, through the whole way: poll, cell, row, score, alarm,
 * notice. At stake: silence while a fault grows, or a bell that rings for nothing.
 */
import { cpSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { simulateHeatPump } from "../../bench/heat-pump-simulator.js";
import type { FaultEvent } from "../../bench/simulated/faults.js";
import type { HappeningEvent } from "../../bench/simulated/happenings.js";
import { createMemoryRows } from "../../daemon/model/memory-rows.js";
import { temporaryFolder } from "../support/folder.js";
import { openScorerBed } from "../support/scorer-bed.js";

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
});
