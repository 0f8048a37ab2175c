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
import { demandOwnId, principalOf } from "./authentication.js";
import {
  attend,
  RETURN_SOON_MS,
  type Stream,
  type TelemetryParts,
  toControl,
  toWelcome,
} from "./conversation.js";
import { type Greeting, toGreeting } from "./greeting.js";
import type { BidiHandler } from "./guard.js";
import { createInbox, type Inbox } from "./inbox.js";
import { type LiveStream, spread } from "./live-streams.js";
import { createOutbox } from "./outbox.js";

/** A daemon that opened a stream says who it is within this time. */
const HELLO_MAX_MS = 10_000;

/** The handler of Deliver. */
export function createDeliver(
  parts: TelemetryParts,
): BidiHandler<wire.DeliverRequest, wire.DeliverResponse> {
  let streams = 0;
  return async function* deliver(requests, call, gone) {
    const stop = new AbortController();
    const outbox = createOutbox(stop.signal);
    const inbox = createInbox(requests, parts.clock, stop.signal);
    const leave = (): void => {
      stop.abort();
      outbox.end();
    };
    if (gone.aborted) return;
    gone.addEventListener("abort", leave, { once: true });
    streams += 1;
    const ageMaxMs = parts.rules.streamAgeMaxMs * (0.9 + 0.2 * spread(streams));
    const talking = converse(parts, { inbox, outbox, call, stop }, ageMaxMs).then(
      () => outbox.end(),
      (error: unknown) => outbox.fail(error),
    );
    try {
      yield* outbox.messages();
    } finally {
      stop.abort();
      await talking;
    }
  };
}

async function converse(parts: TelemetryParts, stream: Stream, ageMaxMs: number): Promise<void> {
  const greeting = await readHello(stream.inbox);
  if (greeting === undefined) return;
  const { introduction } = greeting;
  const { installationId } = introduction;
  const principal = principalOf(stream.call, parts.judge);
  demandOwnId(principal, installationId);
  checkConsent(parts, principal, introduction);
  let because: HeatpoolError | undefined;
  const sayGoodbye = (reason: string, reconnectAfterMs: number): void => {
    if (stream.stop.signal.aborted) return;
    const value = { reason, reconnectAfterMs };
    stream.outbox.send({ body: { $case: "goodbye", value } });
    stream.stop.abort();
  };
  const endBecause = (error: HeatpoolError): void => {
    because = error;
    stream.stop.abort();
  };
  const place: LiveStream = {
    installationId,
    bootId: greeting.bootId,
    isAlive: () => parts.isAlive(stream.call),
    supersede: () => endBecause(new HeatpoolError("SUPERSEDED", "superseded by a newer stream")),
    expel: endBecause,
    askToRenew() {
      // Who showed no certificate has no key to replace.
      if (principal === undefined) return;
      stream.outbox.send(toControl({ renewIdentity: true, reason: "two with one key" }));
    },
    identityFault: () => (principal === undefined ? undefined : parts.judge?.faultOf(principal)),
    sayGoodbye,
  };
  const leave = await parts.live.enter(place);
  parts.onEvent("rpc.stream-opened", installationId);
  try {
    const delivery = await parts.ingest.open(introduction);
    try {
      stream.outbox.send(toWelcome(parts, delivery));
      // The one who did not hear it then hears it now.
      if (parts.judge?.isCloneSuspected(installationId)) place.askToRenew();
      void parts.clock.sleep(ageMaxMs, stream.stop.signal).then(() => {
        sayGoodbye("age", RETURN_SOON_MS);
      });
      await attend(parts, { ...stream, delivery, greeting, sayGoodbye });
    } finally {
      stream.stop.abort();
      delivery.close();
    }
    if (because !== undefined) throw because;
  } catch (error) {
    // Two histories under one number: two daemons went on from one card.
    if (isFork(error)) parts.onClone(installationId);
    throw error;
  } finally {
    leave();
    parts.onEvent("rpc.stream-closed", installationId);
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
