/**
 * What a stream still has to tell its daemon, in bounded memory.
 *
 * Decisions of one epoch that wait together leave as one ack; other messages leave in their order,
 * before acks. What was put in before the end, or before a failure, still leaves.
 */
import { setImmediate as turn } from "node:timers/promises";
import type { DeliverResponse } from "#proto/heatpool/telemetry/v1/telemetry.js";
import type { Decision } from "../ingest/ingest.js";
import { type Receipt, toAck } from "./telemetry-wire.js";

/** One stream's outbox. */
export interface Outbox {
  send(message: DeliverResponse): void;
  /** After the acks of everything decided so far. */
  sendAfterAcks(message: DeliverResponse): void;
  /** Adds a decision to the ack of its epoch. Decisions of one epoch come in their order. */
  decide(decision: Decision): void;
  /** Resolves when there is room for more messages, or the stream stops. */
  room(): Promise<void>;
  /** Nothing more comes. */
  end(): void;
  /** Nothing more comes, because of `error`. */
  fail(error: unknown): void;
  /** The messages, to whoever writes them; ends or throws as told. Iterated once. */
  messages(): AsyncGenerator<DeliverResponse, void, undefined>;
}

/** A daemon that sends pings and does not read answers is not read any further at this many. */
const MESSAGES_WAITING_MAX = 128;
/** Of the wire contract. */
const OUTCOMES_MAX = 64;

/** @param stop nobody waits for room after it fired */
export function createOutbox(stop: AbortSignal): Outbox {
  const waiting: DeliverResponse[] = [];
  const receipts: Receipt[] = [];
  let ending: { error?: unknown } | undefined;
  let wakeReader = () => {};
  const wakeWriters: (() => void)[] = [];

  const end = (how: { error?: unknown }): void => {
    ending ??= how;
    wakeReader();
  };
  const makeRoom = (): void => {
    for (const wake of wakeWriters.splice(0)) wake();
  };
  stop.addEventListener("abort", makeRoom, { once: true });
  async function* messages(): AsyncGenerator<DeliverResponse, void, undefined> {
    try {
      for (;;) {
        // Decisions of one group commit come in one turn of the event loop: one ack for them all.
        if (waiting.length === 0 && receipts.length > 0) await turn();
        const receipt = waiting.length > 0 ? undefined : receipts.shift();
        const next = receipt === undefined ? waiting.shift() : toAck(receipt);
        if (next !== undefined) {
          makeRoom();
          yield next;
        } else if (ending !== undefined) {
          if ("error" in ending) throw ending.error;
          return;
        } else {
          await new Promise<void>((resolve) => {
            wakeReader = resolve;
          });
        }
      }
    } finally {
      waiting.length = 0;
    }
  }

  return {
    send(message) {
      waiting.push(message);
      wakeReader();
    },
    sendAfterAcks(message) {
      for (const receipt of receipts.splice(0)) waiting.push(toAck(receipt));
      waiting.push(message);
      wakeReader();
    },
    decide(decision) {
      addTo(receipts, decision);
      wakeReader();
    },
    async room() {
      while (waiting.length + receipts.length >= MESSAGES_WAITING_MAX && !stop.aborted) {
        await new Promise<void>((resolve) => {
          wakeWriters.push(resolve);
        });
      }
    },
    end: () => end({}),
    fail: (error) => end({ error }),
    messages,
  };
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
