/**
 * What the backlog is answerable for, in memory: every snapshot recorded is fresh, in the journal,
 * in a waiting batch, decided by the backend, or lost with an entry in the ledger. Whatever changes
 * here leaves its records in `pending`; when they reach the disk is not decided here.
 */
import { digestCheck } from "#core/batch/digest.js";
import { encodeChannelTable, encodeSealedBatch } from "#core/batch/records.js";
import type { SealedBatch } from "#core/batch/sealed-batch.js";
import type { Chance, Clock } from "#core/clock.js";
import type { Snapshot } from "#core/measurement/snapshot.js";
import type {
  BatchNumber,
  DeadLetter,
  DeadLetterReason,
  DeviceStream,
  Fate,
  LossReason,
  Receipt,
  RetractionResult,
} from "./backlog.js";
import { BatchIndex, type WaitingBatch } from "./batch-index.js";
import { DeadLetters, deadLetterKey } from "./dead-letters.js";
import { emptyCounters, type Inventory } from "./inventory.js";
import { type FreshSnapshot, Journal, type UnsealedBlock } from "./journal.js";
import { batchKey, namedKey, randomUuid, STATE_KEY, uuidBytes } from "./keys.js";
import { LossLedger, type NewLoss } from "./loss-ledger.js";
import { PendingChanges } from "./pending-changes.js";
import { halve, THIN_KEEP_EVERY } from "./reseal.js";
import { type PlannedBatch, planSealing, type SealingRules, sealRows, spanOf } from "./sealing.js";
import { encodeDeadLetter, encodeState, encodeStream, streamKeyOf } from "./stored-records.js";

/** What custody needs to know. */
export interface CustodyFacts {
  /** The configured devices. */
  readonly streams: readonly DeviceStream[];
  /** UUID of the operating system's boot. */
  readonly bootId: string;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly sealing: SealingRules;
  /** Bytes the store may take. */
  readonly limitBytes: number;
  /** What goes when it takes more. */
  readonly whenFull: WhenFull;
}

/** Policies of a full backlog. */
export type WhenFull = "drop-oldest" | "thin-oldest" | "drop-newest";

/** Snapshots that wait, uncommitted or for a trusted clock. */
export const WAITING_ROWS_MAX = 10_000;
/** A pause of more polls than this is a gap. */
const GAP_SLOTS = 2;

/** A gap before this life; each device closes it with its first snapshot. */
interface Gap {
  readonly fromMs: number;
  readonly reason: LossReason;
  readonly open: Set<string>;
}

/** The backlog in memory. */
export class Custody {
  readonly pending = new PendingChanges();
  readonly index = new BatchIndex();
  readonly ledger = new LossLedger();
  readonly journal = new Journal();
  readonly counters = emptyCounters();
  readonly deadLetters: DeadLetters;
  /** Not in the journal yet. */
  fresh: FreshSnapshot[] = [];
  readonly #facts: CustodyFacts;
  readonly #bootId: Buffer;
  readonly #current: ReadonlyMap<string, DeviceStream>;
  readonly #streams = new Map<string, DeviceStream>();
  readonly #unsealed = new Map<DeviceStream, number>();
  #oldestUnsealedMs: number | undefined;
  #newestMs = 0;
  #sealedThroughMs = 0;
  #gap: Gap | undefined;

  constructor(facts: CustodyFacts) {
    this.#facts = facts;
    this.deadLetters = new DeadLetters(facts.limitBytes);
    this.#bootId = uuidBytes(facts.bootId);
    this.#current = new Map(facts.streams.map((stream) => [stream.deviceId, stream]));
    for (const stream of facts.streams) this.#streams.set(nameOf(stream), stream);
    this.beginEpoch(true);
  }

