/**
 * The backlog: what was read and may be shared, on disk until the backend has it durably.
 *
 * A snapshot is in memory for at most the commit interval, then in the journal; sealing turns the
 * journal into numbered batches whose bytes never change. A batch leaves only when the backend
 * decided it, when consent was withdrawn, or by the size limit, and every snapshot that leaves
 * otherwise than by an ack has an entry in the loss ledger. (epoch, sequence) never stands for two
 * different byte strings. No damage and no full disk stops polling or keeps the daemon from
 * starting. `level-backlog.ts` keeps these promises on LevelDB, `memory-backlog.ts` for tests, and
 * `test/contract/backlog-contract.ts` holds both to them.
 */
import type { ChannelTable } from "#core/batch/channel-table.js";
import type { SealedBatch } from "#core/batch/sealed-batch.js";
import type { Snapshot } from "#core/measurement/snapshot.js";

/** One device as its batches describe it; a new channel table or step makes another one. */
export interface DeviceStream {
  readonly deviceId: string;
  /** `idm/navigator-2.0` */
  readonly profile: string;
  readonly profileVersion: number;
  /** Name of the cohort. */
  readonly heatpumpModel: string;
  readonly table: ChannelTable;
  readonly stepMs: number;
}

/** A numbered batch that waits for its ack. */
export interface BacklogEntry {
  /** UUID of the backlog's life that numbered it. */
  readonly epochId: string;
  /** Counts from 1 without holes within the epoch. */
  readonly sequence: number;
  readonly sealed: SealedBatch;
}

/** One life of a backlog, as the hello names it. */
export interface EpochState {
  readonly epochId: string;
  /** `lastSealed + 1` when nothing waits. */
  readonly firstUnacked: number;
  readonly lastSealed: number;
  /** Numbers after `firstUnacked` that stand for nothing; the backend was or will be told. */
  readonly voids: readonly { from: number; to: number }[];
}

/** A batch by its number. */
export interface BatchNumber {
  readonly epochId: string;
  readonly sequence: number;
}

/** Why a batch is kept aside. */
export type DeadLetterReason =
  /** A single snapshot above what the backend takes. */
  | "too-large"
  /** The backend refuses it by name. */
  | "refused"
  /** Every stream dies with it. */
  | "poison"
  /** The backend has another batch under its number. */
  | "forked"
  /** Cannot be read here. */
  | "unreadable";

/** What becomes of a batch when its number is taken back: halves under new numbers, or aside. */
export type Fate = "split" | DeadLetterReason;

/** A number that is being taken back; its batch waits for the backend's answer. */
export interface Retraction extends BatchNumber {
  readonly fate: Fate;
  /** Why, for a person to read. */
  readonly detail: string;
  /** First four bytes of the content digest, little-endian. */
  readonly check: number;
}

/** What the backend says a number stands for: nothing, this batch, or another one. */
export type RetractionResult = "voided" | "stored" | "forked";

/** A batch kept aside because it cannot be delivered as it is. */
export interface DeadLetter {
  /** Rises from 1. */
  readonly number: number;
  readonly reason: DeadLetterReason;
  readonly detail: string;
  /** Of the wall clock. */
  readonly setAsideAtMs: number;
  readonly deviceId: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly snapshots: number;
  readonly readings: number;
  /** On disk. */
  readonly bytes: number;
}

/** What the backend decided about one epoch up to a number. */
export interface Receipt {
  readonly epochId: string;
  readonly ackedThrough: number;
  /** Snapshots that this receipt newly decides. */
  readonly admitted: number;
  readonly duplicate: number;
  readonly rejected: number;
}

/** Why something was not delivered. */
export type LossReason =
  | "slot-missed"
  | "device-offline"
  | "evicted-limit"
  | "evicted-disk-full"
  | "thinned"
  | "memory-overflow"
  | "corrupt-record"
  | "corrupt-store"
  | "downtime-or-tail"
  | "time-unresolved"
  | "dead-letter-dropped"
  | "count-mismatch"
  | "operator-dropped"
  | "backend-forgot"
  | "shutdown";

/** An entry of the loss ledger. */
export interface Loss {
  /** Rises from 1; after an unclean end some numbers are skipped. */
  readonly number: number;
  readonly class: "not-collected" | "lost";
  readonly reason: LossReason;
  /** `undefined`: all devices. */
  readonly deviceId: string | undefined;
  readonly fromMs: number;
  readonly toMs: number;
  readonly snapshots: number;
  /** 0 when not known. */
  readonly readings: number;
  /** Batches that will never come. */
  readonly batches: { epochId: string; sequenceFrom: number; sequenceTo: number } | undefined;
}

