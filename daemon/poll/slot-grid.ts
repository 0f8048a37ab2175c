/**
 * When polls are due: on the grid of the wall clock (so that snapshots of all houses lie on the
 * same slots), but counted on the monotonic clock (so that a clock that steps never makes polls
 * overlap or come closer than the interval). Pure: times in, times out.
 */

/** Both clocks at one instant. */
export interface Instant {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

/** What a wall clock may be corrected between two polls without costing a slot. */
const CORRECTION_MAX_MS = 250;

/** Monotonic time of the next poll: on the grid, at least an interval after the last, not before now. */
export function nextDueMs(now: Instant, lastDueMs: number, intervalMs: number): number {
  const slackMs = Math.min(CORRECTION_MAX_MS, intervalMs / 10);
  const earliestMs = Math.max(now.monotonicMs, lastDueMs + intervalMs - slackMs);
  const wallMs = now.wallMs + (earliestMs - now.monotonicMs);
  return earliestMs + (Math.ceil(wallMs / intervalMs) * intervalMs - wallMs);
}

/** What the wall clock says, or said, at a monotonic time. */
export function wallAt(now: Instant, monotonicMs: number): number {
  return now.wallMs + (monotonicMs - now.monotonicMs);
}