  /** Streams that waiting batches use, and the configured ones. */
  get streams(): readonly DeviceStream[] {
    const used = this.index.streamKeys();
    const configured = new Set(this.#current.values());
    return [...this.#streams]
      .filter(([name, stream]) => used.has(name) || configured.has(stream))
      .map(([, stream]) => stream);
  }

  get unsealedRows(): number {
    return this.journal.rows + this.fresh.length;
  }

  /** Monotonic time since which the oldest unsealed snapshot waits. */
  get oldestUnsealedMs(): number | undefined {
    return this.#oldestUnsealedMs;
  }

  /** Unsealed snapshots of each stream. */
  get unsealed(): ReadonlyMap<DeviceStream, number> {
    return this.#unsealed;
  }

  /** Begins an epoch. `isVolatile`: its batches may be sent before they are on disk. */
  beginEpoch(isVolatile: boolean): void {
    this.index.begin(randomUuid(this.#facts.chance(16)), isVolatile);
  }

  /** Takes a snapshot in, or enters it in the ledger when `refusal` or its content forbids that. */
  take(snapshot: Snapshot, refusal: LossReason | undefined): void {
    this.counters.recorded++;
    const stream = this.#current.get(snapshot.deviceId);
    const reason = refusal ?? reasonAgainst(snapshot);
    if (stream === undefined || reason !== undefined) {
      const at = Number.isFinite(snapshot.takenAtMs) ? Math.max(0, snapshot.takenAtMs) : 0;
      const span = { fromMs: at, toMs: at, snapshots: 1 };
      this.#loseRows(reason ?? "operator-dropped", snapshot.deviceId, span);
      return;
    }
    this.#closeGap(snapshot, stream);
    this.fresh.push({ stream, snapshot });
    if (snapshot.clockSynced) this.#newestMs = Math.max(this.#newestMs, snapshot.takenAtMs);
    this.#countUnsealed(stream, 1);
  }

  /** Enters a loss in the ledger; of what was in our custody already. */
  lose(loss: NewLoss): void {
    if (loss.class === "lost") this.counters.lost += loss.snapshots;
    this.ledger.add(loss);
  }

  /** Puts fresh snapshots into the journal. Returns them. */
  writeJournal(): readonly Snapshot[] {
    const snapshots = this.fresh.map((one) => one.snapshot);
    for (const { key, payload } of this.journal.write(this.fresh, this.#bootId)) {
      this.pending.put(key, payload);
    }
    this.fresh = [];
    this.#boundJournal();
    return snapshots;
  }

  /** Seals what the journal holds and has resolved times. Returns the number of batches. */
  sealJournal(): number {
    const { batches, keys } = this.#seal(this.journal);
    for (const key of keys) this.pending.drop(key);
    return batches;
  }

  /** Seals trusted snapshots past the journal, because the disk refuses. */
  sealFresh(): number {
    const isTrusted = (one: FreshSnapshot): boolean => one.snapshot.clockSynced;
    const aside = new Journal();
    aside.write(this.fresh.filter(isTrusted), this.#bootId);
    this.fresh = this.fresh.filter((one) => !isTrusted(one));
    // Nothing of it was ever written: its numbers are not those of the journal on disk.
    return this.#seal(aside).batches;
  }

  /** Forgets what the backend decided. Returns what is gone. */
  decide(receipt: Receipt): readonly WaitingBatch[] {
    const gone = this.index.forget(receipt.epochId, receipt.ackedThrough);
    if (gone.length === 0) return gone;
    this.#dropRecords(gone);
    const rows = sumRows(gone);
    const { admitted, duplicate, rejected } = countDecided(receipt, rows);
    this.counters.admitted += admitted;
    this.counters.duplicate += duplicate;
    this.counters.rejected += rejected;
    const missing = rows - admitted - duplicate - rejected;
    if (missing > 0) {
      this.lose({
        ...describeLoss(gone),
        reason: "count-mismatch",
        snapshots: missing,
        readings: 0,
      });
    }
    return gone;
  }

  /** Gives batches up, with an entry in the ledger. */
  giveUp(batches: readonly WaitingBatch[], reason: LossReason): void {
    if (batches.length === 0) return;
    for (const batch of batches) this.index.remove(batch);
    this.#dropRecords(batches);
    this.lose({ ...describeLoss(batches), reason });
  }

  /** Whether it is noted on disk what may have been sent: only what never was may be thinned. */
  get notesHanded(): boolean {
    return this.#facts.whenFull === "thin-oldest";
  }

  /** Begins to take a number back. */
  retract(batch: WaitingBatch, sealed: SealedBatch, fate: Fate, detail: string): void {
    const { epochId, sequence } = batch;
    const check = digestCheck(sealed.digest);
    this.index.retract(batch, { epochId, sequence, fate, detail, check });
  }

  /** Does what the fate of a number says that was taken back. */
  settleRetraction(of: BatchNumber, result: RetractionResult, sealed: SealedBatch): void {
    const found = this.index.findRetracted(of);
    if (found === undefined) return;
    const [batch, { fate, detail }] = found;
    this.#forget(batch);
    if (result === "stored") {
      this.counters.duplicate += batch.rows;
      return;
    }
    const stream = this.#streams.get(batch.streamKey);
    if (fate === "split" && result === "voided") {
      const halves = stream && halve(sealed, stream, this.#facts.sealing);
      if (halves === undefined) this.#setAside(batch, sealed, "unreadable", detail);
      else for (const half of halves) this.#addBatch(half);
      return;
    }
    const reason = result === "forked" || fate === "split" ? "forked" : fate;
    this.#setAside(batch, sealed, reason, detail);
  }

  /** Puts a dead letter back under a new number. */
  replay(letter: DeadLetter, sealed: SealedBatch): void {
    this.pending.drop(this.deadLetters.remove(letter));
    this.#addBatch({ sealed, fromMs: letter.fromMs, toMs: letter.toMs });
  }

  /** Gives a dead letter up, with an entry in the ledger. */
  dropLetter(letter: DeadLetter, reason: LossReason): void {
    this.pending.drop(this.deadLetters.remove(letter));
    const { deviceId, fromMs, toMs, snapshots, readings } = letter;
    const span = { fromMs, toMs, snapshots, readings };
    this.lose({ class: "lost", reason, deviceId, ...span, batches: undefined });
  }

  /** Seals batches of one stream again with fewer rows, under new numbers. */
  thin(sources: readonly { batch: WaitingBatch; rows: readonly Snapshot[] }[]): void {
    const [first] = sources;
    const stream = first && this.#streams.get(first.batch.streamKey);
    if (stream === undefined) return;
    let at = 0;
    const kept: Snapshot[] = [];
    for (const { batch, rows } of sources) {
      const stay = rows.filter(() => at++ % THIN_KEEP_EVERY === 0);
      kept.push(...stay);
      this.#forget(batch);
      const readings = batch.readings - sumReadings(stay);
      const snapshots = batch.rows - stay.length;
      this.lose({ ...describeLoss([batch]), reason: "thinned", snapshots, readings });
    }
    for (const batch of sealRows(kept, stream, this.#facts.sealing)) this.#addBatch(batch);
  }

  streamOf(batch: WaitingBatch): DeviceStream | undefined {
    return this.#streams.get(batch.streamKey);
  }

  /** Takes in what an earlier life left on disk. */
  adopt(found: Inventory, isNew: boolean): void {
    const { state } = found;
    for (const [name, stream] of found.streams) this.#streams.set(name, stream);
    this.index.adopt(state.epochs, found.batches, found.isClean, state.retractions);
    this.deadLetters.adopt(found.deadLetters, state.deadLetterNext);
    this.journal.adopt(found.blocks, state.journalNext);
    this.ledger.adopt(found.losses, state.lossNext);
    for (const name of ["recorded", "admitted", "duplicate", "rejected", "lost"] as const) {
      this.counters[name] += state.counters[name];
    }
    for (const block of found.blocks) {
      const stream = found.streams.get(streamKeyOf(block.rows));
      if (stream !== undefined) this.#countUnsealed(stream, block.rows.rows);
    }
    // The missing rows are in the counters already.
    for (const loss of found.damage) this.ledger.add(loss);
    for (const key of found.removals) this.pending.drop(key);
    this.#sealedThroughMs = Math.max(this.#sealedThroughMs, state.sealedThroughMs);
    this.#noteGap(state.newestMs, found.isClean, isNew);
    this.#newestMs = Math.max(this.#newestMs, state.newestMs);
    for (const stream of this.#facts.streams) this.#putStream(stream);
  }

  /** Puts the ledger's changes and the counters beside what waits; `isForced`: even if nothing does. */
  writeState(isForced: boolean): void {
    for (const { key, payload } of this.ledger.changes()) {
      if (payload === undefined) this.pending.drop(key);
      else this.pending.put(key, payload);
    }
    if (this.pending.isEmpty && !isForced) return;
    const state = {
      epochs: this.index.stored.map((one) =>
        this.notesHanded ? one : { ...one, handedThrough: undefined },
      ),
      retractions: this.index.retractions,
      // Fresh snapshots are not in this commit; a crash must not look as if the disk had lost them.
      counters: { ...this.counters, recorded: this.counters.recorded - this.fresh.length },
      journalFirst: this.journal.firstNumber,
      journalNext: this.journal.nextNumber,
      lossNext: this.ledger.nextNumber,
      deadLetterNext: this.deadLetters.nextNumber,
      newestMs: this.#newestMs,
      sealedThroughMs: this.#sealedThroughMs,
    };
    this.pending.put(STATE_KEY, encodeState(state));
  }

  #seal(journal: Journal): { batches: number; keys: readonly Buffer[] } {
    const { clock, sealing } = this.#facts;
    const known = { clock, bootId: this.#bootId, streams: this.#streams };
    const facts = { ...known, sealedThroughMs: this.#sealedThroughMs };
    const plan = planSealing(journal.blocks, facts, sealing);
    for (const batch of plan.batches) this.#addBatch(batch);
    for (const { block, reason } of plan.lost) this.#loseBlock(block, reason);
    const keys = journal.remove(plan.used);
    this.#recountUnsealed();
    return { batches: plan.batches.length, keys };
  }

  #addBatch({ sealed, fromMs, toMs }: PlannedBatch): void {
    const payload = encodeSealedBatch(sealed);
    const { deviceId, rows, readings } = sealed;
    const facts = { deviceId, streamKey: streamKeyOf(sealed), rows, readings, fromMs, toMs };
    const { epochId, sequence } = this.index.add({ ...facts, bytes: payload.length });
    this.pending.put(batchKey(epochId, sequence), payload);
    this.#sealedThroughMs = Math.max(this.#sealedThroughMs, toMs);
  }

  #forget(batch: WaitingBatch): void {
    this.index.remove(batch);
    this.#dropRecords([batch]);
  }

  #setAside(
    batch: WaitingBatch,
    sealed: SealedBatch,
    reason: DeadLetterReason,
    detail: string,
  ): void {
    const { deviceId, fromMs, toMs, rows: snapshots, readings } = batch;
    const setAsideAtMs = this.#facts.clock.nowMs();
    const facts = { reason, detail, setAsideAtMs, deviceId, fromMs, toMs, snapshots, readings };
    const payload = encodeDeadLetter(facts, encodeSealedBatch(sealed));
    const letter = this.deadLetters.add({ ...facts, bytes: payload.length });
    this.pending.put(deadLetterKey(letter.number), payload);
    for (const gone of this.deadLetters.excess()) this.dropLetter(gone, "dead-letter-dropped");
  }

  /** Rows that never get a trusted time are not kept without end. */
  #boundJournal(): void {
    let rows = this.journal.rows - WAITING_ROWS_MAX;
    const gone: UnsealedBlock[] = [];
    for (const block of this.journal.blocks) {
      if (rows <= 0) break;
      rows -= block.rows.rows;
      gone.push(block);
      this.#loseBlock(block, "time-unresolved");
    }
    for (const key of this.journal.remove(gone)) this.pending.drop(key);
  }

  #loseBlock(block: UnsealedBlock, reason: LossReason): void {
    this.#loseRows(reason, block.rows.deviceId, {
      ...spanOf(block),
      snapshots: block.rows.rows,
    });
  }

  #loseRows(
    reason: LossReason,
    deviceId: string,
    span: { fromMs: number; toMs: number; snapshots: number },
  ): void {
    this.lose({ class: "lost", reason, deviceId, ...span, readings: 0, batches: undefined });
  }

  #dropRecords(batches: readonly WaitingBatch[]): void {
    for (const { epochId, sequence } of batches) this.pending.drop(batchKey(epochId, sequence));
  }

  #noteGap(fromMs: number, isClean: boolean, isNew: boolean): void {
    if (isNew || fromMs === 0) return;
    const reason = isClean ? "shutdown" : "downtime-or-tail";
    this.#gap = { fromMs, reason, open: new Set(this.#current.keys()) };
  }

  /** The time between two lives was not collected. */
  #closeGap(snapshot: Snapshot, { deviceId, stepMs }: DeviceStream): void {
    const gap = this.#gap;
    if (gap === undefined || !snapshot.clockSynced || !gap.open.delete(deviceId)) return;
    const slots = Math.floor((snapshot.takenAtMs - gap.fromMs) / stepMs) - 1;
    if (slots < GAP_SLOTS) return;
    const span = { fromMs: gap.fromMs, toMs: snapshot.takenAtMs, snapshots: slots };
    const { reason } = gap;
    const about = { class: "not-collected" as const, reason, deviceId };
    this.lose({ ...about, ...span, readings: 0, batches: undefined });
  }

