/**
 * Slow change: one number a day per part, summed up while it leans one way (CUSUM), and the slope
 * of a month by the median of all pairs (Theil, Sen). A hint that cleaning may help, no alarm.
 */

/** Sums of one part since it was last serviced. */
export interface DriftState {
  readonly days: number;
  readonly up: number;
  readonly down: number;
  /** Daily means of the last days, oldest first. */
  readonly means: readonly number[];
}

/** Half a standard deviation a day is no drift. */
const SLACK = 0.5;
const HINT_AT = 8;
const DAYS_MIN = 10;
const DAYS_KEPT = 30;

/** Just serviced, or just learnt. */
export const NO_DRIFT: DriftState = { days: 0, up: 0, down: 0, means: [] };

/** After a day whose mean residual was `mean`, with that day's standard deviation of it. */
export function stepDrift(state: DriftState, mean: number, deviation: number): DriftState {
  if (!(deviation > 0) || !Number.isFinite(mean)) return state;
  const g = mean / deviation;
  return {
    days: state.days + 1,
    up: Math.max(0, state.up + g - SLACK),
    down: Math.max(0, state.down - g - SLACK),
    means: [...state.means, mean].slice(-DAYS_KEPT),
  };
}

/** Whether there is something to hint at, and in which direction. */
export function driftOf(state: DriftState): "up" | "down" | undefined {
  if (state.days < DAYS_MIN) return undefined;
  if (state.up >= HINT_AT) return "up";
  return state.down >= HINT_AT ? "down" : undefined;
}

/** Change of the daily mean per day; `undefined` with fewer than ten days. */
export function slopeOf({ means }: DriftState): number | undefined {
  if (means.length < DAYS_MIN) return undefined;
  const slopes: number[] = [];
  for (const [late, value] of means.entries())
    for (let early = 0; early < late; early++)
      slopes.push((value - (means[early] ?? 0)) / (late - early));
  slopes.sort((a, b) => a - b);
  const half = slopes.length / 2;
  return ((slopes[Math.ceil(half) - 1] ?? 0) + (slopes[Math.floor(half)] ?? 0)) / 2;
}
