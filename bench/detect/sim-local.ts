/** `sim-local`: learn on a machine's own first 75 days, then put every fault into what follows. */
import { CELLS_PER_DAY } from "#core/anomaly/channel.js";
import { endOf, injectFault, type Scenario } from "#core/anomaly/fault-scenario.js";
import { FAULTS } from "#core/anomaly/fault-table.js";
import { planFor } from "#core/anomaly/feature-plan.js";
import type { CellGrid } from "#core/anomaly/grid.js";
import { learnLocal } from "#core/anomaly/learn-local.js";
import { type RowBlock, rowAt, sliceRows } from "#core/anomaly/operating-row.js";
import { checkGrid } from "#core/anomaly/quality.js";
import { isRightPart } from "#core/anomaly/right-parts.js";
import { makeRows } from "#core/anomaly/row-maker.js";
import { HeatpoolError } from "#core/errors.js";
import { episodeStarts, LATE_MS, MONTH_MS } from "./episodes.js";
import { cpuSeconds, judgeScores, type ScoredRows, type SetFigures } from "./figures.js";
import { FULL, readManifest, readSim } from "./sim-files.js";
import { watchSlowFaults } from "./slow-faults.js";
import { type Watched, watchRows } from "./watched.js";

const LEARN_DAYS = 75;
const SEVERITIES = [0.5, 0.75, 1];
/** Faults begin from this day on, spread over so many. */
const FIRST_DAY = 90;
const DAYS_OF_STARTS = 90;
/** Days of score before and after a fault that are judged, without the aftermath. */
const AROUND_CELLS = 14 * CELLS_PER_DAY;
const AFTERMATH_MS = 36 * 3_600_000;
/** An alarm this near one of the healthy run is not the fault's. */
const SAME_MS = 3 * 3_600_000;
const EVERY = 6;
const WIDTH_MAX = 24;
const CELL_MS = 300_000;

interface Tally {
  falseAlarms: number;
  rows: number;
  alarmRows: number;
  found: number;
  topTwo: number;
  learnSeconds: number;
  scoreSeconds: number;
  scoredRows: number;
  readonly delays: number[];
  /** Hints at slow change of healthy machines; days from hint to alarm of faults that grow slowly. */
  readonly hints: string[];
  readonly hintLeads: number[];
  slowFaults: number;
  /** Faults that would go on after the recording's end: not put in. */
  cutShort: number;
  readonly stretches: ScoredRows[];
  readonly perFault: Record<string, string[]>;
}

/** Runs the set. */
export function runSimLocal(data: string): SetFigures {
  const tally: Tally = {
    falseAlarms: 0,
    rows: 0,
    alarmRows: 0,
    found: 0,
    topTwo: 0,
    learnSeconds: 0,
    scoreSeconds: 0,
    scoredRows: 0,
    ...{ delays: [], hints: [], hintLeads: [], slowFaults: 0, cutShort: 0 },
    stretches: [],
    perFault: {},
  };
  for (const file of readManifest(data).train) runMachine(readSim(data, file, FULL), tally);
  const months = (tally.rows * CELL_MS) / MONTH_MS;
  const events = tally.stretches.length;
  if (events === 0)
    throw new HeatpoolError(
      "INVALID_ARGUMENT",
      `${data}: no recording of a machine is long enough`,
      {
        hint: `The first ${LEARN_DAYS} days are learnt, faults begin from day ${FIRST_DAY} on.`,
      },
    );
  return {
    ...judgeScores(tally.stretches, WIDTH_MAX),
    falseAlarmsPerMonth: tally.falseAlarms / months,
    recall: tally.found / events,
    share: tally.alarmRows / tally.rows,
    delayHours: [...tally.delays].sort((a, b) => a - b)[tally.delays.length >> 1] ?? 0,
    topTwo: tally.topTwo / Math.max(1, tally.found),
    events,
    machineMonths: months,
    learnSeconds: tally.learnSeconds,
    scoreMicroseconds: (tally.scoreSeconds / tally.scoredRows) * 1e6,
    falseHintsPerMonth: tally.hints.length / months,
    ...(tally.cutShort > 0 && { cutShort: tally.cutShort }),
    slowFaults: tally.slowFaults,
    slowFaultsHinted: tally.hintLeads.length,
    hintLeadDays: [...tally.hintLeads].sort((x, y) => x - y)[tally.hintLeads.length >> 1] ?? 0,
    perFault: tally.perFault,
  };
}