  #putStream(stream: DeviceStream): void {
    const { id } = stream.table;
    this.pending.put(namedKey("t", id), encodeChannelTable(stream.table));
    this.pending.put(namedKey("v", Buffer.from(nameOf(stream))), encodeStream(stream));
  }

  #countUnsealed(stream: DeviceStream, rows: number): void {
    this.#oldestUnsealedMs ??= this.#facts.clock.monotonicMs();
    this.#unsealed.set(stream, (this.#unsealed.get(stream) ?? 0) + rows);
  }

  #recountUnsealed(): void {
    this.#unsealed.clear();
    this.#oldestUnsealedMs = undefined;
    for (const { stream } of this.fresh) this.#countUnsealed(stream, 1);
    for (const block of this.journal.blocks) {
      const stream = this.#streams.get(streamKeyOf(block.rows));
      if (stream !== undefined) this.#countUnsealed(stream, block.rows.rows);
    }
  }
}

/** What a receipt says about `rows` rows that it decides; never more than there are. */
function countDecided(
  receipt: Receipt,
  rows: number,
): Pick<Receipt, "admitted" | "duplicate" | "rejected"> {
  // A receipt without counts heals an ack that was lost: the backend has these rows already.
  const isBare = receipt.admitted + receipt.duplicate + receipt.rejected === 0;
  if (isBare) return { admitted: 0, duplicate: rows, rejected: 0 };
  const admitted = Math.min(receipt.admitted, rows);
  const duplicate = Math.min(receipt.duplicate, rows - admitted);
  return { admitted, duplicate, rejected: Math.min(receipt.rejected, rows - admitted - duplicate) };
}

