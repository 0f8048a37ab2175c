/**
 * Slow change: one number a day per part, summed up while it leans one way (CUSUM), and the slope
 * of a month by the median of all pairs (Theil, Sen). A hint that cleaning may help, no alarm.
 */

/** Sums of one part since it was last serviced. */
export interface DriftState {
  readonly days: number;
  readonly up: number;
  readonly down: number;
  /** Day on which the present lean began; `undefined`: there is none. */
  readonly upSince: number | undefined;
  readonly downSince: number | undefined;
  /** Daily means of the last days, oldest first. */
  readonly means: readonly number[];
}

/** What a day said of a part. */
export interface DriftDay {
  /** Unix time / 86,400 s. */
  readonly day: number;
  /** Mean residual, and what is usual for it. */
  readonly mean: number;
  readonly deviation: number;
}

/** Half a standard deviation a day is no drift. */
const SLACK = 0.5;
const HINT_AT = 8;
/** A hint is over when less than this is left of its sum. */
const OVER_AT = 2;
/** Days of leaning one way before anything is said. */
const DAYS_MIN = 10;
/** One wild day is no drift either: it counts at most so many deviations. */
const LEAN_MAX = 3;
const DAYS_KEPT = 30;

/** Just serviced, or just learnt. */
export const NO_DRIFT: DriftState = {
  days: 0,
  up: 0,
  down: 0,
  upSince: undefined,
  downSince: undefined,
  means: [],
};

/** After one more day. */
export function stepDrift(state: DriftState, { day, mean, deviation }: DriftDay): DriftState {
  if (!(deviation > 0) || !Number.isFinite(mean)) return state;
  const g = Math.max(-LEAN_MAX, Math.min(LEAN_MAX, mean / deviation));
  const up = Math.max(0, state.up + g - SLACK);
  const down = Math.max(0, state.down - g - SLACK);
  return {
    days: state.days + 1,
    up,
    down,
    upSince: up > 0 ? (state.upSince ?? day) : undefined,
    downSince: down > 0 ? (state.downSince ?? day) : undefined,
    means: [...state.means, mean].slice(-DAYS_KEPT),
  };
}

/** Whether there is something to hint at on `day`, and in which direction. */
export function driftOf(state: DriftState, day: number): "up" | "down" | undefined {
  const leans = (sum: number, since: number | undefined) =>
    sum >= HINT_AT && since !== undefined && day - since >= DAYS_MIN;
  if (leans(state.up, state.upSince)) return "up";
  return leans(state.down, state.downSince) ? "down" : undefined;
}

/** Whether a hint in this direction has nothing left to say. */
export function isDriftOver(state: DriftState, direction: "up" | "down"): boolean {
  return state[direction] < OVER_AT;
}

/** Change of the daily mean per day: quarter, half and three quarters of all pairs of days. */
export interface Slopes {
  readonly low: number;
  readonly middle: number;
  readonly high: number;
}

/** `undefined` with fewer than ten days. */
export function slopesOf({ means }: DriftState): Slopes | undefined {
  if (means.length < DAYS_MIN) return undefined;
  const slopes: number[] = [];
  for (const [late, value] of means.entries())
    for (let early = 0; early < late; early++)
      slopes.push((value - (means[early] ?? 0)) / (late - early));
  slopes.sort((a, b) => a - b);
  const at = (share: number) => slopes[Math.round(share * (slopes.length - 1))] ?? 0;
  const half = slopes.length / 2;
  const middle = ((slopes[Math.ceil(half) - 1] ?? 0) + (slopes[Math.floor(half)] ?? 0)) / 2;
  return { low: at(0.25), middle, high: at(0.75) };
}