/** Figures about the backlog; every one is cheap. */
export interface BacklogStatus {
  readonly epochId: string;
  /** `durable`; `memory`: the disk refuses, snapshots are kept in memory and may be lost. */
  readonly mode: "durable" | "memory";
  /** Bytes of the directory. */
  readonly diskBytes: number;
  readonly limitBytes: number;
  /** Whether the file system is nearly full. */
  readonly isSpaceLow: boolean;
  /** Batches and snapshots sealed and not acknowledged. */
  readonly batches: number;
  readonly snapshots: number;
  /** Snapshots not yet sealed: in memory or journal. */
  readonly unsealed: number;
  /** Batches kept aside, and the snapshots in them. */
  readonly deadLetters: number;
  readonly deadSnapshots: number;
  /** Since the backlog was made. The law of conservation: recorded = admitted + duplicate + rejected + snapshots + unsealed + deadSnapshots + lost. */
  readonly recorded: number;
  readonly admitted: number;
  readonly duplicate: number;
  readonly rejected: number;
  readonly lost: number;
  /** What the law of conservation leaves over; anything but 0 is our mistake. */
  readonly unaccounted: number;
  /** Synced writes since it was opened. */
  readonly commits: number;
}

/** Durable, ordered queue of batches, its journal and its loss ledger. */
export interface Backlog {
  /** Takes a snapshot in; committed within the commit interval. Never throws, never waits. */
  record(snapshot: Snapshot): void;
  /** Commits what waits in memory; resolves when it is durable (or in memory mode, kept). */
  flush(): Promise<void>;
  /** Turns everything recorded into numbered batches, in one commit. Resolves with their number. */
  seal(): Promise<number>;
  /** Epochs that hold batches, oldest first, and the current one last even when empty. */
  epochs(): readonly EpochState[];
  /** Device streams that waiting batches use, and the current ones. */
  streams(): readonly DeviceStream[];
  /** Up to `limit` batches of `epochId` after `sequence`, oldest first; every checksum checked. */
  after(epochId: string, sequence: number, limit: number): Promise<readonly BacklogEntry[]>;
  /**
   * Forgets what the backend decided, and counts it. Calling it twice is harmless. A receipt whose
   * counts are all 0 (a welcome's position) counts what it forgets as duplicate; one that counts
   * fewer snapshots than it forgets leaves an entry `count-mismatch` about the others, and what it
   * counts beyond them does not count.
   */
  acknowledge(receipt: Receipt): Promise<void>;
  /**
   * Begins to take a number back: durably, no ack decides its batch any more, and neither it nor
   * what follows it in its epoch is handed out before `settleRetraction`. False: it is not there, or
   * the disk refuses at present.
   */
  retract(batch: BatchNumber, fate: Fate, detail: string): Promise<boolean>;
  /** Numbers whose answer is awaited, also those of an earlier life. */
  retractions(): readonly Retraction[];
  /**
   * Does with a retracted batch what its fate says, in one commit. `stored`: it counts as duplicate;
   * `forked`: it goes aside whatever its fate. Another call of the same is harmless.
   */
  settleRetraction(batch: BatchNumber, result: RetractionResult): Promise<void>;
  /** What is kept aside, oldest first. */
  deadLetters(): readonly DeadLetter[];
  /** The batch of a dead letter; `undefined`: not there, or damaged. */
  readDeadLetter(number: number): Promise<SealedBatch | undefined>;
  /** Puts dead letters back under new numbers. Resolves with how many of `numbers` there were. */
  replayDeadLetters(numbers: readonly number[]): Promise<number>;
  /** Gives dead letters up, with an entry in the ledger. Resolves with how many there were. */
  dropDeadLetters(numbers: readonly number[]): Promise<number>;
  /** Notes what never came here: not collected, or lost on the way. Rides in the next commit. */
  recordLoss(loss: Omit<Loss, "number">): void;
  /** Ledger entries after `number`, oldest first, at most `limit`; committed, and fixed from here. */
  losses(number: number, limit: number): Promise<readonly Loss[]>;
  /** Forgets ledger entries up to `number`. */
  acknowledgeLosses(number: number): Promise<void>;
  /** Begins a new epoch for what is sealed from here on; the old one drains under its own id. */
  beginEpoch(): Promise<void>;
  status(): BacklogStatus;
  /** Calls back after each commit that made recorded snapshots durable. */
  onCommit(listener: (snapshots: readonly Snapshot[]) => void): void;
  /** Destroys everything on disk and in memory and begins a new epoch (withdrawn consent). */
  wipe(): Promise<void>;
  /** Commits, marks the clean end, closes. */
  close(): Promise<void>;
}
