/**
 * Which batches wait, without their bytes: epochs in the order of their lives, numbers in theirs.
 *
 * The last epoch is the current one; only it gets new numbers. An older epoch leaves the list when
 * its last batch left. A number that was given once is never given again: `lastSealed` outlives the
 * batches.
 */
import type { EpochState } from "./backlog.js";

/** A waiting batch without its bytes. */
export interface WaitingBatch {
  readonly epochId: string;
  readonly sequence: number;
  readonly deviceId: string;
  /** Names its device stream. */
  readonly streamKey: string;
  readonly rows: number;
  readonly readings: number;
  readonly fromMs: number;
  readonly toMs: number;
  /** Of the stored value. */
  readonly bytes: number;
}

interface Epoch {
  readonly epochId: string;
  lastSealed: number;
  /** Next number that the backend expects. */
  firstUnacked: number;
  /** Born while the disk refused: its batches may be sent before they are on disk. */
  isVolatile: boolean;
  readonly batches: Map<number, WaitingBatch>;
}

/** The list of waiting batches. */
export class BatchIndex {
  #epochs: Epoch[] = [];
  /** Batches whose commit has not succeeded. */
  readonly #unwritten = new Set<WaitingBatch>();
  #rows = 0;
  #bytes = 0;
  #count = 0;

  get rows(): number {
    return this.#rows;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get count(): number {
    return this.#count;
  }

  get currentEpochId(): string {
    return this.#current.epochId;
  }

  get states(): readonly EpochState[] {
    return this.#epochs.map(({ epochId, firstUnacked, lastSealed }) => ({
      epochId,
      firstUnacked,
      lastSealed,
    }));
  }

  /** Begins an epoch; what was current drains under its own name. */
  begin(epochId: string, isVolatile: boolean): void {
    const batches = new Map<number, WaitingBatch>();
    this.#epochs.push({ epochId, lastSealed: 0, firstUnacked: 1, isVolatile, batches });
    this.#dropEmpty();
  }

  /** Whether the current epoch was born while the disk refused. */
  get isCurrentVolatile(): boolean {
    return this.#current.isVolatile;
  }

  /**
   * Puts epochs of an earlier life before what is there.
   *
   * @param isClean the last of them may go on, if this life has not numbered anything
   */
  adopt(states: readonly EpochState[], batches: readonly WaitingBatch[], isClean: boolean): void {
    if (isClean && this.#current.lastSealed === 0) this.#epochs.pop();
    const earlier: Epoch[] = states.map((state) => ({
      ...state,
      isVolatile: false,
      batches: new Map(),
    }));
    this.#epochs = [...earlier, ...this.#epochs];
    for (const batch of batches) {
      const epoch = this.#find(batch.epochId);
      if (epoch !== undefined) this.#put(epoch, batch);
    }
    for (const epoch of earlier) {
      const [first] = epoch.batches.keys();
      epoch.firstUnacked = first ?? epoch.lastSealed + 1;
    }
    this.#dropEmpty();
  }

  /** Numbers a batch in the current epoch. */
  add(batch: Omit<WaitingBatch, "epochId" | "sequence">): WaitingBatch {
    const epoch = this.#current;
    epoch.lastSealed++;
    const numbered = { ...batch, epochId: epoch.epochId, sequence: epoch.lastSealed };
    this.#put(epoch, numbered);
    this.#unwritten.add(numbered);
    return numbered;
  }

  /** What is not on disk yet; hand it to `settled` when the commit that holds it is durable. */
  get unwritten(): readonly WaitingBatch[] {
    return [...this.#unwritten];
  }

  settled(written: readonly WaitingBatch[]): void {
    for (const batch of written) this.#unwritten.delete(batch);
    for (const epoch of this.#epochs) epoch.isVolatile = false;
  }

  /** Batches that may be sent: on disk, or of an epoch that never saw the disk. */
  after(epochId: string, sequence: number, limit: number): readonly WaitingBatch[] {
    const epoch = this.#find(epochId);
    const found: WaitingBatch[] = [];
    if (epoch === undefined) return found;
    for (const batch of epoch.batches.values()) {
      if (found.length === limit) break;
      if (batch.sequence <= sequence) continue;
      if (!epoch.isVolatile && this.#unwritten.has(batch)) break;
      found.push(batch);
    }
    return found;
  }

  /** Removes and returns the batches up to `through`. */
  forget(epochId: string, through: number): readonly WaitingBatch[] {
    const epoch = this.#find(epochId);
    if (epoch === undefined) return [];
    const gone = [...epoch.batches.values()].filter((batch) => batch.sequence <= through);
    for (const batch of gone) this.remove(batch);
    epoch.firstUnacked = Math.max(epoch.firstUnacked, Math.min(through, epoch.lastSealed) + 1);
    this.#dropEmpty();
    return gone;
  }

  /** Takes one batch out, wherever it stands. */
  remove(batch: WaitingBatch): void {
    const epoch = this.#find(batch.epochId);
    if (epoch === undefined || !epoch.batches.delete(batch.sequence)) return;
    this.#unwritten.delete(batch);
    this.#rows -= batch.rows;
    this.#bytes -= batch.bytes;
    this.#count--;
    const [first] = epoch.batches.keys();
    epoch.firstUnacked = Math.max(epoch.firstUnacked, first ?? epoch.lastSealed + 1);
  }

  /** The oldest batches that take at least `bytes`, of one epoch. `isUnwritten`: only of memory. */
  oldest(bytes: number, isUnwritten: boolean): readonly WaitingBatch[] {
    const found: WaitingBatch[] = [];
    let sum = 0;
    for (const epoch of this.#epochs) {
      for (const batch of epoch.batches.values()) {
        if (sum >= bytes) return found;
        if (isUnwritten && !this.#unwritten.has(batch)) continue;
        found.push(batch);
        sum += batch.bytes;
      }
      if (found.length > 0) return found;
    }
    return found;
  }

  /** Names of the streams that waiting batches use. */
  streamKeys(): ReadonlySet<string> {
    const keys = new Set<string>();
    for (const epoch of this.#epochs)
      for (const batch of epoch.batches.values()) keys.add(batch.streamKey);
    return keys;
  }

  get #current(): Epoch {
    const epoch = this.#epochs.at(-1);
    if (epoch === undefined) throw new TypeError("no epoch has begun");
    return epoch;
  }

  #find(epochId: string): Epoch | undefined {
    return this.#epochs.find((epoch) => epoch.epochId === epochId);
  }

  #put(epoch: Epoch, batch: WaitingBatch): void {
    epoch.batches.set(batch.sequence, batch);
    this.#rows += batch.rows;
    this.#bytes += batch.bytes;
    this.#count++;
  }

  #dropEmpty(): void {
    const last = this.#epochs.length - 1;
    this.#epochs = this.#epochs.filter((epoch, at) => at === last || epoch.batches.size > 0);
  }
}
