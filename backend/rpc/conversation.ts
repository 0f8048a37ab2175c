/**
 * The conversation after the hello: batches, tables, losses and pings are answered until one of
 * both has had enough; then what is in hand is decided.
 *
 * Memory is bounded by the window, whatever the daemon sends and however slowly it reads.
 */
import type { ServerDuplexStream } from "@grpc/grpc-js";
import { PRIOR_IDS } from "#core/batch/priors/released.js";
import { fromWireTable } from "#core/batch/wire-batch.js";
import type { Clock } from "#core/clock.js";
import { HeatpoolError } from "#core/errors.js";
import type * as wire from "#proto/heatpool/telemetry/v1/telemetry.js";
import type { Consents } from "../enrolment/consents.js";
import type { IdentityJudge } from "../enrolment/judge-identity.js";
import type { Decision, Delivery, IncomingBatch, Ingest } from "../ingest/ingest.js";
import { createDecider, type Decider, type DeciderParts } from "./decider.js";
import type { Greeting } from "./greeting.js";
import type { Inbox } from "./inbox.js";
import type { LiveStreams } from "./live-streams.js";
import type { Outbox } from "./outbox.js";
import type { Stop } from "./stop.js";
import { toIncomingBatch, toLosses, toRetractedBatch, toVoided } from "./telemetry-wire.js";

/** Rules that every welcome states and every stream keeps. */
export interface StreamRules extends wire.Limits {
  /** Codecs that the backend decodes. */
  readonly codecs: readonly number[];
  /** A stream that is silent for longer is ended. 0: not before its age. */
  readonly silenceMaxMs: number;
  /** Streams end at this age, give or take a tenth. */
  readonly streamAgeMaxMs: number;
}

/** What the handler works with. */
export interface TelemetryParts {
  readonly ingest: Ingest;
  readonly clock: Clock;
  readonly live: LiveStreams;
  readonly rules: StreamRules;
  /** Left out: nobody is asked for a certificate. */
  readonly judge: IdentityJudge | undefined;
  /** Left out: what owners signed is not on record. */
  readonly consents: Pick<Consents, "present"> | undefined;
  /** Learns of an installation whose key two daemons have. */
  onClone(installationId: string): void;
  /** Whether the other end of a call's connection answers. */
  isAlive(call: DeliverCall): Promise<boolean>;
  /** Tells the operator of a change of state. */
  onEvent(event: string, installationId: string, facts?: Record<string, string | number>): void;
}

/** A call of Deliver. */
type DeliverCall = ServerDuplexStream<wire.DeliverRequest, wire.DeliverResponse>;

/** Time to come back after an end for silence or age. */
export const RETURN_SOON_MS = 1_000;

/** One stream: what both directions of it share. */
export interface Stream {
  readonly inbox: Inbox<wire.DeliverRequest>;
  readonly outbox: Outbox;
  readonly call: DeliverCall;
  /** Set when nothing more is read. */
  readonly stop: Stop;
  sayGoodbye(reason: string, reconnectAfterMs: number): void;
}

/** Who is heard on a stream, and what was opened for it. */
export interface Heard {
  readonly delivery: Delivery;
  readonly greeting: Greeting;
}

/** Answers until one of both has had enough; then decides what is in hand. */
export async function attend(parts: TelemetryParts, stream: Stream, heard: Heard): Promise<void> {
  const { inbox, outbox } = stream;
  const { silenceMaxMs } = parts.rules;
  const decisions = new Decisions(parts, stream, heard.delivery);
  for (;;) {
    const request = await inbox.next(silenceMaxMs);
    if (request === "silent") stream.sayGoodbye("idle", RETURN_SOON_MS);
    if (request === undefined || request === "silent") break;
    if (request.body?.$case === "goodbye") break;
    await answer(parts, stream, heard, decisions, request);
    await outbox.room();
  }
  await decisions.settle();
}

/** A stream's decisions on their way to its daemon. Its decider is there from its first batch on. */
class Decisions implements DeciderParts {
  readonly clock: Clock;
  readonly windowBatches: number;
  readonly delivery: Delivery;
  readonly #stream: Stream;
  #decider: Decider | undefined;

