/**
 * The backlog over any store of records: when a commit happens, what may be sent, what goes when
 * space is short. Files and LevelDB are the store's; what is kept is `custody.ts`.
 *
 * While the store refuses, everything waits in memory under an epoch of its own, whose batches may
 * be sent because no record on disk can ever carry the same rows; rows that a failed commit may
 * have written wait until the disk has answered for them.
 */
import { decodeSealedBatch } from "#core/batch/records.js";
import type { SealedBatch } from "#core/batch/sealed-batch.js";
import { HeatpoolError } from "#core/errors.js";
import type { Snapshot } from "#core/measurement/snapshot.js";
import type {
  Backlog,
  BacklogEntry,
  BacklogStatus,
  BatchNumber,
  DeadLetter,
  DeviceStream,
  EpochState,
  Fate,
  Loss,
  LossReason,
  Receipt,
  Retraction,
  RetractionResult,
} from "./backlog.js";
import type { WaitingBatch } from "./batch-index.js";
import { Custody, type CustodyFacts, WAITING_ROWS_MAX } from "./custody.js";
import { deadLetterKey } from "./dead-letters.js";
import { takeInventory } from "./inventory.js";
import { batchKey } from "./keys.js";
import type { NewLoss } from "./loss-ledger.js";
import { Alarm, OneAtATime } from "./pace.js";
import { openRecord } from "./record.js";
import type { CleanMark, RecordStore } from "./record-store.js";
import { planThinning, rowsOf } from "./reseal.js";
import { decodeDeadLetter } from "./stored-records.js";

/** What a backlog is told. */
export interface RecordBacklogOptions extends CustodyFacts {
  /** Least time between two commits of snapshots; 0: each snapshot at once. */
  readonly commitIntervalMs: number;
}

/** Rows that waited so long are sealed without being asked: what waits long is packed well. */
const SEAL_AGE_MS = 60 * 60_000;
/** Sealed without being asked above this share of a batch's byte limit, … */
const SEAL_FILL = 0.8;
/** … reckoned with so many bytes per lane and row: twice what codec 0 takes of a noisy column. */
const LANE_BYTES = 2;
/** An hour at risk is long for many devices: so many rows are committed without waiting for it. */
const FRESH_ROWS_MAX = WAITING_ROWS_MAX / 2;
/** Acks and losses ride in the next commit of snapshots, or go by themselves after this time. */
const RIDER_MS = 60_000;
/** The policy acts above this share of the limit. */
const FULL = 0.8;
/** Removed at a time and then compacted away; an eighth of the limit where that is less. */
const REMOVED_BYTES = 2 ** 20;
/** What memory holds while the store refuses. */
const MEMORY_BYTES_MAX = 4 * 2 ** 20;
/** A store that refused is tried again after this time. */
const RETRY_MS = 60_000;
/** Of the words that say why a batch is kept aside. */
const DETAIL_MAX = 256;
const BATCHES_FROM = Buffer.from("b/");
const BATCHES_TO = Buffer.from("b0");
const ALL_FROM = Buffer.from("a");
const ALL_TO = Buffer.from("z");

/** A backlog; `open` comes before anything else. */
export class RecordBacklog implements Backlog {
  readonly #options: RecordBacklogOptions;
  readonly #store: RecordStore;
  readonly #turn = new OneAtATime();
  readonly #alarm: Alarm;
  readonly #listeners: ((snapshots: readonly Snapshot[]) => void)[] = [];
  #custody: Custody;
  /** In the journal, not announced to listeners yet. */
  #unannounced: Snapshot[] = [];
  #mode: "durable" | "memory" = "memory";
  #isLoaded: boolean = false;
  #isWiping: boolean = false;
  #isClosed: boolean = false;
  #isFull: boolean = false;
  #isSpaceLow: boolean = false;
  #lastCommitMs = Number.NEGATIVE_INFINITY;
  #lastTryMs = Number.NEGATIVE_INFINITY;
  #diskBytes = 0;
  #commits = 0;
  /** Bytes of batches that were removed and may still lie in the store. */
  #removedBytes = 0;

