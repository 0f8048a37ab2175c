/**
 * Slow change of a machine's own level, part by part, a number a day: measured against the level of
 * the end of its quiet start, because the level that is learnt goes along with a slow change.
 *
 * A hint is no alarm: it never makes the score higher. Parts that depend on the house have none.
 */
import { CELLS_PER_DAY } from "./channel.js";
import { type DriftState, driftOf, isDriftOver, NO_DRIFT, slopesOf, stepDrift } from "./drift.js";
import { toleranceOf } from "./feature-plan.js";
import { type LocalFit, WAIT_DAYS } from "./local-fit.js";
import type { NormalModel, PartModel } from "./normal-model.js";
import { LAST_NUMBERS, type NormalState } from "./normal-state.js";

/** What the level was when the watch began in earnest. */
interface Reference {
  readonly deviation: Float64Array;
  readonly covariance: Float64Array;
}

/** What is remembered between days; belongs to one model. */
export interface DriftWatchState {
  /** `undefined`: the quiet start is not over. */
  readonly references: readonly Reference[] | undefined;
  /** Per part. */
  readonly drifts: readonly DriftState[];
  readonly hints: readonly DriftHint[];
}

/** A part that drifts. */
export interface DriftHint {
  /** Place in the plan. */
  readonly part: number;
  readonly direction: "up" | "down";
  /** Unix time / 86,400 s. */
  readonly sinceDay: number;
  readonly hintedDay: number;
  /** Weeks until it alarms at this pace; `undefined`: the pace is not known. */
  readonly weeks: { readonly from: number; readonly to: number } | undefined;
}

/** A watch that goes on. */
export interface DriftWatch {
  /** Takes the day in whose last cell was `cell`; before the reader reads a row of a later day. */
  endDay(live: NormalState, cell: number): void;
  /** Sums begin anew: the machine was cleaned, or mended. */
  serviced(): void;
  readonly hints: readonly DriftHint[];
  state(): DriftWatchState;
}

/** A hint that nothing confirms any more goes; one that stays is the same hint. */
const DAYS_PER_WEEK = 7;
const WEEKS_MAX = 52;
/** Days that the slow monitor remembers: 72 h / ln 2. */
const SLOW_DAYS = 4.328;

/** Nothing seen yet. */
export function startDrift({ parts }: NormalModel): DriftWatchState {
  return { references: undefined, drifts: parts.map(() => NO_DRIFT), hints: [] };
}

/** Goes on from `from`; before `quietUntil` (a cell) the machine's level is not known. */
export function openDrift(
  model: NormalModel,
  from: DriftWatchState,
  quietUntil: number,
): DriftWatch {
  let { references, drifts, hints } = from;
  const judge = (live: NormalState, day: number) => {
    hints = model.parts.flatMap((part, place) => {
      const known = hints.find((hint) => hint.part === place);
      const drift = drifts[place] ?? NO_DRIFT;
      const direction = driftOf(drift, day);
      if (direction === undefined)
        return known !== undefined && !isDriftOver(drift, known.direction) ? [known] : [];
      const isSame = known?.direction === direction;
      return {
        part: place,
        direction,
        sinceDay: (direction === "up" ? drift.upSince : drift.downSince) ?? day,
        hintedDay: isSame ? known.hintedDay : day,
        weeks: weeksLeft(drift, part, heldOf(model, place, live), direction),
      };
    });
  };
  return {
    endDay(live, cell) {
      if (cell < quietUntil) return;
      const day = Math.floor(cell / CELLS_PER_DAY);
      references ??= live.fits.map(({ deviation, covariance }) => ({
        deviation: deviation.slice(),
        covariance: covariance.slice(),
      }));
      drifts = drifts.map((drift, place) => {
        const [part, fit, reference] = [model.parts[place], live.fits[place], references?.[place]];
        if (part === undefined || fit === undefined || reference === undefined) return drift;
        if (!part.isUsable || model.plan.parts[place]?.house === true) return drift;
        const today = dayOf(fit, part, reference, day % (WAIT_DAYS + 1));
        if (today === undefined) return drift;
        const held = heldOf(model, place, live) + today.uncertainty;
        const variance = (part.psi * part.rowVariance) / today.rows + held;
        return stepDrift(drift, { day, mean: today.mean, deviation: Math.sqrt(variance) });
      });
      judge(live, day);
    },
    serviced() {
      drifts = drifts.map(() => NO_DRIFT);
      hints = [];
    },
    get hints() {
      return hints;
    },
    state: () => ({ references, drifts, hints }),
  };
}

/** Mean residual of the day in `slot` against the reference, from the sums of the local fit. */
function dayOf(fit: LocalFit, part: PartModel, reference: Reference, slot: number) {
  const { size, waiting } = fit;
  const at = slot * (size * (size + 1) + 1);
  const weight = waiting[at] ?? 0;
  if (!(weight > 0)) return undefined;
  // The lower triangle's first column: sums of the features themselves.
  const features = Array.from(
    { length: size },
    (_, index) => (waiting[at + index * size] ?? 0) / weight,
  );
  let mean = (waiting[at + size * size] ?? 0) / weight;
  let uncertainty = 0;
  for (const [i, left] of features.entries()) {
    mean -= left * (reference.deviation[i] ?? 0);
    for (const [j, right] of features.entries())
      uncertainty += left * right * (reference.covariance[i * size + j] ?? 0);
  }
  return { mean, uncertainty, rows: (weight * part.rowVariance) / part.rho };
}

/** What does not average out over a day. */
function heldOf({ plan, parts }: NormalModel, place: number, live: NormalState): number {
  const expected = live.last[place * LAST_NUMBERS + 1] ?? Number.NaN;
  const tolerance = toleranceOf(plan.parts[place], Number.isNaN(expected) ? 0 : expected);
  return (parts[place]?.dayVariance ?? 0) + tolerance * tolerance;
}

/** When the slow monitor reaches its limit, if the last month goes on like this. */
function weeksLeft(
  drift: DriftState,
  part: PartModel,
  held: number,
  direction: "up" | "down",
): DriftHint["weeks"] {
  const slopes = slopesOf(drift);
  const mean = drift.means.at(-1);
  if (slopes === undefined || mean === undefined) return undefined;
  const limit = part.limitSlow * Math.sqrt(part.rowVariance / SLOW_DAYS + held);
  const sign = direction === "up" ? 1 : -1;
  const [fast, slow] = sign > 0 ? [slopes.high, slopes.low] : [-slopes.low, -slopes.high];
  const rest = Math.max(0, limit - sign * mean);
  if (!(fast > 0)) return undefined;
  const weeks = (slope: number) =>
    slope > 0 ? Math.min(WEEKS_MAX, Math.ceil(rest / slope / DAYS_PER_WEEK)) : WEEKS_MAX;
  return { from: weeks(fast), to: weeks(slow) };
}
