/**
 * Where the backlog keeps its records: bytes under keys, written in commits.
 *
 * A commit is whole or not at all, and durable when `commit` resolved with true. After false it may
 * be on disk or not; repeating it is harmless because every change names its key and its value.
 * Nothing here throws because of the disk; what the disk refuses is an answer.
 */

/** `value` undefined: the key goes. */
export interface Change {
  readonly key: Buffer;
  readonly value: Buffer | undefined;
}

/** What a clean end wrote down, to be compared with what is found at the next start. */
export interface CleanMark {
  readonly epochId: string;
  readonly lastSealed: number;
  readonly recorded: number;
  /** Snapshots in journal and batches. */
  readonly waiting: number;
  readonly lossNumberMin: number;
}

/** How the store was found. */
export interface Opening {
  /** `undefined`: the last life ended without closing, or there was none. */
  readonly clean: CleanMark | undefined;
  /** Nothing had been stored here before. */
  readonly isNew: boolean;
  /** Everything that was stored is gone: at most this many snapshots are known to have waited. */
  readonly vanished: number | undefined;
  /** No loss ledger number below this one may be used. */
  readonly lossNumberMin: number;
}

/** Space, in bytes. */
export interface DiskSpace {
  /** What the store takes. */
  readonly used: number;
  /** Whether the file system is nearly full. */
  readonly isLow: boolean;
}

/** A store of records. Calls do not overlap: the backlog makes one at a time. */
export interface RecordStore {
  /**
   * Opens, repairing what can be repaired. `undefined`: the disk does not allow it at present.
   *
   * @throws HeatpoolError `BACKLOG_LOCKED` another process holds it
   */
  open(): Promise<Opening | undefined>;
  /**
   * Every record, by key.
   *
   * @throws HeatpoolError `BACKLOG_DAMAGED` cannot be read through; the next `open` repairs it
   */
  scan(): AsyncIterable<readonly [Buffer, Buffer]>;
  commit(changes: readonly Change[]): Promise<boolean>;
  /** `undefined`: not there. `"unreadable"`: the disk refuses at present. */
  read(key: Buffer): Promise<Buffer | undefined | "unreadable">;
  /** Gives space back that removed records from `first` to `last` took. */
  compact(first: Buffer, last: Buffer): Promise<void>;
  space(): Promise<DiskSpace>;
  /** Destroys all bytes and begins anew; resumes at the next open when it was interrupted. */
  wipe(lossNumberMin: number): Promise<void>;
  /** @param mark `undefined`: not everything is on disk, the next life must look closely */
  close(mark: CleanMark | undefined): Promise<void>;
}
