/**
 * The scenarios that detectors are held to: every fault once, each alone, and everything that must
 * not raise an alarm.
 */
import { FAULT_DAYS, FAULTS, type FaultEvent } from "./faults.js";
import type { Happening, HappeningEvent } from "./happenings.js";
import { DAY_MS } from "./weather.js";

/** One run of a simulated installation. */
export interface Scenario {
  readonly name: string;
  readonly faults: readonly FaultEvent[];
  readonly happenings: readonly HappeningEvent[];
}

/** How many days each lasts; less than a day = hours of one. */
const BENIGN_DAYS: Readonly<Record<Happening, number>> = {
  holiday: 10,
  guests: 4,
  curve: 21,
  tank_set: 21,
  schedule: 21,
  legionella: 0.1,
  cold_spell: 6,
  heat_wave: 5,
  summer_time: 30,
  gap: 10,
  restart: 0.1,
  clock_jump: 0.3,
  sentinel: 2,
  spike: 1,
  frozen: 0.2,
  firmware: 30,
};

const SEVERITIES = [0.5, 0.75, 1];
/** A repaired fault, so that the days after it can be watched. */
const REPAIRED = "undercharge";

/** What may happen from `startMs` on without an alarm; `repaired` only from its fault's end on. */
export function benignScenarios(startMs: number): readonly Scenario[] {
  const kinds = Object.entries(BENIGN_DAYS) as [Happening, number][];
  const happened = kinds.map(([happening, days]) => ({
    name: happening,
    faults: [],
    happenings: [{ happening, startMs, endMs: startMs + days * DAY_MS }],
  }));
  return [
    { name: "usual", faults: [], happenings: [] },
    ...happened,
    { name: "repaired", faults: [faultAt(REPAIRED, 1, startMs)], happenings: [] },
  ];
}

/** Each fault alone from `startMs` on, in three severities by turns. */
export function faultScenarios(startMs: number): readonly Scenario[] {
  return FAULTS.map((fault, index) => ({
    name: fault,
    faults: [faultAt(fault, SEVERITIES[index % SEVERITIES.length] ?? 1, startMs)],
    happenings: [],
  }));
}

function faultAt(fault: FaultEvent["fault"], severity: number, startMs: number): FaultEvent {
  return { fault, severity, startMs, endMs: startMs + FAULT_DAYS[fault].days * DAY_MS };
}
