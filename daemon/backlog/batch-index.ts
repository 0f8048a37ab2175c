/**
 * Which batches wait, without their bytes: epochs in the order of their lives, numbers in theirs.
 *
 * The last epoch is the current one; only it gets new numbers. An older epoch leaves the list when
 * its last batch left. A number that was given once is never given again: `lastSealed` outlives the
 * batches.
 */
import type { BatchNumber, EpochState, Retraction } from "./backlog.js";

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

type Range = EpochState["voids"][number];

/** An epoch as the store keeps it. */
export interface StoredEpoch extends EpochState {
  /** Batches up to this number may have been sent; `undefined`: nobody noted it. */
  readonly handedThrough: number | undefined;
}

/** Holes remembered per epoch; one that is forgotten is reported to the backend once more. */
const VOIDS_MAX = 64;

interface Epoch {
  readonly epochId: string;
  lastSealed: number;
  /** Next number that the backend expects. */
  firstUnacked: number;
  /** Numbers behind `firstUnacked` that stand for nothing, rising. */
  voids: readonly Range[];
  /** Batches up to this number may have been sent. */
  handedThrough: number;
  /** Born while the disk refused: its batches may be sent before they are on disk. */
  isVolatile: boolean;
  readonly batches: Map<number, WaitingBatch>;
}

/** The list of waiting batches. */
export class BatchIndex {
  #epochs: Epoch[] = [];
  /** Batches whose commit has not succeeded. */
  readonly #unwritten = new Set<WaitingBatch>();
  /** Their numbers are being taken back. */
  readonly #retracted = new Map<WaitingBatch, Retraction>();
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
    return this.stored.map(({ handedThrough: _, ...state }) => state);
  }

  get stored(): readonly StoredEpoch[] {
    return this.#epochs.map(({ epochId, firstUnacked, lastSealed, voids, handedThrough }) => ({
      epochId,
      firstUnacked,
      lastSealed,
      voids,
      handedThrough,
    }));
  }

  get retractions(): readonly Retraction[] {
    return [...this.#retracted.values()];
  }

  /** Begins an epoch; what was current drains under its own name. */
  begin(epochId: string, isVolatile: boolean): void {
    const batches = new Map<number, WaitingBatch>();
    const numbers = { lastSealed: 0, firstUnacked: 1, voids: [], handedThrough: 0 };
    this.#epochs.push({ epochId, ...numbers, isVolatile, batches });
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
  adopt(
    states: readonly StoredEpoch[],
    batches: readonly WaitingBatch[],
    isClean: boolean,
    retractions: readonly Retraction[] = [],
  ): void {
    if (isClean && this.#current.lastSealed === 0) this.#epochs.pop();
    const earlier: Epoch[] = states.map((state) => ({
      ...state,
      handedThrough: state.handedThrough ?? state.lastSealed,
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
      trimVoids(epoch);
    }
    for (const one of retractions) {
      const batch = this.find(one);
      if (batch !== undefined) this.#retracted.set(batch, one);
    }
    this.#dropEmpty();
  }

  find({ epochId, sequence }: BatchNumber): WaitingBatch | undefined {
    return this.#find(epochId)?.batches.get(sequence);
  }

  /** From here on no ack decides it. */
  retract(batch: WaitingBatch, retraction: Retraction): void {
    this.#retracted.set(batch, retraction);
  }

  /** The batch of a number that is being taken back, and its fate. */
  findRetracted(of: BatchNumber): [WaitingBatch, Retraction] | undefined {
    const batch = this.find(of);
    const retraction = batch && this.#retracted.get(batch);
    return batch === undefined || retraction === undefined ? undefined : [batch, retraction];
  }

  isOnDisk(batch: WaitingBatch): boolean {
    return !this.#unwritten.has(batch);
  }

  isVolatile(epochId: string): boolean {
    return this.#find(epochId)?.isVolatile === true;
  }

  /** Notes that batches were handed out. Returns whether that is news. */
  noteHanded(epochId: string, sequence: number): boolean {
    const epoch = this.#find(epochId);
    if (epoch === undefined || epoch.handedThrough >= sequence) return false;
    epoch.handedThrough = sequence;
    return true;
  }

  /** Batches that were never handed out and are on disk, oldest number first. */
  *neverSent(): Generator<WaitingBatch> {
    for (const epoch of this.#epochs) {
      for (const batch of epoch.batches.values()) {
        const isFree = batch.sequence > epoch.handedThrough && !this.#retracted.has(batch);
        if (isFree && this.isOnDisk(batch)) yield batch;
      }
    }
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
      if (this.#retracted.has(batch)) break;
      found.push(batch);
    }
    return found;
  }

  /** Removes and returns the batches up to `through`. */
  forget(epochId: string, through: number): readonly WaitingBatch[] {
    const epoch = this.#find(epochId);
    if (epoch === undefined) return [];
    const waiting = [...epoch.batches.values()];
    // A number that is being taken back may be passed over before the answer comes.
    const kept = waiting.find((batch) => this.#retracted.has(batch))?.sequence ?? Infinity;
    const last = Math.min(through, epoch.lastSealed, kept - 1);
    const gone = waiting.filter((batch) => batch.sequence <= last);
    for (const batch of gone) this.remove(batch);
    epoch.firstUnacked = Math.max(epoch.firstUnacked, last + 1);
    trimVoids(epoch);
    this.#dropEmpty();
    return gone;
  }

  /** Takes one batch out, wherever it stands. */
  remove(batch: WaitingBatch): void {
    const epoch = this.#find(batch.epochId);
    if (epoch === undefined || !epoch.batches.delete(batch.sequence)) return;
    this.#unwritten.delete(batch);
    this.#retracted.delete(batch);
    this.#rows -= batch.rows;
    this.#bytes -= batch.bytes;
    this.#count--;
    const [first] = epoch.batches.keys();
    epoch.firstUnacked = Math.max(epoch.firstUnacked, first ?? epoch.lastSealed + 1);
    epoch.voids = addNumber(epoch.voids, batch.sequence);
    trimVoids(epoch);
    if (epoch.batches.size === 0) this.#dropEmpty();
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

/** Ranges with one number more, rising and apart. */
function addNumber(ranges: readonly Range[], number: number): readonly Range[] {
  const before = ranges.filter(({ to }) => to < number - 1);
  const after = ranges.filter(({ from }) => from > number + 1);
  const near = ranges.slice(before.length, ranges.length - after.length);
  const from = Math.min(number, ...near.map((one) => one.from));
  const to = Math.max(number, ...near.map((one) => one.to));
  return [...before, { from, to }, ...after].slice(-VOIDS_MAX);
}

/** Only holes behind the oldest batch have to be known. */
function trimVoids(epoch: Epoch): void {
  const [first] = epoch.batches.keys();
  if (epoch.voids.length === 0) return;
  const from = first ?? epoch.lastSealed + 1;
  epoch.voids = epoch.voids.filter(({ to }) => to > from);
}
