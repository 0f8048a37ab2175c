/**
 * The catch-all over one device: rows in, an alarm out that is never more than a hint. It is raised
 * only when the rows were unusual together for a whole day and no part of the model was near its
 * limit meanwhile, so it never says what a part says already.
 */
import { fillResiduals, startViews } from "./catch-all.js";
import type { CatchAllMode } from "./catch-all-model.js";
import { CELLS_PER_DAY, CELLS_PER_HOUR } from "./channel.js";
import { contributions, type MultivariateState, scoreMoments } from "./multivariate.js";
import type { NormalReader } from "./normal-behaviour.js";
import type { OperatingRow } from "./operating-row.js";

/** What is remembered between rows; belongs to one model. */
export interface CatchAllState {
  /** Per mode of the model. */
  readonly views: readonly MultivariateState[];
  /** Cell of the last row of each mode; share of its limit then. */
  readonly cells: Float64Array;
  readonly shares: Float64Array;
  readonly aboveSince: number | undefined;
  readonly calmSince: number | undefined;
  readonly raisedAt: number | undefined;
  /** Cell before which nothing is raised. */
  readonly quietUntil: number;
}

/** A watch that goes on. */
export interface CatchAllWatch {
  /** After `reader` has read the row. `isQuiet`: nothing is raised yet. */
  read(row: OperatingRow, isQuiet: boolean): void;
  /** A part alarms alone, or has just ended to: what was seen together was that. */
  forget(cell: number): void;
  /** Above 1: unusual together. */
  readonly share: number;
  readonly raisedAt: number | undefined;
  /** First cell of the stretch that led to it. */
  readonly since: number | undefined;
  /** Parts that have most to do with it, most first. */
  strongest(): readonly number[];
  state(): CatchAllState;
}

/** A day of it is no chance. */
const PERSIST_CELLS = CELLS_PER_DAY;
const CALM_CELLS = 6 * CELLS_PER_HOUR;
const CALM_SHARE = 0.5;
/** A part this near its limit will speak for itself. */
const PART_SHARE_MAX = 0.7;
/** A mode that did not run for so long says nothing about now. */
const AGE_CELLS_MAX = CELLS_PER_DAY;
/** After a longer gap the past says nothing: three days. */
const GAP_CELLS_MAX = 3 * CELLS_PER_DAY;
const NAMED_MAX = 2;
/** While a fault was on, parts that bore it well have learnt some of it. */
const AFTERMATH_CELLS = 14 * CELLS_PER_DAY;

/** Nothing seen yet. */
export function startCatchAll(modes: readonly CatchAllMode[]): CatchAllState {
  return {
    views: modes.map(({ parts }) => startViews(parts.length)),
    cells: new Float64Array(modes.length).fill(Number.NEGATIVE_INFINITY),
    shares: new Float64Array(modes.length),
    aboveSince: undefined,
    calmSince: undefined,
    raisedAt: undefined,
    quietUntil: Number.NEGATIVE_INFINITY,
  };
}

/** Goes on from `from`, which stays as it is. `factor` is what shares of parts are divided by. */
export function openCatchAll(
  modes: readonly CatchAllMode[],
  from: CatchAllState,
  reader: NormalReader,
  factor: number,
): CatchAllWatch {
  const views = from.views.map(copyViews);
  const cells = from.cells.slice();
  const shares = from.shares.slice();
  const rows = modes.map(({ parts }) => new Float64Array(parts.length));
  let { aboveSince, calmSince, raisedAt, quietUntil } = from;
  let since = raisedAt;
  let share = 0;

  const look = (row: OperatingRow) => {
    for (let place = 0; place < modes.length; place++) {
      const [one, values, view] = [modes[place], rows[place], views[place]];
      if (one?.mode !== row.mode || values === undefined || view === undefined) continue;
      if (!row.steady || !fillResiduals(reader, one.parts, row.cell, values)) continue;
      if (row.cell - (cells[place] ?? 0) > GAP_CELLS_MAX) clear(view);
      shares[place] = scoreMoments(one.moments, view, values) / one.limit;
      cells[place] = row.cell;
    }
  };
  const highest = (cell: number): number => {
    let most = 0;
    for (let place = 0; place < modes.length; place++)
      if (cell - (cells[place] ?? 0) <= AGE_CELLS_MAX) most = Math.max(most, shares[place] ?? 0);
    return most;
  };
  return {
    read(row, isQuiet) {
      look(row);
      share = highest(row.cell);
      const isQuietElsewhere = raisedAt !== undefined || !isAnyPartNear(reader, factor);
      aboveSince = share > 1 && isQuietElsewhere ? (aboveSince ?? row.cell) : undefined;
      if (raisedAt === undefined) {
        const isLasting = aboveSince !== undefined && row.cell - aboveSince >= PERSIST_CELLS;
        if (!isLasting || isQuiet || row.cell < quietUntil) return;
        raisedAt = row.cell;
        since = aboveSince;
        calmSince = undefined;
        return;
      }
      calmSince = isCalm(share, cells, row.cell) ? (calmSince ?? row.cell) : undefined;
      if (calmSince !== undefined && row.cell - calmSince >= CALM_CELLS) raisedAt = undefined;
    },
    forget(cell) {
      quietUntil = cell + AFTERMATH_CELLS;
      for (const view of views) clear(view);
      shares.fill(0);
      share = 0;
      aboveSince = undefined;
      calmSince = undefined;
      raisedAt = undefined;
    },
    get share() {
      return share;
    },
    get raisedAt() {
      return raisedAt;
    },
    get since() {
      return since;
    },
    strongest() {
      let most = -1;
      for (let place = 0; place < modes.length; place++)
        if ((shares[place] ?? 0) > (shares[most] ?? 0)) most = place;
      const [one, view] = [modes[most], views[most]];
      if (one === undefined || view === undefined) return [];
      const parts = contributions(one.moments, view);
      return [...parts.keys()]
        .sort((a, b) => (parts[b] ?? 0) - (parts[a] ?? 0))
        .slice(0, NAMED_MAX)
        .flatMap((place) => one.parts[place] ?? []);
    },
    state: () => ({
      views: views.map(copyViews),
      cells: cells.slice(),
      shares: shares.slice(),
      ...{ aboveSince, calmSince, raisedAt, quietUntil },
    }),
  };
}

function isAnyPartNear({ shares }: NormalReader, factor: number): boolean {
  for (let part = 0; part < shares.length; part++)
    if ((shares[part] ?? 0) > PART_SHARE_MAX * factor) return true;
  return false;
}

/** Calm needs a row that says so. */
function isCalm(share: number, cells: Float64Array, cell: number): boolean {
  return share < CALM_SHARE && cells.some((last) => cell - last <= AGE_CELLS_MAX);
}

function clear(view: MultivariateState): void {
  view.channels.fill(0);
  view.axes.fill(0);
}

function copyViews(view: MultivariateState): MultivariateState {
  return {
    isStarted: view.isStarted,
    channels: view.channels.slice(),
    axes: view.axes.slice(),
    row: view.row.slice(),
  };
}
