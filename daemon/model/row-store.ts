/**
 * The operating rows of this house, a day at a time: what a local model is learnt from. Never sent.
 *
 * `level-rows.ts` keeps them on LevelDB, `memory-rows.ts` for tests and replays. The oldest days go
 * above a limit; a day that cannot be read is a day that is not there.
 */
import type { RowBlock } from "#core/anomaly/operating-row.js";

/** What is known of a day without reading it. */
export interface DayFacts {
  /** Unix time / 86,400 s. */
  readonly day: number;
  readonly rows: number;
  /** Steady rows while it ran in one mode, of the mode with most of them. */
  readonly steadyRows: number;
  /** Highest score of the day. */
  readonly scoreMax: number;
  /** °C; `undefined`: not known. */
  readonly outdoorMean: number | undefined;
}

/** The store. */
export interface RowStore {
  /** Replaces what was there of the day. Durable when it resolves. */
  put(deviceId: string, facts: DayFacts, rows: RowBlock): Promise<void>;
  read(deviceId: string, day: number): Promise<RowBlock | undefined>;
  /** Oldest first. */
  days(deviceId: string): Promise<readonly DayFacts[]>;
  forget(deviceId: string): Promise<void>;
  close(): Promise<void>;
}

/** More than a year: the same season twice. About 10 KB each. */
export const DAYS_KEPT_MAX = 400;
