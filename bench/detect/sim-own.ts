/**
 * `sim-own`: machines, houses and weather of the product's own simulator, which the detectors were
 * not built with. What must not raise an alarm, and every fault alone.
 */
import { type ChannelId, channelIndex } from "#core/anomaly/channel.js";
import { planFor } from "#core/anomaly/feature-plan.js";
import { type CellGrid, gridPolls } from "#core/anomaly/grid.js";
import { learnFleet } from "#core/anomaly/learn-fleet.js";
import type { NormalModel } from "#core/anomaly/normal-model.js";
import { MODES } from "#core/anomaly/operating-row.js";
import { checkGrid } from "#core/anomaly/quality.js";
import { isRightPart } from "#core/anomaly/right-parts.js";
import { makeRows } from "#core/anomaly/row-maker.js";
import { simulateHeatPump } from "../heat-pump-simulator.js";
import type { SimulatedTable } from "../simulated/record.js";
import { benignScenarios, faultScenarios, type Scenario } from "../simulated/scenarios.js";
import type { Column } from "../simulated/sensors.js";
import { episodeStarts, LATE_MS, MONTH_MS } from "./episodes.js";
import { cpuSeconds, judgeScores, type ScoredRows, type SetFigures } from "./figures.js";
import { COLUMNS } from "./plan-file.js";
import { FULL } from "./sim-files.js";
import { type Watched, watchRows } from "./watched.js";
import { watchWeakSpots } from "./weak-spots.js";

const DAY_MS = 86_400_000;
const CELL_MS = 300_000;
const MACHINES = 5;
const LEARN_START = Date.parse("2024-11-01T00:00:00Z");
const LEARN_DAYS = 120;
const TEST_START = Date.parse("2025-12-01T00:00:00Z");
const TEST_DAYS = 50;
const EVENT_DAY = 20;
const QUIET_CELLS = 14 * 288;
const EVERY = 6;
const WIDTH_MAX = 24;
const AFTERMATH_MS = 36 * 3_600_000;
/** The simulator's codes of modes. */
const MODE_CODES = ["off", "heating", "hot_water", "defrost"] as const;
const UNKNOWN = MODES.indexOf("unknown");

