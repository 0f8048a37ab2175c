/**
 * What a stream still has to tell its daemon, in bounded memory.
 *
 * Decisions of one epoch that wait together leave as one ack; other messages leave in their order,
 * before acks. What was put in before the end, or before a failure, still leaves.
 */
import { setImmediate as turn } from "node:timers/promises";
import type { DeliverResponse } from "#proto/heatpool/telemetry/v1/telemetry.js";
import type { Decision } from "../ingest/ingest.js";
import type { Stop, Stoppable } from "./stop.js";
import { type Receipt, toAck } from "./telemetry-wire.js";

/** A daemon that sends pings and does not read answers is not read any further at this many. */
const MESSAGES_WAITING_MAX = 128;
/** Of the wire contract. */
const OUTCOMES_MAX = 64;

/** One stream's outbox. A class, so that an idle stream has no functions of its own. */
export class Outbox implements Stoppable {
  readonly #stop: Stop;
  #waiting: DeliverResponse[] = [];
  #receipts: Receipt[] = [];
  #ending: { readonly error?: unknown } | undefined;
  #wakeReader: (() => void) | undefined;
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

  /** The next message; `undefined`: that was all. One at a time. @throws what it failed with */
  async next(): Promise<DeliverResponse | undefined> {
    while (this.#size === 0) {
      if (this.#ending !== undefined) {
        if ("error" in this.#ending) throw this.#ending.error;
        return undefined;
      }
      await new Promise<void>((resolve) => {
        this.#wakeReader = resolve;
      });
    }
    // Decisions of one group commit come in one turn of the event loop: one ack for them all.
    if (this.#waiting.length === 0) await turn();
    const message = this.#waiting.shift() ?? this.#nextAck();
    this.#makeRoom();
    return message;
  }

  get #size(): number {
    return this.#waiting.length + this.#receipts.length;
  }

  #nextAck(): DeliverResponse | undefined {
    const receipt = this.#receipts.shift();
    return receipt && toAck(receipt);
  }

  #makeRoom(): void {
    for (const wake of this.#wakeWriters.splice(0)) wake();
  }

  #wake(): void {
    const wake = this.#wakeReader;
    this.#wakeReader = undefined;
    wake?.();
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