/** Neighbouring batches of one epoch, at least one, as an entry of the ledger. */
function describeLoss(batches: readonly WaitingBatch[]): Omit<NewLoss, "reason"> {
  const [first, last] = [batches[0], batches.at(-1)] as [WaitingBatch, WaitingBatch];
  const isOneDevice = batches.every((batch) => batch.deviceId === first.deviceId);
  return {
    class: "lost",
    deviceId: isOneDevice ? first.deviceId : undefined,
    fromMs: Math.min(...batches.map((batch) => batch.fromMs)),
    toMs: Math.max(...batches.map((batch) => batch.toMs)),
    snapshots: sumRows(batches),
    readings: batches.reduce((sum, batch) => sum + batch.readings, 0),
    batches: {
      epochId: first.epochId,
      sequenceFrom: first.sequence,
      sequenceTo: last.sequence,
    },
  };
}

/** Why a snapshot cannot be sent at all. */
function reasonAgainst(snapshot: Snapshot): LossReason | undefined {
  const hasTime = snapshot.takenAtMs >= 0 && snapshot.takenAtMs <= Number.MAX_SAFE_INTEGER;
  return hasTime && Number.isFinite(snapshot.monotonicMs) ? undefined : "time-unresolved";
}

function nameOf(stream: DeviceStream): string {
  return streamKeyOf({ ...stream, tableId: stream.table.id });
}

function sumRows(batches: readonly WaitingBatch[]): number {
  return batches.reduce((sum, batch) => sum + batch.rows, 0);
}

function sumReadings(rows: readonly Snapshot[]): number {
  return rows.reduce((sum, row) => sum + row.readings.length, 0);
}
