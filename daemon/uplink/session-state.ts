/**
 * What one stream knows of itself between hello and its end, and the one way to write to it.
 */
import type { Clock } from "#core/clock.js";
import type * as wire from "#proto/heatpool/telemetry/v1/telemetry.js";
import type { Backlog } from "../backlog/backlog.js";
import type { Log } from "../host/log.js";
import type { ModelLink } from "../model/model-link.js";
import type { Coding } from "./coding.js";
import type { Lane } from "./lane.js";
import type { UplinkLimits } from "./limits.js";
import type { Outbox } from "./outbox.js";
import type { Receipts } from "./receipts.js";
import type { SessionEnd } from "./retry.js";
import type { Suspicion } from "./suspicion.js";
import { createTakeBack, type TakeBack } from "./take-back.js";
import type { StreamEnd, Transport, UplinkStream } from "./transport.js";
import { createWaker, type Waker } from "./waker.js";
import { createWindow, type Window } from "./window.js";
import type { Declaration, Introduction } from "./wire.js";

/** What a stream works with. */
export interface SessionDeps {
  readonly backlog: Backlog;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: () => number;
  readonly introduction: Introduction;
  readonly receipts: Receipts;
  readonly suspicion: Suspicion;
  readonly log: Log;
  /** Pings keep a `live` stream warm; an economy stream is silent between batches. */
  readonly mayPing: boolean;
  limits(): UplinkLimits;
  setLimits(wished: wire.Limits | undefined): void;
  intervalMs(): number;
  /** Told when the backend answers, what its clock says, and how long the answer took. */
  onWelcome(serverTimeMs: number, roundTripMs: number): void;
  /** Told once per stream, when models may come beside it. */
  readonly onModels?: (link: ModelLink) => void;
  /** Told when the backend asks for a new key. */
  onRenewAsked?(): void;
  /** Calls back when batches were sealed, until the returned function is called. */
  onSealed(listener: () => void): () => void;
}

/** How long an announced end waits for the last acks. */
const LAST_ACKS_MS = 5_000;
const DEVICES_MAX = 64;
/**
 * Epochs that one stream offers: the current one and the oldest. The others follow when these are
 * drained; and with so many open ones fresh batches do not overtake any more.
 */
export const EPOCHS_OPEN_MAX = 8;

/** An end that was announced, by us or by the backend. */
export interface Closing {
  readonly end: SessionEnd;
  readonly untilMs: number;
  /** Whether our goodbye is still to be said. */
  owesGoodbye: boolean;
}

/** One stream. */
export interface Session {
  readonly deps: SessionDeps;
  readonly declaration: Declaration;
  readonly window: Window;
  readonly waker: Waker;
  readonly openedMs: number;
  readonly inbox: wire.DeliverResponse[];
  readonly takeBack: TakeBack;
  lanes: readonly Lane[];
  /** Both there since the welcome. */
  outbox: Outbox | undefined;
  coding: Coding | undefined;
  /** How the network says it ended. */
  ended: StreamEnd | undefined;
  /** Why it is to end: nothing more is sent, the last acks are awaited. */
  closing: Closing | undefined;
  isWriting: boolean;
  wasAcked: boolean;
  areModelsAnnounced: boolean;
  lastTrafficMs: number;
  pingSentMs: number | undefined;
  /** A number is being taken back since then. */
  questionSentMs: number | undefined;
  /** The backend may hold a batch in hand while it pauses us. */
  pausedUntilMs: number;
}

/** A stream that said nothing yet. */
export function createSession(deps: SessionDeps): Session {
  const { backlog, clock } = deps;
  const epochs = [...backlog.epochs()];
  const current = epochs.splice(-1);
  const declaration: Declaration = {
    devices: backlog.streams().slice(0, DEVICES_MAX),
    epochs: [...current, ...epochs].slice(0, EPOCHS_OPEN_MAX),
  };
  return {
    deps,
    declaration,
    takeBack: createTakeBack(deps, declaration),
    window: createWindow(),
    waker: createWaker(clock),
    openedMs: clock.monotonicMs(),
    inbox: [],
    lanes: [],
    outbox: undefined,
    coding: undefined,
    ended: undefined,
    closing: undefined,
    isWriting: false,
    wasAcked: false,
    areModelsAnnounced: false,
    lastTrafficMs: clock.monotonicMs(),
    pingSentMs: undefined,
    questionSentMs: undefined,
    pausedUntilMs: 0,
  };
}

/** One message; the next waits until the network took it. */
export function write(session: Session, stream: UplinkStream, request: wire.DeliverRequest): void {
  session.isWriting = true;
  session.lastTrafficMs = session.deps.clock.monotonicMs();
  void stream.write(request).then(() => {
    session.isWriting = false;
    session.waker.wake();
  });
}

/** From here on no batch follows; the acks of what is on its way are awaited for a while. */
export function announceEnd(session: Session, end: SessionEnd): void {
  const owesGoodbye = session.outbox !== undefined;
  session.closing = { end, untilMs: lastAcksUntilMs(session), owesGoodbye };
}

/** How long an end that is announced now waits for the last acks. */
export function lastAcksUntilMs({ deps }: Session): number {
  return deps.clock.monotonicMs() + LAST_ACKS_MS;
}
