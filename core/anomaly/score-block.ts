/**
 * All numbers that reading rows touches, in one array: what is known of the parts, what is
 * remembered of the device, the figures of the row at hand. One array, because each further one
 * costs its own checks at every access; and the device's state is views of it, so nothing is
 * copied.
 *
 * The loops over it name places by number, since a name from another file is looked up again at
 * every use. They are these:
 *
 * `numbers`  0 1 what the monitors keep of a cell: fast, slow; 2 3 their squares
 *            4   square of the highest share of a limit in this row
 *            5   cell in which the compressor last gave all it can and it was too little
 *            6   evidence that was none because its context is new, ever
 * `places`   from a group's own: 0 context values of the rows that wait and of the row at hand, each
 *            value 32 places after the one before; where the shape is not written out the features
 *            of the row at hand · 1 centre and 1 / spread of each context value · 2 coefficients of
 *            the reach and its limit, see `reach.ts` · 3 4 5 channels of the context · 6 features
 *            7 how many of them are local · 8 parts, then each of them
 *            from a part's own: 0 facts · 1 coefficients · 2 deviation, then its covariance
 *            3 today's sums of the local fit · 4 monitors' sums · 5 last row · 6 stops · 7 what is
 *            remembered of it, see below · 8 channel of the target · 9 what excuses it: 1 a drive
 *            at its lowest or highest speed, 2 a compressor that gives all it can, 3 one that did
 *            so within a day, 0 nothing · 10 11 stops and channel of that compressor
 *            12 what the local fit may learn from the rows that wait and from the row at hand, NaN
 *            for nothing
 * remembered of a part, each 128 places after the one before: rows of evidence · cell of the last
 *            evidence · cell in which it was last calm · highest square today · share · share by
 *            the fast monitor · residual
 * facts of a part: 0 variance of a row · 1 of a day · 2 1 / deviation of a row · 3 information of
 *            a row · 4 5 least effect worth a notice, and its share of what is expected · 6 psi
 *            7 8 1 / limit² of the fast and the slow monitor, 0 for one that may not alarm
 *            and of the row at hand: 9 what the family's relation says · 10 what is expected of
 *            this machine, NaN for nothing · 11 how uncertain that is · 12 reach beyond what was
 *            learnt, 0 within
 *            and again known: 13 14 least and most that the quantity can be
 *
 * Places are 16-bit on purpose: the compiler then knows that a place plus a few stays small.
 */
import type { PartGroup } from "./features.js";

/** The block of one device. */
export interface ScoreBlock {
  readonly numbers: Float64Array;
  readonly places: Uint16Array;
  /** Where each part that says anything begins in `places`. */
  readonly usable: Uint16Array;
  /** Per part of the plan H as a packed upper triangle, off-diagonals doubled. */
  readonly leverages: readonly Float64Array[];
}

/** Groups that are read together, each once: where they begin in `places`. */
export interface GroupSet {
  /** Those of three context values, of two, and the others. */
  readonly three: Uint16Array;
  readonly two: Uint16Array;
  readonly others: readonly OtherGroup[];
}

/** A group whose shape is not written out. */
export interface OtherGroup {
  readonly at: number;
  readonly features: PartGroup;
  readonly phi: Float64Array;
}

/**
 * The row at hand. A class, so that every reader's has the same shape from the first on: a shape
 * that is settled only with the second would undo what was compiled for the first.
 */
export class RowInHand {
  cell: number;
  values: Float64Array = new Float64Array(0);
  /** Where its values begin. */
  at = 0;
  /** How many rows before this one wait to be learnt from. */
  waiting = 0;

  constructor(cell: number) {
    this.cell = cell;
  }
}

/** Places per part: part 3 of a plan begins at 3 times this. */
export const PLACES = 13;
/** Rows that wait to be learnt from, at most; so far apart lie the context values of a group. */
export const WAITING_MAX = 32;
/** Most parts of a model, and how far apart what is remembered of one part lies. */
export const PARTS_MAX = 128;
