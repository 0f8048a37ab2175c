/**
 * Rows that are not on disk yet: one number per channel and row, and a bound on the rows.
 *
 * A row taken before the clock was right waits for it, because a Pi starts without knowing the time;
 * not for ever, because there are houses without a time server.
 */
import type { ChannelTable } from "#core/batch/channel-table.js";
import type { Clock } from "#core/clock.js";
import type { Reading, Snapshot } from "#core/measurement/snapshot.js";
import type { HistoryRow } from "./history.js";

/** A minute's polls of a day and a half; the rows of one iDM take 1.3 MB then. */
export const FRESH_ROWS_MAX = 2_000;
/** A time server answers within minutes of a boot, or not at all. */
export const TRUST_WAIT_MS = 15 * 60_000;

interface Fresh {
  atMs: number;
  readonly monotonicMs: number;
  readonly isSynced: boolean;
  /** By channel; NaN: absent. */
  readonly values: Float64Array;
}

/** Rows of one device in memory. */
export class FreshRows {
  readonly #table: ChannelTable;
  readonly #indexOf: ReadonlyMap<string, number>;
  #rows: Fresh[] = [];

  constructor(table: ChannelTable) {
    this.#table = table;
    this.#indexOf = new Map(table.channels.map(({ metric }, c) => [metric, c]));
  }

  get size(): number {
    return this.#rows.length;
  }

  add({ takenAtMs, monotonicMs, clockSynced, readings }: Snapshot): void {
    const values = new Float64Array(this.#table.channels.length).fill(Number.NaN);
    for (const { metric, value } of readings) {
      const c = this.#indexOf.get(metric);
      if (c !== undefined && value !== undefined) values[c] = value;
    }
    this.#rows.push({ atMs: takenAtMs, monotonicMs, isSynced: clockSynced, values });
  }

  /** Forgets the oldest row. */
  dropOldest(): void {
    this.#rows.shift();
  }

  /** How many of the oldest may be written; their times are mended as far as the clock is known. */
  readyCount(clock: Clock, isLast: boolean): number {
    const nowMonotonicMs = clock.monotonicMs();
    const originMs = clock.nowMs() - nowMonotonicMs;
    const isSynced = clock.isSynced();
    let ready = 0;
    for (const row of this.#rows) {
      const isTrusted = row.isSynced || isSynced;
      if (!isTrusted && !isLast && nowMonotonicMs - row.monotonicMs < TRUST_WAIT_MS) break;
      if (!row.isSynced && isSynced) row.atMs = Math.round(originMs + row.monotonicMs);
      ready++;
    }
    return ready;
  }

  /** The oldest rows as snapshots. */
  snapshots(deviceId: string, count: number): readonly Snapshot[] {
    return this.#rows.slice(0, count).map(({ atMs, monotonicMs, isSynced, values }) => ({
      deviceId,
      takenAtMs: atMs,
      monotonicMs,
      clockSynced: isSynced,
      readings: this.#readings(values),
    }));
  }

  forget(count: number): void {
    this.#rows = this.#rows.slice(count);
  }

  /** All of them as rows, as they are at the time of the call. */
  rows(): readonly HistoryRow[] {
    return this.#rows.map(({ atMs, values }) => ({
      atMs,
      values: new Map(
        this.#readings(values).flatMap(({ metric, value }) =>
          value === undefined ? [] : [[metric, value] as const],
        ),
      ),
    }));
  }

  #readings(values: Float64Array): readonly Reading[] {
    return this.#table.channels.flatMap(({ metric }, c) => {
      const value = values[c] ?? Number.NaN;
      return Number.isNaN(value) ? [] : [{ metric, value, quality: "good" as const }];
    });
  }
}
