/**
 * What a row says for or against each part: how far it lies from what was expected, in deviations,
 * and how much of that need not mean anything. The monitors take it in.
 *
 * Places in the block are numbers here; `score-block.ts` says what stands where.
 */
import { CELLS_PER_DAY } from "./channel.js";
import { DOUBT } from "./monitors.js";
import type { RowInHand, ScoreBlock } from "./score-block.js";

/** Beyond this a context was never seen: no evidence either way. */
const REACH_MAX = 4;
/**
 * No single row counts more than this many of its own standard deviations: a fault shows in many
 * rows, a transient in a few wild ones.
 */
const RESIDUAL_MAX = 4;
/** Rows further out, in deviations, do not enter the local fit. */
const FIT_DEVIATIONS_MAX = 5;
/** Within this share of its range a drive is at its stop. */
const STOP_SHARE = 0.03;
/** Below this share of its limit a part is calm. */
const CALM_SHARE = 0.25;

/**
 * Weighs the row at hand for the parts that it was expected of, lets every monitor fade and take
 * in what there is, and notes what each part has come to. One loop without a call, so that what
 * was looked up stays at hand; numbers are read near where they are used, and those that are done
 * with are written at once, so that few have to be kept aside meanwhile.
 */
export function weighRow(
  { values, at, cell, waiting }: RowInHand,
  usable: Uint16Array,
  { numbers: n, places: p }: ScoreBlock,
): void {
  const keepFast = n[0] ?? 0;
  const keepSlow = n[1] ?? 0;
  const keepFastRows = n[2] ?? 0;
  const keepSlowRows = n[3] ?? 0;
  const doubt = DOUBT;
  const fitMax = FIT_DEVIATIONS_MAX * FIT_DEVIATIONS_MAX;
  let highest = 0;
  for (let index = 0; index < usable.length; index++) {
    const part = usable[index] ?? 0;
    const fact = p[part] ?? 0;
    const own = p[part + 7] ?? 0;
    const measured = values[at + (p[part + 8] ?? 0)] ?? 0;
    const likely = n[fact + 10] ?? 0;
    n[fact + 10] = Number.NaN;
    const most = n[fact + 14] ?? 0;
    const least = n[fact + 13] ?? 0;
    const expected = likely > most ? most : Math.max(likely, least);
    const rest = measured - expected;
    let learnt = Number.NaN;
    // Of parts of other modes, and where a context value is absent, nothing was expected.
    let isHeard = !Number.isNaN(rest);
    const beyond = n[fact + 12] ?? 0;
    if (beyond !== 0) {
      n[fact + 12] = 0;
      if (isHeard && beyond > REACH_MAX) {
        n[6] = (n[6] ?? 0) + 1;
        isHeard = false;
      }
    }
    const excuse = p[part + 9] ?? 0;
    if (isHeard && excuse === 1) {
      // A drive at its stop may want to do more and cannot: no evidence where more was expected.
      const stops = p[part + 6] ?? 0;
      const low = Math.min(n[stops] ?? 0, measured);
      const high = Math.max(n[stops + 1] ?? 0, measured);
      n[stops] = low;
      n[stops + 1] = high;
      const near = STOP_SHARE * (high - low);
      if ((measured >= high - near && rest < 0) || (measured <= low + near && rest > 0))
        isHeard = false;
    } else if (isHeard && excuse === 2 && rest < 0) {
      // A machine that gives all it can is not ill because the house gets less than was asked; …
      const drive = p[part + 10] ?? 0;
      const speed = values[at + (p[part + 11] ?? 0)] ?? 0;
      const low = n[drive] ?? 0;
      const high = n[drive + 1] ?? 0;
      if (high > low && speed >= high - STOP_SHARE * (high - low)) {
        isHeard = false;
        if (-rest > (n[fact + 4] ?? 0)) n[5] = cell;
      }
    } else if (isHeard && excuse === 3 && rest < 0) {
      // … nor because a day in which that was so took less power.
      isHeard = !(cell - (n[5] ?? 0) < CELLS_PER_DAY);
    }
    let rows = n[own] ?? 0;
    let e = 0;
    let g = 0;
    if (isHeard) {
      const variance = n[fact] ?? 0;
      const day = n[fact + 1] ?? 0;
      const tolerance = (n[fact + 4] ?? 0) + (n[fact + 5] ?? 0) * Math.abs(expected);
      const local = n[fact + 11] ?? 0;
      let held = day + tolerance * tolerance;
      if (beyond > 0) held += (variance + day) * beyond;
      if (local > 0) held += local;
      const ratio = held / variance;
      e = rest * (n[fact + 2] ?? 0);
      // The bound is nowhere tighter than this, so most rows need no root.
      if (!(e <= RESIDUAL_MAX && e >= -RESIDUAL_MAX && ratio >= 0)) {
        const far = RESIDUAL_MAX * Math.sqrt(1 + ratio);
        e = e > far ? far : Math.max(e, -far);
      }
      g = Math.sqrt(ratio);
      rows += 1;
      n[own + 128] = cell;
      n[own + 768] = e;
      const last = p[part + 5] ?? 0;
      n[last] = measured;
      n[last + 1] = expected;
      n[last + 2] = ratio;
      if (rest * rest <= fitMax * (variance + held)) learnt = measured - (n[fact + 9] ?? 0);
    }
    n[(p[part + 12] ?? 0) + waiting] = learnt;
    const sums = p[part + 4] ?? 0;
    let fast = (n[sums] ?? 0) * keepFast;
    let fastRows = (n[sums + 1] ?? 0) * keepFastRows;
    let fastHeld = (n[sums + 2] ?? 0) * keepFast;
    let slow = (n[sums + 3] ?? 0) * keepSlow;
    let slowRows = (n[sums + 4] ?? 0) * keepSlowRows;
    let slowHeld = (n[sums + 5] ?? 0) * keepSlow;
    if (isHeard) {
      fast += e;
      fastRows += 1;
      fastHeld += g;
      slow += e;
      slowRows += 1;
      slowHeld += g;
    }
    n[sums] = fast;
    n[sums + 1] = fastRows;
    n[sums + 2] = fastHeld;
    n[sums + 3] = slow;
    n[sums + 4] = slowRows;
    n[sums + 5] = slowHeld;
    const psi = n[fact + 6] ?? 0;
    const fastSquare =
      ((fast * fast) / (psi * fastRows + fastHeld * fastHeld + doubt)) * (n[fact + 7] ?? 0);
    const slowSquare =
      ((slow * slow) / (psi * slowRows + slowHeld * slowHeld + doubt)) * (n[fact + 8] ?? 0);
    const square = Math.max(fastSquare, slowSquare);
    if (square > highest) highest = square;
    if (square > (n[own + 384] ?? 0)) n[own + 384] = square;
    n[own] = square < CALM_SHARE * CALM_SHARE ? 0 : rows;
    if (square < CALM_SHARE * CALM_SHARE) {
      n[own + 256] = cell;
      n[own + 512] = 0;
      n[own + 640] = 0;
    } else {
      n[own + 512] = Math.sqrt(square);
      n[own + 640] = Math.sqrt(fastSquare);
    }
  }
  n[4] = highest;
}
