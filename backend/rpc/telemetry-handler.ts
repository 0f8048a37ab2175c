/**
 * The telemetry service: one conversation per installation.
 *
 * Hello first, then welcome; a batch is acknowledged after its decision is durable; what cannot be
 * decided ends the stream, and nothing of it is acknowledged. Memory per stream is bounded by the
 * window, whatever the daemon sends and however slowly it reads.
 */
import { HeatpoolError } from "#core/errors.js";
import type * as wire from "#proto/heatpool/telemetry/v1/telemetry.js";
import type { Principal } from "../enrolment/judge-identity.js";
import { type Alarm, type Alarms, createAlarms } from "./alarms.js";
import { demandOwnId, principalOf } from "./authentication.js";
import {
  attend,
  RETURN_SOON_MS,
  type Stream,
  type TelemetryParts,
  toWelcome,
} from "./conversation.js";
import { Decisions } from "./decisions.js";
import { type Greeting, toGreeting } from "./greeting.js";
import type { BidiHandler } from "./guard.js";
import { createInbox, type Inbox } from "./inbox.js";
import { type LiveStream, spread } from "./live-streams.js";
import { Outbox } from "./outbox.js";
import { Stop } from "./stop.js";
import { toControl } from "./telemetry-wire.js";

/** A daemon that opened a stream says who it is within this time. */
const HELLO_MAX_MS = 10_000;

/** The handler of Deliver. */
export function createDeliver(
  parts: TelemetryParts,
): BidiHandler<wire.DeliverRequest, wire.DeliverResponse> {
  const alarms = createAlarms(parts.clock);
  let streams = 0;
  return (requests, call, gone) => {
    streams += 1;
    const ageMaxMs = parts.rules.streamAgeMaxMs * (0.9 + 0.2 * spread(streams));
    return new DeliverStream({ parts, alarms, ageMaxMs }, requests, call, gone);
  };
}

/** What a stream is given. */
interface Setting {
  readonly parts: TelemetryParts;
  readonly alarms: Alarms;
  readonly ageMaxMs: number;
}

/**
 * One call of Deliver, as the answers that it gives. A class, and one object for all that others
 * want of the stream: thousands of them are open and say nothing.
 */
