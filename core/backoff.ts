/**
 * Retry delays with full jitter: any moment between now and a growing bound. Also the first retry
 * and every retry at the cap are spread, so that a fleet that lost its backend together does not
 * come back together.
 */

/** How delays grow. */
export interface BackoffSchedule {
  readonly baseMs: number;
  readonly capMs: number;
}

/**
 * `random(0, min(cap, base * 2^attempt))`.
 *
 * @param attempt counts from 0
 * @param random uniform in [0, 1)
 */
export function backoffMs(
  attempt: number,
  { baseMs, capMs }: BackoffSchedule,
  random: () => number,
): number {
  return random() * Math.min(capMs, baseMs * 2 ** attempt);
}
