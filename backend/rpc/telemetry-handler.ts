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
import { answer, toWelcome } from "./conversation.js";
import { Decisions } from "./decisions.js";
import { type Greeting, toGreeting } from "./greeting.js";
import type { BidiHandler } from "./guard.js";
import { createInbox, type Hearer, type Inbox } from "./inbox.js";
import { type LiveStream, spread } from "./live-streams.js";
import { Outbox } from "./outbox.js";
import { Stop } from "./stop.js";
import { RETURN_SOON_MS, type Stream, type TelemetryParts } from "./stream.js";
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

/** What was opened for a daemon that said who it is. */
interface Visit {
  readonly greeting: Greeting;
  readonly decisions: Decisions;
}

/**
 * One call of Deliver, as the answers that it gives. A class, and one object for all that others
 * want of the stream: thousands of them are open and say nothing.
 */
class DeliverStream
  implements
    AsyncIterableIterator<wire.DeliverResponse, undefined>,
    Stream,
    LiveStream,
    Alarm,
    Hearer<wire.DeliverRequest>
{
  readonly stop = new Stop();
  readonly outbox = new Outbox(this.stop);
  readonly call: Stream["call"];
  readonly dueMs: number;
  installationId = "";
  bootId = "";
  readonly #inbox: Inbox<wire.DeliverRequest>;
  readonly #parts: TelemetryParts;
  readonly #alarms: Alarms;
  #principal: Principal | undefined;
  #visit: Visit | undefined;
  /** Gives the place among the live streams back. */
  #leave: (() => void) | undefined;
  /** Why others end it. */
  #because: HeatpoolError | undefined;
  #hasBegun: boolean = false;
  readonly #over = new Stop();

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
    this.#inbox = createInbox(requests, alarms, this.stop);
    gone.tell(this);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<wire.DeliverResponse, undefined>> {
    if (!this.#hasBegun) void this.#begin();
    this.#hasBegun = true;
    return this.outbox.next();
  }

  /** Resolves when what is in hand is decided. */
  async return(): Promise<IteratorResult<wire.DeliverResponse, undefined>> {
    this.stop.set();
    this.outbox.forget();
    if (this.#hasBegun) await this.#over.reached();
    return { done: true, value: undefined };
  }

  /** Nobody listens any more. */
  stopped(): void {
    this.stop.set();
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

  heard(next: wire.DeliverRequest | "silent" | undefined): void {
    void this.#answer(next);
  }

  failed(error: unknown): void {
    this.#end({ error });
  }

  /** Never rejects. */
  async #begin(): Promise<void> {
    try {
      const greeting = await readHello(this.#inbox);
      if (greeting === undefined) this.#end({});
      else await this.#open(greeting);
    } catch (error) {
      this.#end({ error });
    }
  }

  async #open(greeting: Greeting): Promise<void> {
    const parts = this.#parts;
    const { introduction } = greeting;
    const { installationId } = introduction;
    this.installationId = installationId;
    this.bootId = greeting.bootId;
    this.#principal = principalOf(this.call, parts.judge);
    demandOwnId(this.#principal, installationId);
    checkConsent(parts, this.#principal, introduction);
    this.#leave = await parts.live.enter(this);
    parts.onEvent("rpc.stream-opened", installationId);
    parts.store.demandWell();
    const delivery = await parts.store.watched(parts.ingest.open(introduction));
    const decisions = new Decisions(parts, this, { delivery, introduction });
    this.#visit = { greeting, decisions };
    this.outbox.send(toWelcome(parts, delivery));
    // The one who did not hear it then hears it now.
    if (parts.judge?.isCloneSuspected(installationId)) this.askToRenew();
    this.#alarms.set(this);
    this.#inbox.hear(parts.rules.silenceMaxMs, this);
  }

  /** Never rejects. Nothing waits here while nothing is heard. */
  async #answer(next: wire.DeliverRequest | "silent" | undefined): Promise<void> {
    if (this.#visit === undefined) return;
    const { decisions, greeting } = this.#visit;
    try {
      if (next === "silent") this.sayGoodbye("idle", RETURN_SOON_MS);
      if (next === undefined || next === "silent" || next.body?.$case === "goodbye") {
        await decisions.settle();
        this.#end({});
        return;
      }
      await answer(this.#parts, this.outbox, decisions, greeting, next);
      await this.outbox.room();
      this.#inbox.hear(this.#parts.rules.silenceMaxMs, this);
    } catch (error) {
      this.#end({ error });
    }
  }

  /** Lets go of everything; what was put into the outbox still leaves. */
  #end(how: { readonly error?: unknown }): void {
    if (this.#over.isSet) return;
    const { onClone, onEvent } = this.#parts;
    this.#alarms.drop(this);
    this.stop.set();
    this.#visit?.decisions.close();
    // Two histories under one number: two daemons went on from one card.
    if (isFork(how.error)) onClone(this.installationId);
    this.#leave?.();
    if (this.#leave !== undefined) onEvent("rpc.stream-closed", this.installationId);
    if (this.#because !== undefined) this.outbox.fail(this.#because);
    else if ("error" in how) this.outbox.fail(how.error);
    else this.outbox.end();
    this.#over.set();
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
