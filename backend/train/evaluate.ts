/**
 * Judges a model on machines held out of it: how often a healthy one would have been disturbed, and
 * how many of the known faults, put into its own readings, would have been found and named.
 */
import { CELLS_PER_DAY } from "#core/anomaly/channel.js";
import { endOf, injectFault, type Scenario } from "#core/anomaly/fault-scenario.js";
import { FAULTS } from "#core/anomaly/fault-table.js";
import type { CellGrid } from "#core/anomaly/grid.js";
import type { NormalModel } from "#core/anomaly/normal-model.js";
import { canShow, isRightPart } from "#core/anomaly/right-parts.js";
import { cleanRows } from "./fit-month.js";
import { QUIET_DAYS, watchRows } from "./watch-rows.js";

/** What a judgement says. */
export interface Figures {
  readonly falseAlarmsPerMonth: number;
  /** Share of normal time in alarm. */
  readonly share: number;
  readonly recall: number;
  /** Of those found: a right part among the first two. */
  readonly topTwo: number;
  readonly machineMonths: number;
  readonly events: number;
}

/** A machine that the model has not seen, and the model to judge it with. */
export interface HeldMachine {
  /** For its turn among the severities. */
  readonly place: number;
  readonly grid: CellGrid;
  readonly models: readonly NormalModel[];
}

/** Sums over machines. */
export interface Tally {
  alarms: number;
  rows: number;
  alarmRows: number;
  events: number;
  found: number;
  named: number;
  /** Events that the recording ended before. */
  cutShort: number;
}

const MONTH_CELLS = 30.4 * CELLS_PER_DAY;
const SEVERITIES = [0.5, 0.75, 1] as const;
/** An alarm this long after a fault still finds it. */
const LATE_CELLS = CELLS_PER_DAY / 4;
/** Faults begin when the machine's own level is known. */
const FAULT_DAY = QUIET_DAYS + 1;

export function noTally(): Tally {
  return { alarms: 0, rows: 0, alarmRows: 0, events: 0, found: 0, named: 0, cutShort: 0 };
}

/** Adds a healthy machine. */
export function tallyHealthy(tally: Tally, model: NormalModel, grid: CellGrid): void {
  const { rows, findings } = cleanRows(grid);
  const { episodes, ...counts } = watchRows(model, rows, findings);
  tally.alarms += episodes.length;
  tally.rows += counts.rows;
  tally.alarmRows += counts.alarmRows;
}

/** Adds every fault that the plan of the model can see, one at a time; one tally per model. */
export function tallyFaults(tallies: readonly Tally[], { place, grid, models }: HeldMachine): void {
  const start = FAULT_DAY * CELLS_PER_DAY;
  if (grid.length <= start + CELLS_PER_DAY) return;
  for (const [turn, kind] of FAULTS.entries()) {
    const severity = SEVERITIES[(turn + place) % SEVERITIES.length] ?? 1;
    const scenario: Scenario = { kind, severity, start };
    const visible = models.map(({ plan }) => canShow(kind.fault, plan.parts));
    if (!visible.includes(true)) continue;
    const { rows, findings } = cleanRows(injectFault(grid, scenario));
    for (const [index, model] of models.entries()) {
      const tally = tallies[index];
      if (tally === undefined || visible[index] !== true) continue;
      const { episodes } = watchRows(model, rows, findings);
      const end = grid.firstCell + Math.min(endOf(scenario), grid.length) + LATE_CELLS;
      const hit = episodes.find(({ cell }) => cell >= grid.firstCell + start && cell < end);
      tally.events++;
      if (endOf(scenario) > grid.length) tally.cutShort++;
      if (hit === undefined) continue;
      tally.found++;
      if (isRightPart(kind.fault, hit.named)) tally.named++;
    }
  }
}

/** Figures of a tally; of nothing they are 0. */
export function figuresOf({ alarms, rows, alarmRows, events, found, named }: Tally): Figures {
  const machineMonths = rows / MONTH_CELLS;
  const per = (count: number, of: number) => (of === 0 ? 0 : round(count / of));
  return {
    falseAlarmsPerMonth: per(alarms, machineMonths),
    share: per(alarmRows, rows),
    recall: per(found, events),
    topTwo: per(named, found),
    machineMonths: round(machineMonths),
    events,
  };
}

function round(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}