  constructor(store: RecordStore, options: RecordBacklogOptions) {
    this.#store = store;
    this.#options = options;
    this.#custody = new Custody(options);
    this.#alarm = new Alarm(options.clock, () => {
      void this.#turn.run(() => this.#onAlarm());
    });
  }

  /**
   * Takes in what an earlier life left. When the disk does not allow it, the backlog begins in
   * memory and takes it in later.
   *
   * @throws HeatpoolError `BACKLOG_LOCKED` another process holds the store
   */
  open(): Promise<void> {
    return this.#turn.run(() => this.#commit());
  }

  record(snapshot: Snapshot): void {
    if (this.#isWiping || this.#isClosed) return;
    this.#custody.take(snapshot, this.#refusal());
    const dueMs = this.#lastCommitMs + this.#options.commitIntervalMs;
    if (this.#custody.fresh.length === 0) this.#planRider();
    else this.#alarm.plan(this.#isWorkDue() ? this.#nowMs : Math.max(this.#nowMs, dueMs));
  }

  flush(): Promise<void> {
    return this.#turn.run(() => this.#commit());
  }

  seal(): Promise<number> {
    return this.#turn.run(() => this.#seal());
  }

  epochs(): readonly EpochState[] {
    return this.#custody.index.states;
  }

  streams(): readonly DeviceStream[] {
    return this.#custody.streams;
  }

  after(epochId: string, sequence: number, limit: number): Promise<readonly BacklogEntry[]> {
    return this.#turn.run(async () => {
      const entries: BacklogEntry[] = [];
      if (this.#isWiping || !(await this.#noteHanded(epochId, sequence, limit))) return entries;
      for (const batch of this.#custody.index.after(epochId, sequence, limit)) {
        const sealed = await this.#readBatch(batch);
        if (sealed === "unreadable") break;
        if (sealed !== undefined) entries.push({ epochId, sequence: batch.sequence, sealed });
      }
      return this.#isWiping ? [] : entries;
    });
  }

  acknowledge(receipt: Receipt): Promise<void> {
    return this.#turn.run(async () => {
      const gone = this.#custody.decide(receipt);
      if (gone.length === 0) return;
      this.#removedBytes += sumBytes(gone);
      this.#planRider();
    });
  }

  retract(of: BatchNumber, fate: Fate, detail: string): Promise<boolean> {
    return this.#turn.run(async () => {
      const batch = this.#custody.index.find(of);
      if (this.#isWiping || batch === undefined || this.#mode === "memory") return false;
      const sealed = await this.#readBatch(batch);
      if (sealed === undefined || sealed === "unreadable") return false;
      this.#custody.retract(batch, sealed, fate, detail.slice(0, DETAIL_MAX));
      await this.#commit({ isForced: true });
      return this.#isDurable();
    });
  }

  retractions(): readonly Retraction[] {
    // One that the disk does not know must not be asked about: a crash would forget it.
    return this.#mode === "durable" ? this.#custody.index.retractions : [];
  }

  settleRetraction(of: BatchNumber, result: RetractionResult): Promise<void> {
    return this.#turn.run(async () => {
      const found = this.#custody.index.findRetracted(of);
      // What it becomes must not be sent before the disk knows that the old number is gone.
      if (found === undefined || this.#isWiping || this.#mode === "memory") return;
      const sealed = await this.#readBatch(found[0]);
      // Asked again on the next stream when the disk does not give it now.
      if (sealed === undefined || sealed === "unreadable") return;
      this.#removedBytes += found[0].bytes;
      this.#custody.settleRetraction(of, result, sealed);
      await this.#commit({ isForced: true });
    });
  }

  deadLetters(): readonly DeadLetter[] {
    return this.#custody.deadLetters.all;
  }

  readDeadLetter(number: number): Promise<SealedBatch | undefined> {
    return this.#turn.run(() => this.#readLetter(number));
  }

  replayDeadLetters(numbers: readonly number[]): Promise<number> {
    return this.#withLetters(numbers, async (letter) => {
      const sealed = await this.#readLetter(letter.number);
      if (sealed === undefined) this.#custody.dropLetter(letter, "corrupt-record");
      else this.#custody.replay(letter, sealed);
    });
  }

  dropDeadLetters(numbers: readonly number[]): Promise<number> {
    return this.#withLetters(numbers, async (letter) => {
      this.#custody.dropLetter(letter, "operator-dropped");
    });
  }

  recordLoss(loss: NewLoss): void {
    if (this.#isWiping || this.#isClosed) return;
    // It was lost before it came here, so it enters the account on both sides.
    if (loss.class === "lost") this.#custody.counters.recorded += loss.snapshots;
    this.#custody.lose(loss);
    this.#planRider();
  }

  losses(number: number, limit: number): Promise<readonly Loss[]> {
    return this.#turn.run(async () => {
      if (this.#custody.ledger.isDirty) await this.#commit();
      return this.#isWiping ? [] : this.#custody.ledger.after(number, limit);
    });
  }

  acknowledgeLosses(number: number): Promise<void> {
    return this.#turn.run(async () => {
      this.#custody.ledger.forget(number);
      this.#planRider();
    });
  }

  beginEpoch(): Promise<void> {
    return this.#turn.run(async () => {
      this.#custody.beginEpoch(this.#mode === "memory");
      await this.#commit({ isForced: true });
    });
  }

  status(): BacklogStatus {
    const { counters, index, unsealedRows, deadLetters } = this.#custody;
    const decided = counters.admitted + counters.duplicate + counters.rejected;
    const kept = index.rows + unsealedRows + deadLetters.rows;
    return {
      epochId: index.currentEpochId,
      mode: this.#mode,
      diskBytes: this.#diskBytes,
      limitBytes: this.#options.limitBytes,
      isSpaceLow: this.#isSpaceLow,
      batches: index.count,
      snapshots: index.rows,
      unsealed: unsealedRows,
      deadLetters: deadLetters.all.length,
      deadSnapshots: deadLetters.rows,
      ...counters,
      unaccounted: counters.recorded - decided - counters.lost - kept,
      commits: this.#commits,
    };
  }

  onCommit(listener: (snapshots: readonly Snapshot[]) => void): void {
    this.#listeners.push(listener);
  }

  wipe(): Promise<void> {
    // From this tick on nothing is taken in and nothing is handed out.
    this.#isWiping = true;
    return this.#turn.run(async () => {
      const lossNumberMin = this.#custody.ledger.nextNumber;
      this.#custody = new Custody(this.#options);
      this.#unannounced = [];
      this.#removedBytes = 0;
      this.#isLoaded = false;
      this.#mode = "memory";
      this.#lastTryMs = Number.NEGATIVE_INFINITY;
      try {
        await this.#store.wipe(lossNumberMin);
        await this.#commit();
      } finally {
        this.#isWiping = false;
      }
    });
  }

  close(): Promise<void> {
    return this.#turn.run(async () => {
      if (this.#isClosed) return;
      this.#lastTryMs = Number.NEGATIVE_INFINITY;
      await this.#commit();
      this.#isClosed = true;
      this.#alarm.cancel();
      await this.#store.close(this.#mode === "durable" ? this.#cleanMark() : undefined);
    });
  }

  get #nowMs(): number {
    return this.#options.clock.monotonicMs();
  }

  get #stepBytes(): number {
    return Math.min(REMOVED_BYTES, this.#options.limitBytes / 8);
  }

  #refusal(): LossReason | undefined {
    if (this.#isFull && this.#options.whenFull === "drop-newest") return "evicted-limit";
    return this.#custody.fresh.length >= WAITING_ROWS_MAX ? "memory-overflow" : undefined;
  }

  /** Whether a commit or a seal cannot wait for the interval. */
  #isWorkDue(): boolean {
    return this.#custody.fresh.length >= FRESH_ROWS_MAX || this.#isSealingDue();
  }

  #isSealingDue(): boolean {
    const { rowsMax, blockBytesMax } = this.#options.sealing;
    const { oldestUnsealedMs, unsealed } = this.#custody;
    if (oldestUnsealedMs !== undefined && this.#nowMs - oldestUnsealedMs >= SEAL_AGE_MS)
      return true;
    return [...unsealed].some(([{ table }, rows]) => {
      const bytes = rows * table.lanes * LANE_BYTES;
      return rows >= rowsMax || bytes >= blockBytesMax * SEAL_FILL;
    });
  }

  #planRider(): void {
    this.#alarm.plan(this.#nowMs + Math.max(RIDER_MS, this.#options.commitIntervalMs));
  }

  async #onAlarm(): Promise<void> {
    if (this.#isClosed) return;
    if (this.#isSealingDue()) await this.#seal();
    else await this.#commit();
  }

  async #seal(): Promise<number> {
    let batches = 0;
    if (this.#mode === "memory") batches = this.#custody.sealFresh();
    else {
      this.#unannounced.push(...this.#custody.writeJournal());
      batches = this.#custody.sealJournal();
    }
    await this.#commit();
    return batches;
  }

  /** Commits what waits; in memory mode tries the disk when its time has come. */
  async #commit({ isForced = false } = {}): Promise<void> {
    if (this.#mode === "memory") {
      if (this.#nowMs - this.#lastTryMs < RETRY_MS) return this.#boundMemory();
      this.#lastTryMs = this.#nowMs;
      if (!this.#isLoaded && !(await this.#load())) return this.#boundMemory();
    }
    // After a refusal the first commit repeats what was tried; fresh rows follow when it succeeded.
    if (this.#mode === "durable") this.#unannounced.push(...this.#custody.writeJournal());
    const wasMemory = this.#mode === "memory";
    if (!(await this.#commitPending(isForced || wasMemory))) return this.#boundMemory();
    if (wasMemory && this.#custody.fresh.length > 0) {
      this.#unannounced.push(...this.#custody.writeJournal());
      if (!(await this.#commitPending(false))) return this.#boundMemory();
    }
    await this.#keepWithinLimit();
  }

  /** One synced write of everything pending. False: the store refused. */
  async #commitPending(isForced: boolean): Promise<boolean> {
    const { pending, ledger, index } = this.#custody;
    this.#custody.writeState(isForced);
    if (pending.isEmpty) return true;
    const changes = pending.take();
    const losses = ledger.entries;
    const batches = index.unwritten;
    this.#commits++;
    this.#lastCommitMs = this.#nowMs;
    // Whatever a commit was planned for is in this one.
    this.#alarm.cancel();
    if (!(await this.#store.commit(changes))) {
      this.#alarm.plan(this.#nowMs + RETRY_MS);
      pending.restore(changes);
      if (!index.isCurrentVolatile) this.#custody.beginEpoch(true);
      this.#mode = "memory";
      this.#lastTryMs = this.#nowMs;
      return false;
    }
    this.#mode = "durable";
    ledger.settled(losses);
    index.settled(batches);
    this.#announce();
    return true;
  }

  #announce(): void {
    const snapshots = this.#unannounced;
    if (snapshots.length === 0) return;
    this.#unannounced = [];
    for (const listener of this.#listeners) listener(snapshots);
  }

  async #load(): Promise<boolean> {
    for (let tries = 0; tries < 2; tries++) {
      const opening = await this.#store.open();
      if (opening === undefined) return false;
      try {
        const found = await takeInventory(this.#store.scan(), opening, this.#options.streams);
        this.#custody.adopt(found, opening.isNew);
        this.#isLoaded = true;
        return true;
      } catch (error) {
        // The store could not be read through; opening it again repairs it first.
        if (!(error instanceof HeatpoolError)) throw error;
      }
    }
    return false;
  }

  /** `undefined`: damaged, and given up with an entry in the ledger. */
  async #readBatch(batch: WaitingBatch): Promise<SealedBatch | undefined | "unreadable"> {
    const key = batchKey(batch.epochId, batch.sequence);
    const kept = this.#custody.pending.read(key);
    if (kept !== undefined) return decodeSealedBatch(kept);
    const value = await this.#store.read(key);
    if (value === "unreadable") return value;
    const payload = value && openRecord(key, value);
    if (payload !== undefined) return decodeSealedBatch(payload);
    this.#custody.giveUp([batch], "corrupt-record");
    this.#planRider();
    return undefined;
  }

  /** Removes what is too much; gives the space of what was removed back. */
  async #keepWithinLimit(): Promise<void> {
    if (this.#removedBytes >= this.#stepBytes) await this.#compact(BATCHES_FROM, BATCHES_TO);
    let used = await this.#measure();
    const act = this.#options.limitBytes * FULL;
    if (used > act && this.#custody.index.bytes < used / 2) {
      await this.#compact(ALL_FROM, ALL_TO);
      used = await this.#measure();
    }
    while (used > act && this.#options.whenFull !== "drop-newest") {
      if (!(await this.#thin())) {
        const oldest = this.#custody.index.oldest(this.#stepBytes, false);
        if (oldest.length === 0) break;
        this.#custody.giveUp(oldest, this.#isSpaceLow ? "evicted-disk-full" : "evicted-limit");
      }
      if (!(await this.#commitPending(false))) return;
      await this.#compact(BATCHES_FROM, BATCHES_TO);
      used = await this.#measure();
    }
    this.#isFull = used > act;
  }

  /** Thins what was never sent until a step of bytes is free. False: nothing may be thinned. */
  async #thin(): Promise<boolean> {
    if (!this.#custody.notesHanded) return false;
    const before = this.#custody.index.bytes;
    while (before - this.#custody.index.bytes < this.#stepBytes) {
      const group = planThinning(this.#custody.index.neverSent());
      const sources: { batch: WaitingBatch; rows: readonly Snapshot[] }[] = [];
      for (const batch of group) {
        const stream = this.#custody.streamOf(batch);
        const sealed = await this.#readBatch(batch);
        if (sealed === "unreadable") return false;
        if (sealed === undefined || stream === undefined) continue;
        const rows = rowsOf(sealed, stream);
        if (rows === undefined) this.#custody.giveUp([batch], "corrupt-record");
        else sources.push({ batch, rows });
      }
      if (sources.length === 0) break;
      this.#custody.thin(sources);
    }
    return this.#custody.index.bytes < before;
  }

  /** Notes durably what may be sent from here on, where it matters. False: it could not be noted. */
  async #noteHanded(epochId: string, sequence: number, limit: number): Promise<boolean> {
    const { index, notesHanded } = this.#custody;
    const last = index.after(epochId, sequence, limit).at(-1);
    // What never saw the disk is gone with this life, and so is what is noted about it.
    if (last === undefined || !notesHanded || index.isVolatile(epochId)) return true;
    if (this.#mode === "memory") return false;
    if (index.noteHanded(epochId, last.sequence)) await this.#commit({ isForced: true });
    return this.#isDurable();
  }

  /** Asked after a commit, which may have changed it. */
  #isDurable(): boolean {
    return this.#mode === "durable";
  }

  async #readLetter(number: number): Promise<SealedBatch | undefined> {
    if (this.#isWiping || this.#custody.deadLetters.find(number) === undefined) return undefined;
    const key = deadLetterKey(number);
    const kept = this.#custody.pending.read(key);
    const value = kept === undefined ? await this.#store.read(key) : undefined;
    const payload = value instanceof Buffer ? openRecord(key, value) : kept;
    return payload && decodeSealedBatch(decodeDeadLetter(payload).batch);
  }

  #withLetters(
    numbers: readonly number[],
    work: (letter: DeadLetter) => Promise<void>,
  ): Promise<number> {
    return this.#turn.run(async () => {
      if (this.#mode === "memory") {
        const hint = "Free some space, or look at the disk; then try again.";
        throw new HeatpoolError("BACKLOG_FAILED", "backlog: the disk refuses", { hint });
      }
      let count = 0;
      for (const number of this.#isWiping ? [] : numbers) {
        const letter = this.#custody.deadLetters.find(number);
        if (letter === undefined) continue;
        await work(letter);
        count++;
      }
      if (count > 0) await this.#commit({ isForced: true });
      return count;
    });
  }

  async #compact(first: Buffer, last: Buffer): Promise<void> {
    this.#removedBytes = 0;
    await this.#store.compact(first, last);
  }

  async #measure(): Promise<number> {
    const { used, isLow } = await this.#store.space();
    this.#diskBytes = used;
    this.#isSpaceLow = isLow;
    return used;
  }

  /** Memory has a limit too. */
  #boundMemory(): void {
    const { pending, index } = this.#custody;
    while (pending.bytes > MEMORY_BYTES_MAX) {
      const oldest = index.oldest(this.#stepBytes, true);
      if (oldest.length === 0) return;
      this.#custody.giveUp(oldest, "memory-overflow");
    }
  }

  #cleanMark(): CleanMark {
    const { index, counters, unsealedRows } = this.#custody;
    const epoch = index.states.at(-1);
    return {
      epochId: index.currentEpochId,
      lastSealed: epoch?.lastSealed ?? 0,
      recorded: counters.recorded,
      waiting: index.rows + unsealedRows + this.#custody.deadLetters.rows,
      lossNumberMin: this.#custody.ledger.nextNumber,
    };
  }
}

function sumBytes(batches: readonly WaitingBatch[]): number {
  return batches.reduce((sum, batch) => sum + batch.bytes, 0);
}
