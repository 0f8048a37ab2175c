/**
 * The snapshot store: blocks as they came, and everything that must become durable with them.
 *
 * A commit is written wholly or not at all, and `put` resolves only after the write was synced; the
 * ack to the daemon follows it. Commits take effect in the order of the calls. What an earlier put
 * of the same installation wrote is never newer than what a later one wrote.
 * `level-snapshot-store.ts` keeps the promise on LevelDB, `postgres-snapshot-store.ts` on PostgreSQL
 * for several processes, `memory-snapshot-store.ts` keeps it for tests, and
 * `test/contract/snapshot-store-contract.ts` holds all of them to it.
 */
import type { ChannelTable } from "#core/batch/channel-table.js";
import type { SealedBatch } from "#core/batch/sealed-batch.js";
import type { DaySummary } from "../aggregate/day-summary.js";
import type { ReportedLoss } from "../ingest/ingest.js";
import type { InstallationState } from "../registry/registry.js";
import type { BackendTotals } from "../rpc/door.js";

/** A block with what places it. */
export interface StoredBlock {
  readonly installationId: string;
  readonly epochId: string;
  readonly sequence: number;
  /** Cohort the block counts for. */
  readonly heatpumpModel: string;
  /** By the backend's clock. */
  readonly receivedAtMs: number;
  /** Time of the first and of the last row, Unix milliseconds. */
  readonly firstMs: number;
  readonly lastMs: number;
  readonly batch: SealedBatch;
}

/** A block with the number of the group that it was written with. */
export interface JournalledBlock extends StoredBlock {
  readonly commitNumber: number;
}

/** How far one epoch of one installation is decided. */
export interface EpochState {
  readonly epochId: string;
  readonly ackedThrough: number;
  /** Ranges beyond `ackedThrough` that will never come, rising and disjoint. */
  readonly voids: readonly { readonly from: number; readonly to: number }[];
}

/** An epoch with what tells repeats of its newest batches from forks. */
export interface EpochPosition {
  readonly epoch: EpochState;
  readonly digests: readonly { readonly sequence: number; readonly digest: Uint8Array }[];
}

/** A batch, or the part of it, that was refused for good. */
export interface DeadLetter {
  readonly installationId: string;
  readonly epochId: string;
  readonly sequence: number;
  readonly receivedAtMs: number;
  readonly snapshots: number;
  readonly reasons: readonly { reason: string; snapshots: number; detail: string }[];
  /** What the daemon declared about the block, and the block as it came. */
  readonly declared: {
    readonly deviceId: string;
    readonly tableId: Uint8Array;
    readonly stepMs: number;
    readonly slot: number;
    readonly rows: number;
    readonly codec: number;
    /** What a block of codec 2 starts from; left out: nothing. */
    readonly prior?: number;
    readonly plainBytes: number;
    readonly check: number;
  };
  readonly block: Uint8Array;
}

/** Counters over the life of the store. */
export type StoreTotals = Pick<
  BackendTotals,
  | "batchesStored"
  | "snapshotsStored"
  | "readingsStored"
  | "snapshotsDuplicate"
  | "snapshotsRejected"
  | "snapshotsReportedLost"
>;

/** What is written at once. Parts that are left out are not touched. */
export interface Commit {
  /** The whole new state of the installation. */
  readonly installation: InstallationState;
  readonly epochs?: readonly EpochState[];
  /** Digest under which a repeat of (epoch, sequence) is recognised. */
  readonly digest?: {
    readonly epochId: string;
    readonly sequence: number;
    readonly digest: Uint8Array;
  };
  readonly block?: StoredBlock;
  readonly deadLetter?: DeadLetter;
  readonly losses?: readonly ReportedLoss[];
  /** A table that no commit has carried yet; kept for ever, old blocks need it. */
  readonly table?: ChannelTable;
  /** Added to the totals. */
  readonly counts?: Partial<StoreTotals>;
}

/** What reading every block back has found. */
export interface StoreCount {
  readonly blocks: number;
  readonly snapshots: number;
  readonly readings: number;
}

/** What was removed, in records. */
export interface Removal {
  readonly blocks: number;
  readonly deadLetters: number;
  readonly losses: number;
}

