/** Faults that grow five times as slowly as usual: whether a hint comes, and how long before an alarm. */
import type { LocalModel } from "#core/anomaly/calibrate-local.js";
import { CELLS_PER_DAY } from "#core/anomaly/channel.js";
import { endOf, injectFault } from "#core/anomaly/fault-scenario.js";
import { FAULTS } from "#core/anomaly/fault-table.js";
import type { CellGrid } from "#core/anomaly/grid.js";
import { type RowBlock, rowAt, sliceRows } from "#core/anomaly/operating-row.js";
import { checkGrid } from "#core/anomaly/quality.js";
import { makeRows } from "#core/anomaly/row-maker.js";
import { episodeStarts } from "./episodes.js";
import { watchRows } from "./watched.js";

/** A machine with the model of its first days. */
interface LearntMachine extends LocalModel {
  readonly grid: CellGrid;
  readonly all: RowBlock;
  /** Row with which watching begins. */
  readonly begin: number;
}

const TIMES_SLOWER = 5;
const SEVERITY = 0.75;
const START_CELLS = 90 * CELLS_PER_DAY;
const CELL_MS = 300_000;
const DAY_MS = 86_400_000;

/** Every growing fault alone, from the same day on; a fault with neither hint nor alarm has no lead. */
export function watchSlowFaults({ grid, all, begin, model, known }: LearntMachine) {
  const first = all.cells[0] ?? 0;
  const isWhole = (days: number) => START_CELLS + days * CELLS_PER_DAY <= grid.length;
  const growing = FAULTS.filter(({ ramps, days }) => ramps && isWhole(days * TIMES_SLOWER));
  const leadDays: number[] = [];
  for (const fault of growing) {
    const kind = { ...fault, days: fault.days * TIMES_SLOWER };
    const slow = { kind, severity: SEVERITY, start: START_CELLS };
    const { grid: checked, findings } = checkGrid(injectFault(grid, slow));
    const sick = makeRows(checked);
    const part = sliceRows(sick, begin, rowAt(sick, first + endOf(slow)));
    const watched = watchRows(model, part, { known, findings });
    const startMs = (first + START_CELLS) * CELL_MS;
    const hint = watched.hints.find(({ atMs }) => atMs >= startMs);
    const alarms = episodeStarts(watched).map((row) => watched.atMs[row] ?? 0);
    const alarmMs = alarms.find((atMs) => atMs >= startMs) ?? (first + endOf(slow)) * CELL_MS;
    if (hint !== undefined && hint.atMs <= alarmMs) leadDays.push((alarmMs - hint.atMs) / DAY_MS);
  }
  return { faults: growing.length, leadDays };
}
