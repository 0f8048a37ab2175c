/**
 * Receive: grants and model files for one daemon, on the wire. A stream of its own beside Deliver,
 * so that a large file delays no ack; the network's back-pressure is the file's.
 */
import type { Clock } from "#core/clock.js";
import { HeatpoolError } from "#core/errors.js";
import type * as wire from "#proto/heatpool/model/v1/model.js";
import type { IdentityJudge } from "../enrolment/judge-identity.js";
import type { Listener, Push, PushMessage, PushSession } from "../push/push.js";
import { createAlarms } from "./alarms.js";
import { demandOwnId, principalOf } from "./authentication.js";
import type { BidiHandler } from "./guard.js";
import { createInbox } from "./inbox.js";
import { fromUuidBytes, parseInstallationId } from "./installation-id.js";
import type { ModelStreams } from "./model-streams.js";
import { createReceiveEncoder } from "./response-frame.js";
import { findSession } from "./session.js";
import { Stop } from "./stop.js";
import { atMost, invalid, safe, short } from "./wire-form.js";

/** What the handler works with. */
export interface ReceiveParts {
  /** Left out: this backend has no models. */
  readonly push: Push | undefined;
  readonly clock: Clock;
  /** Left out: nobody is known by a certificate. */
  readonly judge: IdentityJudge | undefined;
  readonly streams: ModelStreams;
}

/** A daemon that opened a stream says who it is within this time. */
const HELLO_MAX_MS = 10_000;
/** Who was told to leave and does not read is cut off after this time. */
const LEAVE_MAX_MS = 1_000;
/** Of the wire contract. */
const MODELS_MAX = 64;
const NAME_MAX = 128;
const MODEL_ID_MAX = 64;
const STEP_MAX = 32;
const KEY_BYTES = 32;

export function createReceive({
  push,
  clock,
  judge,
  streams,
}: ReceiveParts): BidiHandler<wire.ReceiveRequest, Buffer> {
  const alarms = createAlarms(clock);
  const encode = createReceiveEncoder();
  return async function* receive(requests, call, gone) {
    if (push === undefined) throw new HeatpoolError("PROTOCOL", "this backend has no models");
    const stop = new Stop();
    const inbox = createInbox(requests, alarms, stop);
    const first = await inbox.next(HELLO_MAX_MS);
    if (first === undefined || gone.isSet) return;
    if (first === "silent" || first.body?.$case !== "hello")
      throw new HeatpoolError("PROTOCOL", "the first message is not a hello");
    const listener = toListener(first.body.value);
    const principal = principalOf(call, judge);
    demandOwnId(principal, listener.installationId);
    const faultOf = () => (principal === undefined ? undefined : judge?.faultOf(principal));
    const session = push.open(listener);
    const leave = () => session.close();
    gone.tell({ stopped: leave });
    let fault: unknown;
    const exit = streams.enter({
      installationId: listener.installationId,
      identityFault: () => (principal === undefined ? undefined : judge?.faultOf(principal)),
      end(error) {
        fault ??= error;
        leave();
        stop.set();
        if (error !== undefined) void cutOff(call, clock, gone);
      },
    });
    const listening = listen(inbox, session)
      .catch((error: unknown) => {
        fault = error;
      })
      .finally(leave);
    try {
      const messages = session.messages();
      for (;;) {
        const bytes = await encodeNext(messages, encode);
        // Between two looks at the stream nothing is given to whose certificate was taken back.
        fault ??= faultOf();
        if (bytes === undefined || fault !== undefined) break;
        yield bytes;
      }
      await messages.return();
    } finally {
      exit();
      stop.set();
      leave();
      await listening;
    }
    if (fault !== undefined) throw fault;
  };
}

/** The next message as bytes: while they are on their way, nothing holds the file they are of. */
async function encodeNext(
  messages: AsyncGenerator<PushMessage, void, undefined>,
  encode: (response: wire.ReceiveResponse) => Buffer,
): Promise<Buffer | undefined> {
  const { value, done } = await messages.next();
  return done === true || value === undefined ? undefined : encode(toResponse(value));
}

/** The error reaches who reads; who does not loses the connection. */
async function cutOff(call: object, clock: Clock, gone: Stop): Promise<void> {
  await clock.sleep(LEAVE_MAX_MS, gone.signal);
  if (!gone.isSet) findSession(call)?.destroy();
}

/** Obeys what the daemon says until it has said everything. */
async function listen(
  inbox: { next(silenceMaxMs: number): Promise<wire.ReceiveRequest | "silent" | undefined> },
  session: PushSession,
): Promise<void> {
  for (;;) {
    const request = await inbox.next(0);
    if (request === undefined || request === "silent") return;
    const { body } = request;
    if (body?.$case === "want") {
      const path = short("target_path", body.value.targetPath, NAME_MAX);
      session.want(path, safe("offset", body.value.offset));
    } else if (body?.$case === "report") {
      session.report({
        modelId: short("model_id", body.value.modelId, MODEL_ID_MAX),
        release: safe("release", body.value.release),
        failedStep: short("failed_step", body.value.failedStep, STEP_MAX),
      });
    } else throw new HeatpoolError("PROTOCOL", `unexpected ${body?.$case ?? "empty message"}`);
  }
}

function toListener(hello: wire.ModelHello): Listener {
  atMost("installed", hello.installed.length, MODELS_MAX);
  atMost("heatpump_models", hello.heatpumpModels.length, MODELS_MAX);
  if (hello.nonce.length !== KEY_BYTES || hello.kid.length !== KEY_BYTES)
    throw invalid("nonce and kid have 32 bytes each");
  return {
    installationId: parseInstallationId(fromUuidBytes("installation_id", hello.installationId)),
    nonce: Uint8Array.from(hello.nonce),
    kid: Buffer.from(hello.kid).toString("hex"),
    lastGrantSeq: safe("last_grant_seq", hello.lastGrantSeq),
    installed: hello.installed.map(({ modelId, release, grantedUntilS }) => ({
      modelId: short("model_id", modelId, MODEL_ID_MAX),
      release: safe("release", release),
      grantedUntilS: Number(grantedUntilS),
    })),
    heatpumpModels: hello.heatpumpModels.map((one) => short("heatpump_model", one, NAME_MAX)),
    daemonVersion: short("daemon_version", hello.daemonVersion, MODEL_ID_MAX),
    consentVersion: hello.consentVersion,
  };
}

function toResponse(message: PushMessage): wire.ReceiveResponse {
  if (message.kind === "grant")
    return { body: { $case: "grant", value: { envelope: message.envelope } } };
  const { targetPath, offset, data } = message;
  return { body: { $case: "chunk", value: { targetPath, offset: BigInt(offset), data } } };
}