class DeliverStream
  implements AsyncIterableIterator<wire.DeliverResponse, undefined>, Stream, LiveStream, Alarm
{
  readonly stop = new Stop();
  readonly outbox = new Outbox(this.stop);
  readonly inbox: Inbox<wire.DeliverRequest>;
  readonly call: Stream["call"];
  readonly dueMs: number;
  installationId = "";
  bootId = "";
  readonly #parts: TelemetryParts;
  readonly #alarms: Alarms;
  #principal: Principal | undefined;
  /** Why others end it. */
  #because: HeatpoolError | undefined;
  #talking: Promise<void> | undefined;

  constructor(
    { parts, alarms, ageMaxMs }: Setting,
    requests: AsyncIterable<wire.DeliverRequest>,
    call: Stream["call"],
    gone: Stop,
  ) {
    this.#parts = parts;
    this.#alarms = alarms;
    this.call = call;
    this.dueMs = alarms.monotonicMs() + ageMaxMs;
    this.inbox = createInbox(requests, alarms, this.stop);
    gone.tell(this);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<wire.DeliverResponse, undefined>> {
    this.#talking ??= this.#talk();
    try {
      const value = await this.outbox.next();
      if (value !== undefined) return { done: false, value };
    } catch (error) {
      await this.#leave();
      throw error;
    }
    return await this.#leave();
  }

  async return(): Promise<IteratorResult<wire.DeliverResponse, undefined>> {
    return await this.#leave();
  }

  /** Nobody listens any more. */
  stopped(): void {
    this.stop.set();
    this.outbox.end();
  }

  /** Its age. */
  ring(): void {
    this.sayGoodbye("age", RETURN_SOON_MS);
  }

  isAlive(): Promise<boolean> {
    return this.#parts.isAlive(this.call);
  }

  supersede(): void {
    this.expel(new HeatpoolError("SUPERSEDED", "superseded by a newer stream"));
  }

  expel(error: HeatpoolError): void {
    this.#because = error;
    this.stop.set();
  }

  askToRenew(): void {
    // Who showed no certificate has no key to replace.
    if (this.#principal === undefined) return;
    this.outbox.send(toControl({ renewIdentity: true, reason: "two with one key" }));
  }

  identityFault(): HeatpoolError | undefined {
    return this.#principal && this.#parts.judge?.faultOf(this.#principal);
  }

  sayGoodbye(reason: string, reconnectAfterMs: number): void {
    if (this.stop.isSet) return;
    this.outbox.send({ body: { $case: "goodbye", value: { reason, reconnectAfterMs } } });
    this.stop.set();
  }

  async #leave(): Promise<{ done: true; value: undefined }> {
    this.stop.set();
    this.outbox.forget();
    await this.#talking;
    return { done: true, value: undefined };
  }

  /** Never rejects. */
  async #talk(): Promise<void> {
    try {
      const greeting = await readHello(this.inbox);
      if (greeting !== undefined) await this.#converse(greeting);
      this.outbox.end();
    } catch (error) {
      this.outbox.fail(error);
    }
  }

  async #converse(greeting: Greeting): Promise<void> {
    const parts = this.#parts;
    const { installationId } = greeting.introduction;
    this.installationId = installationId;
    this.bootId = greeting.bootId;
    const principal = principalOf(this.call, parts.judge);
    this.#principal = principal;
    demandOwnId(principal, installationId);
    checkConsent(parts, principal, greeting.introduction);
    const leave = await parts.live.enter(this);
    parts.onEvent("rpc.stream-opened", installationId);
    try {
      await this.#deliver(greeting);
      if (this.#because !== undefined) throw this.#because;
    } catch (error) {
      // Two histories under one number: two daemons went on from one card.
      if (isFork(error)) parts.onClone(installationId);
      throw this.#because ?? error;
    } finally {
      leave();
      parts.onEvent("rpc.stream-closed", installationId);
    }
  }

  async #deliver(greeting: Greeting): Promise<void> {
    const parts = this.#parts;
    const { introduction } = greeting;
    parts.store.demandWell();
    const delivery = await parts.store.watched(parts.ingest.open(introduction));
    const decisions = new Decisions(parts, this, { delivery, introduction });
    try {
      this.outbox.send(toWelcome(parts, delivery));
      // The one who did not hear it then hears it now.
      if (parts.judge?.isCloneSuspected(this.installationId)) this.askToRenew();
      this.#alarms.set(this);
      await attend(parts, this, decisions, greeting);
    } finally {
      this.#alarms.drop(this);
      this.stop.set();
      decisions.close();
    }
  }
}

/** What is sent has to be what the owner signed. Who shows no certificate has signed nothing. */
function checkConsent(
  { consents }: TelemetryParts,
  principal: Principal | undefined,
  { consentVersion, consentScopes }: Greeting["introduction"],
): void {
  if (principal === undefined || consents === undefined) return;
  const signed = consents.present(principal.installationId);
  const isSame =
    signed?.version === consentVersion && signed.scopes.join() === consentScopes.join();
  if (isSame) return;
  throw new HeatpoolError("CONSENT_MISSING", "the owner's consent is not on record");
}

function isFork(error: unknown): boolean {
  return error instanceof HeatpoolError && error.code === "BATCH_FORKED";
}

/** @throws HeatpoolError `PROTOCOL` something else, or nothing, came first */
async function readHello(inbox: Inbox<wire.DeliverRequest>): Promise<Greeting | undefined> {
  const first = await inbox.next(HELLO_MAX_MS);
  if (first === undefined) return undefined;
  if (first === "silent") {
    throw new HeatpoolError("UNAVAILABLE", `no hello within ${HELLO_MAX_MS / 1000} s`);
  }
  if (first.body?.$case !== "hello") {
    throw new HeatpoolError("PROTOCOL", "the first message is not a hello");
  }
  return toGreeting(first.body.value);
}