  constructor({ clock, rules }: TelemetryParts, stream: Stream, delivery: Delivery) {
    this.clock = clock;
    this.windowBatches = rules.windowBatches;
    this.delivery = delivery;
    this.#stream = stream;
  }

  async offer(batch: IncomingBatch): Promise<void> {
    this.#decider ??= createDecider(this, this.#stream.stop);
    await this.#decider.offer(batch);
  }

  async settle(): Promise<void> {
    await this.#decider?.settle();
  }

  onDecision(decision: Decision): void {
    this.#stream.outbox.decide(decision);
  }

  onPause(pauseMs: number): void {
    this.#stream.outbox.send(toControl({ pauseMs, reason: "above the quota" }));
  }

  onReset(): void {
    this.#stream.outbox.sendAfterAcks(toControl({ resetState: true, reason: "no state" }));
  }

  onFailure(): void {
    this.#stream.stop.set();
  }
}

async function answer(
  parts: TelemetryParts,
  { outbox }: Stream,
  { delivery, greeting }: Heard,
  decisions: Decisions,
  { body }: wire.DeliverRequest,
): Promise<void> {
  switch (body?.$case) {
    case "batch":
      await decisions.offer(toIncomingBatch(body.value, greeting));
      return;
    case "table":
      await learn(parts, greeting, delivery, body.value);
      return;
    case "loss": {
      // A report voids numbers; what came before it is decided first.
      await decisions.settle();
      const ackedThrough = await delivery.takeLosses(toLosses(body.value, greeting));
      const value = { ackedThrough: BigInt(ackedThrough) };
      outbox.send({ body: { $case: "lossAck", value } });
      return;
    }
    case "void": {
      // What was sent under this number before is decided first.
      await decisions.settle();
      const { epoch, sequence } = body.value;
      const result = await delivery.takeBack(toRetractedBatch(body.value, greeting));
      outbox.sendAfterAcks(toVoided({ epoch, sequence, result }));
      return;
    }
    case "ping": {
      const value = { nonce: body.value.nonce, serverTimeMs: BigInt(parts.clock.nowMs()) };
      outbox.send({ body: { $case: "pong", value } });
      return;
    }
    default:
      throw new HeatpoolError("PROTOCOL", `unexpected ${body?.$case ?? "empty message"}`);
  }
}

/** A table that cannot be learnt dooms its own batches, which are refused one by one, no others. */
async function learn(
  parts: TelemetryParts,
  { introduction }: Greeting,
  delivery: Delivery,
  table: wire.ChannelTable,
): Promise<void> {
  try {
    await delivery.learnTable(fromWireTable(table));
  } catch (error) {
    if (!(error instanceof HeatpoolError) || error.code !== "INVALID_ARGUMENT") throw error;
    const facts = { reason: error.message };
    parts.onEvent("rpc.table-refused", introduction.installationId, facts);
  }
}

/** The first answer. */
export function toWelcome(
  { clock, rules }: TelemetryParts,
  delivery: Delivery,
): wire.DeliverResponse {
  const value: wire.Welcome = {
    serverTimeMs: BigInt(clock.nowMs()),
    limits: rules,
    ackedThrough: delivery.ackedThrough.map(BigInt),
    codecs: [...rules.codecs],
    unknownTables: delivery.unknownTables.map((id) => Buffer.from(id)),
    lossAckedThrough: BigInt(delivery.lossAckedThrough),
    priors: [...PRIOR_IDS],
    keepsState: true,
    answersVoid: true,
  };
  return { body: { $case: "welcome", value } };
}

/** A change of the rules: what is named, and nothing else. */
export function toControl(wished: Partial<wire.Control>): wire.DeliverResponse {
  const nothing = {
    pauseMs: 0,
    limits: undefined,
    resetState: false,
    reason: "",
    renewIdentity: false,
  };
  return { body: { $case: "control", value: { ...nothing, ...wished } } };
}
