/**
 * The history: the house's own time series, for charts, export and local learning. It is never sent,
 * needs no consent and stays when consent is withdrawn.
 *
 * A snapshot is in memory for at most the commit interval, then on disk; one synced write per
 * interval carries all devices. Every full hour of a device is packed into one block. Above the size
 * limit the oldest day goes. Nothing here makes polling wait, and a disk that refuses costs history,
 * counted, never a reading. `level-history.ts` keeps this on LevelDB, `memory-history.ts` for tests,
 * and `test/contract/history-contract.ts` holds both to it.
 */
import type { ChannelTable } from "#core/batch/channel-table.js";
import type { Snapshot } from "#core/measurement/snapshot.js";

/** One device as its rows are packed. */
export interface HistoryStream {
  readonly deviceId: string;
  /** `idm/navigator-2.0`; chooses what a block starts from. */
  readonly profile: string;
  readonly table: ChannelTable;
  readonly stepMs: number;
}

/** Unix milliseconds; `toMs` is not part of it. */
export interface TimeRange {
  readonly fromMs: number;
  readonly toMs: number;
}

/** What of a device is asked for. */
export interface Wanted {
  readonly deviceId: string;
  /** Left out: everything. */
  readonly metrics?: readonly string[];
}

/** Values at one instant; an absent value has no entry. */
export interface HistoryRow {
  readonly atMs: number;
  readonly values: ReadonlyMap<string, number>;
}

/** One metric within a stretch of time. */
export interface Bucket {
  readonly fromMs: number;
  readonly min: number;
  readonly mean: number;
  readonly max: number;
  readonly last: number;
  readonly count: number;
}

/** A block or a channel table, as it lies in the store. */
export interface HistoryRecord {
  readonly key: Buffer;
  readonly value: Buffer;
}

/** Figures; every one is cheap. */
export interface HistoryStatus {
  /** Bytes of all blocks and their keys. */
  readonly bytes: number;
  readonly limitBytes: number;
  /** Rows in memory only. */
  readonly waiting: number;
  /** Synced writes since it was opened, and the bytes handed to the disk in them. */
  readonly commits: number;
  readonly writtenBytes: number;
  /** Rows that the disk refused for too long, and blocks that could not be read, since then. */
  readonly lost: number;
  readonly damaged: number;
}

/** The house's time series. */
export interface History {
  /** Takes a snapshot in. Never throws, never waits. */
  record(snapshot: Snapshot): void;
  /**
   * Takes rows of other origin in, durably. What is there already at the same instant stays.
   * Resolves with how many values were new.
   *
   * @throws HeatpoolError `STORE_FAILED`
   */
  take(deviceId: string, rows: readonly HistoryRow[], table: ChannelTable): Promise<number>;
  /** All that is kept as it lies there, for a backup; what waits in memory is committed before. */
  records(): AsyncIterable<HistoryRecord>;
  /**
   * Takes in what `records` of another history gave. Resolves with how many blocks came.
   *
   * @throws HeatpoolError `STATE_INVALID` this one is not empty · `STORE_DAMAGED` that is no history
   */
  adopt(records: AsyncIterable<HistoryRecord>): Promise<number>;
  /** Rows by time, each instant once. */
  rows(of: Wanted, range: TimeRange): AsyncIterable<HistoryRow>;
  /** About when the oldest row was taken; `undefined`: there is none. */
  oldestMs(): Promise<number | undefined>;
  /** Per metric the buckets that hold something, `count` of them at most. */
  buckets(
    of: Required<Wanted>,
    range: TimeRange,
    count: number,
  ): Promise<ReadonlyMap<string, readonly Bucket[]>>;
  /** Commits what waits in memory. */
  flush(): Promise<void>;
  status(): HistoryStatus;
  /** Commits every interval until `signal`, then commits the rest and closes. */
  run(signal: AbortSignal): Promise<void>;
}