/** Runs the set. */
export function runSimOwn(): SetFigures {
  const machines = Array.from({ length: MACHINES }, (_, index) => {
    const options = { seed: 100 + index, startMs: LEARN_START, days: LEARN_DAYS };
    const { grid } = checkGrid(gridOf(simulateHeatPump(options)));
    return { installationId: `machine-${index}`, rows: makeRows(grid) };
  });
  const startedAt = cpuSeconds();
  const model = learnFleet(planFor(new Set(FULL)), machines);
  const learnSeconds = cpuSeconds() - startedAt;
  let seconds = 0;
  let rowCount = 0;
  const live = ({ faults, happenings }: Scenario, seed: number): Watched => {
    const options = { seed, startMs: TEST_START, days: TEST_DAYS, faults, happenings };
    const { grid, findings } = checkGrid(gridOf(simulateHeatPump(options)));
    const rows = makeRows(grid);
    const watched = watchRows(model, rows, { quietUntil: grid.firstCell + QUIET_CELLS, findings });
    seconds += watched.seconds;
    rowCount += rows.length;
    return watched;
  };
  const eventMs = TEST_START + EVENT_DAY * DAY_MS;
  const benign: Record<string, string[]> = {};
  const benignHints: Record<string, string[]> = {};
  let falseAlarms = 0;
  let alarmRows = 0;
  let normalRows = 0;
  for (const [index, scenario] of benignScenarios(eventMs).entries()) {
    const watched = live(scenario, 300 + index);
    const fault = scenario.faults[0];
    if (watched.hints.length > 0)
      benignHints[scenario.name] = watched.hints.map(
        ({ part, atMs }) => `day ${((atMs - TEST_START) / DAY_MS).toFixed(0)}: ${part}`,
      );
    const starts = episodeStarts(watched).filter((row) => {
      const atMs = watched.atMs[row] ?? 0;
      return fault === undefined || atMs < fault.startMs || atMs >= fault.endMs + AFTERMATH_MS;
    });
    if (starts.length > 0)
      benign[scenario.name] = starts.map((row) => {
        const day = ((watched.atMs[row] ?? 0) - TEST_START) / DAY_MS;
        return `day ${day.toFixed(1)}: ${watched.named(row).join(" ")}`;
      });
    if (fault !== undefined) continue;
    falseAlarms += starts.length;
    normalRows += watched.alarm.length;
    for (const on of watched.alarm) alarmRows += on;
  }
  const stretches: ScoredRows[] = [];
  const perFault: Record<string, string[]> = {};
  let topTwo = 0;
  const delays: number[] = [];
  for (const [index, scenario] of faultScenarios(eventMs).entries()) {
    const watched = live(scenario, 400 + index);
    const [fault] = scenario.faults;
    if (fault === undefined) continue;
    const hit = episodeStarts(watched).find((row) => {
      const atMs = watched.atMs[row] ?? 0;
      return atMs >= fault.startMs && atMs < fault.endMs + LATE_MS;
    });
    const named = hit === undefined ? [] : watched.named(hit);
    if (hit !== undefined) {
      delays.push(((watched.atMs[hit] ?? 0) - fault.startMs) / 3_600_000);
      if (isRightPart(scenario.name, named)) topTwo++;
    }
    perFault[scenario.name] = [
      hit === undefined ? "missed" : `${delays.at(-1)?.toFixed(1)} h`,
      ...named,
    ];
    stretches.push(pick(watched, fault.startMs, fault.endMs));
  }
  return {
    ...judgeScores(stretches, WIDTH_MAX),
    falseAlarmsPerMonth: falseAlarms / ((normalRows * CELL_MS) / MONTH_MS),
    falseAlarms,
    recall: delays.length / stretches.length,
    share: alarmRows / normalRows,
    delayHours: [...delays].sort((a, b) => a - b)[delays.length >> 1] ?? 0,
    topTwo: topTwo / Math.max(1, delays.length),
    events: stretches.length,
    machineMonths: (normalRows * CELL_MS) / MONTH_MS,
    learnSeconds,
    scoreMicroseconds: (seconds / rowCount) * 1e6,
    factor: model.factor,
    benignAlarms: benign,
    weakSpots: watchWeakSpots(model, TEST_START, watchTable),
    benignHints,
    perFault,
  };
}

function watchTable(model: NormalModel, table: SimulatedTable): Watched {
  const { grid, findings } = checkGrid(gridOf(table));
  const quietUntil = grid.firstCell + QUIET_CELLS;
  return watchRows(model, makeRows(grid), { quietUntil, findings });
}

function pick(watched: Watched, startMs: number, endMs: number): ScoredRows {
  const score: number[] = [];
  const isEvent: number[] = [];
  for (let row = 0; row < watched.score.length; row += EVERY) {
    const atMs = watched.atMs[row] ?? 0;
    if (atMs < startMs - 14 * DAY_MS || (atMs >= endMs && atMs < endMs + AFTERMATH_MS)) continue;
    score.push(watched.score[row] ?? 0);
    isEvent.push(atMs >= startMs && atMs < endMs ? 1 : 0);
  }
  return { score: Float64Array.from(score), isEvent: Uint8Array.from(isEvent) };
}

function gridOf({ timesMs, columns }: SimulatedTable): CellGrid {
  const known = Object.entries(COLUMNS).flatMap(([column, channel]) => {
    const values = columns[column as Column];
    const isUsed = values !== undefined && FULL.some((id) => id === channel);
    return isUsed ? [{ channel: channelIndex(channel as ChannelId), values }] : [];
  });
  const names: readonly string[] = MODES;
  const modes = Uint8Array.from(columns.mode, (code) => {
    const name = MODE_CODES[code];
    return name === undefined ? UNKNOWN : names.indexOf(name);
  });
  return gridPolls({
    atMs: timesMs,
    channels: known.map(({ channel }) => channel),
    columns: known.map(({ values }) => values),
    modes,
  });
}