/** Each fault in its turn, as far as the recording goes on until it is over. */
function scenariosIn(grid: CellGrid): readonly Scenario[] {
  const scenarios = FAULTS.map((kind, q): Scenario => {
    const start = (FIRST_DAY + ((37 * q) % DAYS_OF_STARTS)) * CELLS_PER_DAY;
    return { kind, severity: SEVERITIES[q % 3] ?? 1, start };
  });
  return scenarios.filter((scenario) => endOf(scenario) <= grid.length);
}

function runMachine(grid: CellGrid, tally: Tally): void {
  const healthy = checkGrid(grid);
  const all = makeRows(healthy.grid);
  const first = all.cells[0] ?? 0;
  const begin = rowAt(all, first + LEARN_DAYS * CELLS_PER_DAY);
  const startedAt = cpuSeconds();
  const { model, known } = learnLocal(planFor(new Set(FULL)), sliceRows(all, 0, begin));
  tally.learnSeconds += cpuSeconds() - startedAt;
  const scenarios = scenariosIn(grid);
  tally.cutShort += FAULTS.length - scenarios.length;
  const fromOf = ({ start }: Scenario) => rowAt(all, first + start - AROUND_CELLS);
  const rows = sliceRows(all, begin, all.length);
  const keepAt = new Set(scenarios.map((scenario) => fromOf(scenario) - begin));
  const clean = watchRows(model, rows, { known, keepAt, findings: healthy.findings });
  const cleanMs = episodeStarts(clean).map((row) => clean.atMs[row] ?? 0);
  tally.falseAlarms += cleanMs.length;
  tally.hints.push(...clean.hints.map(({ part }) => part));
  tally.rows += rows.length;
  for (const on of clean.alarm) tally.alarmRows += on;
  for (const scenario of scenarios) {
    const { grid: checked, findings } = checkGrid(injectFault(grid, scenario));
    const sick = makeRows(checked);
    const until = rowAt(sick, first + endOf(scenario) + AROUND_CELLS);
    const from = fromOf(scenario);
    const part: RowBlock = sliceRows(sick, from, until);
    const watched = watchRows(model, part, { state: clean.states.get(from - begin), findings });
    tally.scoreSeconds += watched.seconds;
    tally.scoredRows += part.length;
    judge(tally, scenario, watched, first, cleanMs);
  }
  const slow = watchSlowFaults({ grid, all, begin, model, known });
  tally.hintLeads.push(...slow.leadDays);
  tally.slowFaults += slow.faults;
}

function judge(
  tally: Tally,
  scenario: Scenario,
  watched: Watched,
  first: number,
  cleanMs: readonly number[],
): void {
  const { fault } = scenario.kind;
  const startMs = (first + scenario.start) * CELL_MS;
  const endMs = (first + endOf(scenario)) * CELL_MS;
  const hit = episodeStarts(watched).find((row) => {
    const atMs = watched.atMs[row] ?? 0;
    const isOld = cleanMs.some((clean) => Math.abs(clean - atMs) <= SAME_MS);
    return atMs >= startMs && atMs < endMs + LATE_MS && !isOld;
  });
  if (hit !== undefined) {
    tally.found++;
    tally.delays.push(((watched.atMs[hit] ?? 0) - startMs) / 3_600_000);
    if (isRightPart(fault, watched.named(hit))) tally.topTwo++;
  }
  const said = hit === undefined ? "missed" : watched.named(hit).join(" ");
  tally.perFault[fault] = [...(tally.perFault[fault] ?? []), `${scenario.severity}: ${said}`];
  const score: number[] = [];
  const isEvent: number[] = [];
  for (let row = 0; row < watched.score.length; row += EVERY) {
    const atMs = watched.atMs[row] ?? 0;
    if (atMs >= endMs && atMs < endMs + AFTERMATH_MS) continue;
    score.push(watched.score[row] ?? 0);
    isEvent.push(atMs >= startMs && atMs < endMs ? 1 : 0);
  }
  tally.stretches.push({ score: Float64Array.from(score), isEvent: Uint8Array.from(isEvent) });
}
