/**
 * What a poll yields. A snapshot is all readings of one device at one instant; absence is
 * `undefined` with its reason, never 0, never NaN.
 */

/** What became of one metric in one poll. Only `good` and `reread` carry a value. */
export type Quality =
  | "good"
  | "reread"
  | "absent"
  | "implausible"
  | "read-error"
  | "quarantined"
  | "not-due";

/** One metric at one instant. */
export interface Reading {
  /** Id in the metric catalogue, or the profile's own register id for what the catalogue lacks. */
  readonly metric: string;
  /** In the metric's unit; booleans are 0 and 1; `undefined` unless quality is good or reread. */
  readonly value: number | undefined;
  readonly quality: Quality;
}

/** All readings of one poll of one device. */
export interface Snapshot {
  readonly deviceId: string;
  /** Wall clock of the first request, Unix milliseconds. */
  readonly takenAtMs: number;
  /** Monotonic clock of the first request, milliseconds since boot. */
  readonly monotonicMs: number;
  /** Whether the wall clock was believed to be right. */
  readonly clockSynced: boolean;
  readonly readings: readonly Reading[];
}
