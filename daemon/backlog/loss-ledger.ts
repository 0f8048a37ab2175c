/**
 * The loss ledger: a numbered list of everything that was not delivered, itself delivered.
 *
 * Equal neighbours are one entry as long as nobody was told of it. The list has a limit of its own
 * and meets it by merging, never by dropping. Only what is durable is handed out, because a number
 * that was told to the backend must never come to mean something else.
 */
import type { Loss } from "./backlog.js";
import { numberKey } from "./keys.js";
import { encodeLoss } from "./stored-records.js";

/** Bytes that the entries may take on disk. */
const LEDGER_BYTES_MAX = 256 * 1024;
/** An entry on disk with key and frame, measured with a device name and a batch range. */
const ENTRY_BYTES = 128;
const DAY_MS = 86_400_000;

/** A loss that is not numbered yet. */
export type NewLoss = Omit<Loss, "number">;

/** Entries in memory; `changes` says what must be written. */
export class LossLedger {
  #entries: Loss[] = [];
  #durable: readonly Loss[] = [];
  #next = 1;
  /** Entries up to this number were told to somebody and do not change any more. */
  #toldThrough = 0;
  readonly #dirty = new Set<number>();

  get nextNumber(): number {
    return this.#next;
  }

  get isDirty(): boolean {
    return this.#dirty.size > 0;
  }

  /** Takes in what is on disk; entries that came up meanwhile are numbered behind it. */
  adopt(stored: readonly Loss[], nextNumber: number): void {
    const mine = this.#entries;
    this.#entries = [...stored].sort((a, b) => a.number - b.number);
    this.#durable = [...this.#entries];
    const newest = this.#entries.at(-1)?.number ?? 0;
    this.#next = Math.max(nextNumber, newest + 1);
    // An entry of an earlier life may have been told; only this life's entries still change.
    this.#toldThrough = newest;
    this.#dirty.clear();
    for (const loss of mine) this.#append(loss);
  }

  /** Notes a loss. */
  add(loss: NewLoss): void {
    const last = this.#entries.at(-1);
    if (last !== undefined && last.number > this.#toldThrough && areNeighbours(last, loss)) {
      this.#replace(this.#entries.length - 1, merge(last, loss));
    } else this.#append(loss);
    if (this.#entries.length * ENTRY_BYTES > LEDGER_BYTES_MAX) this.#condense();
  }

  /** Durable entries after `number`, oldest first. What is told does not change any more. */
  after(number: number, limit: number): readonly Loss[] {
    const current = new Set(this.#entries);
    const told: Loss[] = [];
    for (const loss of this.#durable) {
      if (loss.number <= number) continue;
      // One that has changed since is told when its new form is durable, and nothing before it.
      if (told.length === limit || !current.has(loss)) break;
      told.push(loss);
    }
    this.#toldThrough = Math.max(this.#toldThrough, told.at(-1)?.number ?? 0);
    return told;
  }

  /** Forgets entries up to `number`. */
  forget(number: number): void {
    for (const loss of this.#entries) if (loss.number <= number) this.#dirty.add(loss.number);
    this.#entries = this.#entries.filter((loss) => loss.number > number);
    this.#durable = this.#durable.filter((loss) => loss.number > number);
  }

  /** What the next commit must write; call `settled` with the answer when it is durable. */
  changes(): { key: Buffer; payload: Buffer | undefined }[] {
    const byNumber = new Map(this.#entries.map((loss) => [loss.number, loss]));
    const changed = [...this.#dirty].map((number) => {
      const loss = byNumber.get(number);
      return { key: numberKey("l", number), payload: loss && encodeLoss(loss) };
    });
    this.#dirty.clear();
    return changed;
  }

  /** All entries as they stand; hand them to `settled` when the commit that holds them is durable. */
  get entries(): readonly Loss[] {
    return [...this.#entries];
  }

  settled(entries: readonly Loss[]): void {
    const kept = new Set(this.#entries.map((loss) => loss.number));
    this.#durable = entries.filter((loss) => kept.has(loss.number));
  }

  #append(loss: NewLoss): void {
    const numbered = { ...loss, number: this.#next++ };
    this.#entries.push(numbered);
    this.#dirty.add(numbered.number);
  }

  #replace(at: number, loss: Loss): void {
    this.#entries[at] = loss;
    this.#dirty.add(loss.number);
  }

  /** One entry per reason, device and day, and per run of batches. */
  #condense(): void {
    const kept: Loss[] = [];
    const places = new Map<string, number>();
    for (const loss of this.#entries) {
      const day = Math.floor(loss.fromMs / DAY_MS);
      const name = [loss.class, loss.reason, loss.deviceId, loss.batches?.epochId, day].join("|");
      const place = places.get(name);
      const before = place === undefined ? undefined : kept[place];
      if (
        place === undefined ||
        before === undefined ||
        !mayJoin(before, loss, this.#toldThrough)
      ) {
        places.set(name, kept.push(loss) - 1);
        continue;
      }
      kept[place] = merge(before, loss);
      this.#dirty.add(before.number).add(loss.number);
    }
    this.#entries = kept;
  }
}

function mayJoin(a: Loss, b: Loss, toldThrough: number): boolean {
  return Math.min(a.number, b.number) > toldThrough && areBatchesAdjacent(a, b);
}

function areNeighbours(a: Loss, b: NewLoss): boolean {
  return (
    a.class === b.class &&
    a.reason === b.reason &&
    a.deviceId === b.deviceId &&
    areBatchesAdjacent(a, b)
  );
}

function areBatchesAdjacent(a: NewLoss, b: NewLoss): boolean {
  if (a.batches === undefined || b.batches === undefined) return a.batches === b.batches;
  const isSameEpoch = a.batches.epochId === b.batches.epochId;
  return isSameEpoch && a.batches.sequenceTo + 1 === b.batches.sequenceFrom;
}

function merge(a: Loss, b: NewLoss): Loss {
  return {
    ...a,
    fromMs: Math.min(a.fromMs, b.fromMs),
    toMs: Math.max(a.toMs, b.toMs),
    snapshots: a.snapshots + b.snapshots,
    readings: a.readings + b.readings,
    batches: a.batches && {
      ...a.batches,
      sequenceTo: b.batches?.sequenceTo ?? a.batches.sequenceTo,
    },
  };
}
