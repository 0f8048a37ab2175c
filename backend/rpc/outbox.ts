/**
 * What a stream still has to tell its daemon, in bounded memory.
 *
 * Decisions of one epoch that wait together leave as one ack; other messages leave in their order,
 * before acks. What was put in before the end, or before a failure, still leaves.
 */
import type { DeliverResponse } from "#proto/heatpool/telemetry/v1/telemetry.js";
import type { Decision } from "../ingest/ingest.js";
import type { Stop, Stoppable } from "./stop.js";
import { type Receipt, toAck } from "./telemetry-wire.js";

/** A daemon that sends pings and does not read answers is not read any further at this many. */
const MESSAGES_WAITING_MAX = 128;
/** Of the wire contract. */
const OUTCOMES_MAX = 64;

type Step = IteratorResult<DeliverResponse, undefined>;

interface Reader {
  resolve(step: Step): void;
  reject(error: unknown): void;
}

/** One stream's outbox. A class, so that an idle stream has no functions of its own. */
export class Outbox implements Stoppable {
  readonly #stop: Stop;
  #waiting: DeliverResponse[] = [];
  #receipts: Receipt[] = [];
  #ending: { readonly error?: unknown } | undefined;
  #reader: Reader | undefined;
  #isTurnDue: boolean = false;
  #wakeWriters: (() => void)[] = [];

  /** @param stop nobody waits for room after it was set */
  constructor(stop: Stop) {
    this.#stop = stop;
    stop.tell(this);
  }

  send(message: DeliverResponse): void {
    this.#waiting.push(message);
    this.#wake();
  }

  /** After the acks of everything decided so far. */
  sendAfterAcks(message: DeliverResponse): void {
    for (const receipt of this.#receipts.splice(0)) this.#waiting.push(toAck(receipt));
    this.send(message);
  }

  /** Adds a decision to the ack of its epoch. Decisions of one epoch come in their order. */
  decide(decision: Decision): void {
    addTo(this.#receipts, decision);
    this.#wake();
  }

  /** Resolves when there is room for more messages, or the stream stops. */
  async room(): Promise<void> {
    while (this.#size >= MESSAGES_WAITING_MAX && !this.#stop.isSet) {
      await new Promise<void>((resolve) => {
        this.#wakeWriters.push(resolve);
      });
    }
  }

  /** Nothing more comes. */
  end(): void {
    this.#ending ??= {};
    this.#wake();
  }

  /** Nothing more comes, because of `error`. */
  fail(error: unknown): void {
    this.#ending ??= { error };
    this.#wake();
  }

  /** Nobody will ask for what is still here. */
  forget(): void {
    this.#waiting.length = 0;
  }

  stopped(): void {
    this.#makeRoom();
  }

  /**
   * The next message, or that there is none any more. One at a time; rejects with what the outbox
   * failed with.
   */
  next(): Promise<Step> {
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject };
      this.#wake();
    });
  }

  get #size(): number {
    return this.#waiting.length + this.#receipts.length;
  }

  #makeRoom(): void {
    for (const wake of this.#wakeWriters.splice(0)) wake();
  }

  #wake(): void {
    if (this.#reader === undefined) return;
    if (this.#waiting.length > 0) this.#give();
    else if (this.#receipts.length > 0) this.#giveNextTurn();
    else if (this.#ending !== undefined) this.#close(this.#reader, this.#ending);
  }

  /** Decisions of one group commit come in one turn of the event loop: one ack for them all. */
  #giveNextTurn(): void {
    if (this.#isTurnDue) return;
    this.#isTurnDue = true;
    setImmediate(() => {
      this.#isTurnDue = false;
      this.#give();
    });
  }

  #give(): void {
    const reader = this.#reader;
    if (reader === undefined) return;
    const receipt = this.#waiting.length > 0 ? undefined : this.#receipts.shift();
    const value = receipt === undefined ? this.#waiting.shift() : toAck(receipt);
    if (value === undefined) return;
    this.#reader = undefined;
    this.#makeRoom();
    reader.resolve({ done: false, value });
  }

  #close(reader: Reader, ending: { readonly error?: unknown }): void {
    this.#reader = undefined;
    if ("error" in ending) reader.reject(ending.error);
    else reader.resolve({ done: true, value: undefined });
  }
}

/** At most one receipt per epoch grows; a full one is left behind. */
function addTo(receipts: Receipt[], decision: Decision): void {
  const outcomes = decision.outcomes.slice(0, OUTCOMES_MAX).map((outcome) => {
    return { sequence: decision.sequence, ...outcome };
  });
  const open = receipts.findLast(({ epoch }) => epoch === decision.epoch);
  if (open === undefined || open.outcomes.length + outcomes.length > OUTCOMES_MAX) {
    const { epoch, sequence, admitted, duplicate, rejected } = decision;
    receipts.push({ epoch, ackedThrough: sequence, admitted, duplicate, rejected, outcomes });
    return;
  }
  open.ackedThrough = Math.max(open.ackedThrough, decision.sequence);
  open.admitted += decision.admitted;
  open.duplicate += decision.duplicate;
  open.rejected += decision.rejected;
  open.outcomes.push(...outcomes);
}
