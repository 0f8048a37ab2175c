/**
 * Scores rows against a normal-behaviour model: how far each part is from what was to be expected,
 * over hours and over days. Only + - * / and square roots, in a fixed order: the same numbers on
 * every machine.
 */

import { turnTo } from "./block-layout.js";
import { CELLS_PER_DAY } from "./channel.js";
import { weighRow } from "./evidence.js";
import { expectGroups } from "./expectation.js";
import { isDayCell } from "./features.js";
import { type FlatModel, flattenModel, type ModeGroups } from "./flat-model.js";
import { endLocalDay, notePeak, WAIT_DAYS } from "./local-fit.js";
import { noteGroups, noteOthers } from "./local-sums.js";
import { fade } from "./monitors.js";
import type { NormalModel } from "./normal-model.js";
import { copyState, type NormalState } from "./normal-state.js";
import type { OperatingRow } from "./operating-row.js";
import { reachGroups } from "./reach.js";
import { fillGroups } from "./row-features.js";
import { type GroupSet, PLACES, RowInHand, type ScoreBlock, WAITING_MAX } from "./score-block.js";

/** Reads rows one after another and keeps the state; nobody else holds that state meanwhile. */
export interface NormalReader {
  /** Takes a row in; afterwards `score` and `shares` are those of this row. */
  read(row: OperatingRow): void;
  /** Above 1: alarming. */
  readonly score: number;
  /** Per part its share of a limit, not divided by the factor; 0 while the part is calm. */
  readonly shares: Float64Array;
  readonly fastShares: Float64Array;
  /** Per part the last row's residual in deviations, as its monitors took it. */
  readonly residuals: Float64Array;
  /** The machine is at fault: today is learnt by no part, not even by those that bear it well. */
  distrust(): void;
  /** The state as it changes: to be read, not kept. Today's sums of the local fits come later. */
  readonly live: NormalState;
  state(): NormalState;
}

/** How a reader is to read. */
export interface ReadOptions {
  /** Whether the machine's own level is learnt. */
  readonly isAdapting?: boolean;
  /** Until this cell the machine is new: its level is learnt even where it looks unusual. */
  readonly newUntil?: number;
}

/** Everything a row is read with. */
interface Scoring {
  readonly flat: FlatModel;
  readonly row: RowInHand;
  readonly isAdapting: boolean;
  /** Groups whose rows wait to be learnt from. */
  learning: GroupSet | undefined;
}

/** A reader that goes on from `state`, which stays as it is. */
export function readNormal(
  model: NormalModel,
  state: NormalState,
  { isAdapting = true, newUntil = Number.NEGATIVE_INFINITY }: ReadOptions = {},
): NormalReader {
  const flat = flattenModel(model, state);
  const { numbers, places } = flat.block;
  const { state: own, shares, fastShares, residuals } = flat.views;
  const { cell } = state;
  const row = new RowInHand(cell);
  const scoring: Scoring = { flat, row, isAdapting, learning: undefined };
  let today = Math.floor(cell / CELLS_PER_DAY);
  let slot = Number.isNaN(cell) ? 0 : today % (WAIT_DAYS + 1);
  turnTo(places, own, 0, slot);
  const endDays = (now: number) => {
    for (const at of flat.block.usable) {
      const place = at / PLACES;
      const [part, fit] = [model.parts[place], own.fits[place]];
      if (part === undefined || fit === undefined) continue;
      notePeak(fit, slot, Math.sqrt(own.peaks[place] ?? 0));
      for (let day = Math.max(today, now - WAIT_DAYS - 1); day < now; day++) {
        const isNew = (day - WAIT_DAYS + 1) * CELLS_PER_DAY <= newUntil;
        endLocalDay(fit, part, day % (WAIT_DAYS + 1), isNew);
      }
    }
    own.peaks.fill(0);
  };
  const beginDay = (date: number) => {
    learnWaiting(scoring);
    if (isAdapting && !Number.isNaN(row.cell)) endDays(date);
    const before = slot;
    today = date;
    slot = date % (WAIT_DAYS + 1);
    turnTo(places, own, before, slot);
  };
  // `score` is a number and no accessor: an object written with accessors gets a shape that no
  // other has, and whoever reads rows with many readers would look up every name anew.
  const reader = {
    score: 0,
    read(next: OperatingRow) {
      if (next.cell <= row.cell) return;
      if (!Number.isNaN(row.cell)) fade(numbers, own.sums, next.cell - row.cell);
      const date = Math.floor(next.cell / CELLS_PER_DAY);
      if (date !== today) beginDay(date);
      readRow(scoring, next);
      reader.score = Math.sqrt(numbers[4] ?? 0) / model.factor;
    },
    shares,
    fastShares,
    residuals,
    distrust() {
      for (let place = 0; place < own.peaks.length; place++)
        if ((own.peaks[place] ?? 0) < 1) own.peaks[place] = 1;
    },
    live: own,
    state: () => {
      learnWaiting(scoring);
      const [capacityCell, rowsOutOfReach] = [numbers[5] ?? 0, numbers[6] ?? 0];
      return copyState({ ...own, cell: row.cell, rowsOutOfReach, capacityCell });
    },
  };
  return reader;
}

function readRow(scoring: Scoring, next: OperatingRow): void {
  const { flat, row, isAdapting } = scoring;
  const mode = next.steady ? flat.byMode[next.mode] : undefined;
  const day = isDayCell(next.cell) ? flat.day : undefined;
  if (mode?.together !== scoring.learning) learnWaiting(scoring);
  row.cell = next.cell;
  row.values = next.values;
  row.at = next.at;
  if (mode !== undefined) expectRow(mode, row, flat.block);
  if (day !== undefined) expectRow(day, row, flat.block);
  weighRow(row, flat.block.usable, flat.block);
  if (!isAdapting) return;
  if (day !== undefined) noteOthers(day.together, row.waiting, flat.block);
  if (mode === undefined) return;
  noteOthers(mode.together, row.waiting, flat.block);
  scoring.learning = mode.together;
  row.waiting++;
  if (row.waiting === WAITING_MAX) learnWaiting(scoring);
}

/** Takes in what rows have waited for; they are rows of one mode and one day. */
function learnWaiting(scoring: Scoring): void {
  const { learning, row, flat } = scoring;
  if (learning !== undefined) noteGroups(learning, row.waiting, flat.block);
  scoring.learning = undefined;
  row.waiting = 0;
}

/** What was to be expected; groups of which a context value is absent say nothing. */
function expectRow({ together, alone }: ModeGroups, row: RowInHand, block: ScoreBlock): void {
  if (expectSet(together, row, block)) return;
  for (const set of alone) expectSet(set, row, block);
}

/** `false` when a context value is absent. */
function expectSet(set: GroupSet, row: RowInHand, block: ScoreBlock): boolean {
  if (!fillGroups(set, row, block)) return false;
  expectGroups(set, row.waiting, block);
  reachGroups(set, row.waiting, block);
  return true;
}