/** One of equal parts of all installation ids, by their beginning. */
export interface Slice {
  readonly index: number;
  readonly of: number;
}

/** Durable home of blocks and contribution. */
export interface SnapshotStore {
  /**
   * Reads an installation for writing: whoever claimed it before, in whatever process, writes no
   * more. Without a claim nothing may be put for an installation.
   *
   * @throws HeatpoolError `PERMISSION_DENIED` it was erased
   */
  claim(installationId: string): Promise<InstallationState | undefined>;
  /** Whether nobody else has claimed an installation since. */
  isClaimed(installationId: string): Promise<boolean>;
  /**
   * Writes one commit. May be called again before it returns; the commit is serialised at once.
   *
   * @returns number of the group it was written with; strictly rising from group to group
   * @throws HeatpoolError `STORE_FAILED` nothing of it counts as written, nor of any later put that
   *   was waiting · `SUPERSEDED` somebody else claimed the installation
   */
  put(commit: Commit): Promise<number>;
  /** Newest group of this process that is durable, and what was there at its start; 0: none. */
  readonly committedThrough: number;
  /** All installations. */
  installations(): AsyncIterable<InstallationState>;
  installation(installationId: string): Promise<InstallationState | undefined>;
  epoch(installationId: string, epochId: string): Promise<EpochState | undefined>;
  /** The digest of a decided batch, while it is recent. */
  digest(
    installationId: string,
    epochId: string,
    sequence: number,
  ): Promise<Uint8Array | undefined>;
  /** Every epoch of an installation, with the digests that are remembered of it. */
  positions(installationId: string): AsyncIterable<EpochPosition>;
  /** Blocks of one installation by device and day; without an id of all installations. */
  blocks(installationId?: string): AsyncIterable<StoredBlock>;
  /** Devices that an installation has blocks of. */
  devices(installationId: string): Promise<readonly string[]>;
  /** Blocks of one device that begin on these days since 1970 (UTC), before `toDay`; by day. */
  blocksOfDays(
    installationId: string,
    deviceId: string,
    fromDay: number,
    toDay: number,
  ): AsyncIterable<StoredBlock>;
  /** Blocks of the groups after `commitNumber`, in the order of the groups. */
  blocksAfter(commitNumber: number): AsyncIterable<JournalledBlock>;
  /** Drops the journal up to and including a group; blocks stay. */
  forgetJournal(commitNumber: number): Promise<void>;
  tables(): AsyncIterable<ChannelTable>;
  /** Refused batches, oldest first. */
  deadLetters(): AsyncIterable<DeadLetter>;
  losses(installationId: string): AsyncIterable<ReportedLoss>;
  /** Exact in one process; of several, as of this one's newest commit or look. */
  totals(): StoreTotals;
  /** Reads every block back, checks it, and counts. */
  count(): Promise<StoreCount>;
  /** Replaces sums of days of one installation; see `DaySummary`. Durable when it resolves. */
  putDays(installationId: string, days: readonly DaySummary[]): Promise<void>;
  /** Its days from `fromDay` on, by day and device. */
  days(installationId: string, fromDay: number): AsyncIterable<DaySummary>;
  /** A named record of another room, e.g. the newest release of statistics. */
  putRecord(name: string, bytes: Uint8Array): Promise<void>;
  record(name: string): Promise<Uint8Array | undefined>;
  /** Names of records that begin so, in their order. */
  recordNames(prefix: string): Promise<readonly string[]>;
  /** Forgets a record; one that is not there is forgotten already. */
  removeRecord(name: string): Promise<void>;
  /** Removes everything about one installation, in files too. Counters stay. */
  erase(installationId: string): Promise<Removal>;
  /**
   * Removes what was measured before a time: blocks and sums of earlier days (UTC), refused
   * batches and losses of that time. Installations, epochs and counters stay.
   */
  forgetBefore(timeMs: number): Promise<Removal>;
  /** Rewrites the files of a slice, so that what was removed of it is in none of them any more. */
  compact(slice: Slice): Promise<void>;
  /** Bytes on disk; 0 in memory. */
  bytes(): Promise<number>;
  /** Waits for what is being written, then lets go. */
  close(): Promise<void>;
}
