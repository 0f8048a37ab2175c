/**
 * One stream from hello to its end.
 *
 * Nothing is sent before the welcome; at most a window is on its way, and the next message waits
 * until the network took the last. A stream whose oldest batch has no ack within 30 s is dead,
 * whatever TCP says. When consent is withdrawn the connection is thrown away in the same tick.
 */
import type { Clock } from "#core/clock.js";
import type * as wire from "#proto/heatpool/telemetry/v1/telemetry.js";
import type { Backlog } from "../backlog/backlog.js";
import type { Log } from "../host/log.js";
import type { ModelLink } from "../model/model-link.js";
import { type Coding, createCoding } from "./coding.js";
import { createLane, type Lane, peek, settleLane, waitedMs } from "./lane.js";
import type { UplinkLimits } from "./limits.js";
import { createOutbox, type Outbox } from "./outbox.js";
import type { Receipts } from "./receipts.js";
import { type SessionEnd, type SessionResult, toldMs } from "./retry.js";
import type { Suspicion } from "./suspicion.js";
import { createTakeBack, type TakeBack } from "./take-back.js";
import type { StreamEnd, Transport, UplinkStream } from "./transport.js";
import { createWaker, type Waker } from "./waker.js";
import { createWindow, type Window } from "./window.js";
import { type Declaration, type Introduction, toHello } from "./wire.js";

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

/** Welcome, ack and pong must come within this time. */
const ANSWER_MS = 30_000;
/** A live stream asks for a sign of life after this time without traffic. */
const PING_AFTER_MS = 30_000;
/** How long an announced end waits for the last acks. */
const LAST_ACKS_MS = 5_000;
/** How long the other side may take to end a stream after that. */
const END_MS = 1_000;
/** Responses that wait to be handled; a healthy backend never comes near. */
const INBOX_MAX = 1_024;
const DEVICES_MAX = 64;
/**
 * Epochs that one stream offers: the current one and the oldest. The others follow when these are
 * drained; and with so many open ones fresh batches do not overtake any more.
 */
const EPOCHS_OPEN_MAX = 8;
const OVERTAKE_AFTER_INTERVALS = 2;

interface Closing {
  readonly end: SessionEnd;
  readonly untilMs: number;
  /** Whether our goodbye is still to be said. */
  owesGoodbye: boolean;
}

interface Session {
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

/** Runs one stream. Ends when the stream did, or after an announced end when `stop` fires. */
export async function runSession(
  deps: SessionDeps,
  stop: AbortSignal,
  withdrawn: AbortSignal,
): Promise<SessionResult> {
  const session = createSession(deps);
  const { waker } = session;
  const stream = deps.transport.open({
    onResponse(response) {
      session.inbox.push(response);
      waker.wake();
    },
    onEnd(end) {
      session.ended = end;
      waker.wake();
    },
  });
  const cancel = () => {
    stream.cancel();
    waker.wake();
  };
  withdrawn.addEventListener("abort", cancel, { once: true });
  stop.addEventListener("abort", waker.wake, { once: true });
  const unlisten = deps.onSealed(() => {
    session.outbox?.refresh();
    waker.wake();
  });
  try {
    await greet(session, stream);
    const end = await converse(session, stream, { stop, withdrawn });
    const livedMs = deps.clock.monotonicMs() - session.openedMs;
    const wasWelcomed = session.outbox !== undefined;
    const inFlight = describeWindow(session.window);
    return { end, wasWelcomed, wasAcked: session.wasAcked, livedMs, inFlight };
  } finally {
    unlisten();
    withdrawn.removeEventListener("abort", cancel);
    stop.removeEventListener("abort", waker.wake);
    stream.cancel();
  }
}

function describeWindow({ oldest, size, largestBytes }: Window): SessionResult["inFlight"] {
  if (oldest === undefined) return undefined;
  const { epochId, sequence } = oldest.entry;
  return { oldest: { epochId, sequence }, count: size, largestBytes };
}

function createSession(deps: SessionDeps): Session {
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

async function greet(session: Session, stream: UplinkStream): Promise<void> {
  const { deps, declaration } = session;
  const losses = await deps.backlog.losses(0, 1);
  write(
    session,
    stream,
    toHello(deps.introduction, declaration, {
      clockSynced: deps.clock.isSynced(),
      lossLedgerLast: losses.at(-1)?.number ?? 0,
    }),
  );
}

/** Handles answers, sends what is due, and sleeps in between, until there is an end. */
async function converse(
  session: Session,
  stream: UplinkStream,
  signals: { stop: AbortSignal; withdrawn: AbortSignal },
): Promise<SessionEnd> {
  for (;;) {
    if (signals.withdrawn.aborted) return { kind: "stopped" };
    const end = await handleInbox(session);
    if (end !== undefined) return end;
    announceModels(session, stream);
    if (session.ended !== undefined) {
      return session.closing?.end ?? { kind: "broken", end: session.ended };
    }
    if (signals.stop.aborted && session.closing === undefined)
      announceEnd(session, { kind: "stopped" });
    const silence = findSilence(session);
    if (silence !== undefined) return silence;
    const waitMs = await step(session, stream);
    if (typeof waitMs !== "number") return waitMs;
    if (waitMs > 0) await session.waker.wait(Math.min(waitMs, untilDeadlineMs(session)));
  }
}

/** Models come on a stream of their own, from the welcome on. */
function announceModels(session: Session, stream: UplinkStream): void {
  const isDue = session.outbox !== undefined && !session.areModelsAnnounced;
  if (!isDue || stream.models === undefined || session.ended !== undefined) return;
  session.areModelsAnnounced = true;
  session.deps.onModels?.(stream.models);
}

/** Sends one message if one is due. Returns how long to wait, or why this is over. */
async function step(session: Session, stream: UplinkStream): Promise<number | SessionEnd> {
  const { deps, outbox, closing } = session;
  const forever = ANSWER_MS;
  if (closing !== undefined) return close(session, stream, closing);
  if (outbox === undefined || session.isWriting) return forever;
  if (isRedeclarationDue(session)) {
    announceEnd(session, { kind: "redeclare" });
    return 0;
  }
  try {
    const next = await outbox.next();
    if (next.kind === "redeclare") {
      announceEnd(session, { kind: "redeclare" });
      return 0;
    }
    if (next.kind === "unfit") return next;
    if (next.kind === "send" && session.ended === undefined) {
      if (next.request.body?.$case === "void") session.questionSentMs = deps.clock.monotonicMs();
      write(session, stream, next.request);
      return forever;
    }
    if (isPingDue(session)) ping(session, stream);
    return next.kind === "wait" ? next.ms : forever;
  } catch (fault) {
    return { kind: "local", what: String(fault) };
  }
}

/** The current epoch is another one, or what was offered is drained and more epochs wait. */
function isRedeclarationDue({ deps, declaration }: Session): boolean {
  const [current, ...older] = declaration.epochs.map((one) => one.epochId);
  if (deps.backlog.status().epochId !== current) return true;
  const waiting = deps.backlog.epochs().slice(0, -1);
  const isOffered = ({ epochId }: { epochId: string }) => older.includes(epochId);
  return waiting.length > 0 && !waiting.some(isOffered);
}

function write(session: Session, stream: UplinkStream, request: wire.DeliverRequest): void {
  session.isWriting = true;
  session.lastTrafficMs = session.deps.clock.monotonicMs();
  void stream.write(request).then(() => {
    session.isWriting = false;
    session.waker.wake();
  });
}

/** From here on no batch follows; the acks of what is on its way are awaited for a while. */
function announceEnd(session: Session, end: SessionEnd): void {
  const untilMs = session.deps.clock.monotonicMs() + LAST_ACKS_MS;
  session.closing = { end, untilMs, owesGoodbye: session.outbox !== undefined };
}

async function close(
  session: Session,
  stream: UplinkStream,
  closing: Closing,
): Promise<number | SessionEnd> {
  const leftMs = closing.untilMs - session.deps.clock.monotonicMs();
  if (leftMs <= 0 && session.isWriting) return closing.end;
  if (session.isWriting) return leftMs;
  if (closing.owesGoodbye) {
    closing.owesGoodbye = false;
    const value = { reason: closing.end.kind, reconnectAfterMs: 0 };
    write(session, stream, { body: { $case: "goodbye", value } });
    return leftMs;
  }
  if (session.window.size > 0 && leftMs > 0) return leftMs;
  stream.end();
  await waitForEnd(session);
  return closing.end;
}

async function waitForEnd(session: Session): Promise<void> {
  const untilMs = session.deps.clock.monotonicMs() + END_MS;
  while (session.ended === undefined) {
    const leftMs = untilMs - session.deps.clock.monotonicMs();
    if (leftMs <= 0) return;
    await session.waker.wait(leftMs);
  }
}

function isPingDue({ deps, lastTrafficMs, pingSentMs }: Session): boolean {
  const quietMs = deps.clock.monotonicMs() - lastTrafficMs;
  return deps.mayPing && pingSentMs === undefined && quietMs >= PING_AFTER_MS;
}

function ping(session: Session, stream: UplinkStream): void {
  session.pingSentMs = session.deps.clock.monotonicMs();
  const nonce = BigInt(Math.floor(session.deps.random() * 2 ** 32));
  write(session, stream, { body: { $case: "ping", value: { nonce } } });
}

/** What should have been answered, and since when. */
function awaited(session: Session): { what: string; sinceMs: number } | undefined {
  if (session.outbox === undefined) return { what: "no welcome", sinceMs: session.openedMs };
  const oldest = session.window.oldest;
  if (oldest !== undefined) {
    return { what: "no ack", sinceMs: Math.max(oldest.sentAtMs, session.pausedUntilMs) };
  }
  const { questionSentMs, pingSentMs } = session;
  if (questionSentMs !== undefined) return { what: "no answer", sinceMs: questionSentMs };
  return pingSentMs === undefined ? undefined : { what: "no pong", sinceMs: pingSentMs };
}

function findSilence(session: Session): SessionEnd | undefined {
  const missing = awaited(session);
  if (missing === undefined) return undefined;
  const isDue = session.deps.clock.monotonicMs() - missing.sinceMs >= ANSWER_MS;
  if (!isDue) return undefined;
  return session.closing?.end ?? { kind: "silent", what: missing.what };
}

function untilDeadlineMs(session: Session): number {
  const nowMs = session.deps.clock.monotonicMs();
  const answer = awaited(session);
  const ping = session.deps.mayPing ? session.lastTrafficMs + PING_AFTER_MS : Infinity;
  const deadline = Math.min(
    answer === undefined ? Infinity : answer.sinceMs + ANSWER_MS,
    session.closing?.untilMs ?? Infinity,
    ping > nowMs ? ping : Infinity,
  );
  return Math.max(0, deadline - nowMs);
}

/** Handles what came. Returns an end when the backend broke the rules. */
async function handleInbox(session: Session): Promise<SessionEnd | undefined> {
  if (session.inbox.length > INBOX_MAX) return { kind: "unfit", what: "too many responses" };
  for (;;) {
    const body = session.inbox.shift()?.body;
    if (body === undefined) {
      if (session.inbox.length === 0) return undefined;
      continue;
    }
    session.lastTrafficMs = session.deps.clock.monotonicMs();
    if (body.$case === "welcome") {
      const end = await acceptWelcome(session, body.value);
      if (end !== undefined) return end;
    } else if (session.outbox === undefined) {
      return { kind: "unfit", what: `${body.$case} before welcome` };
    } else {
      const end = await handle(session, session.outbox, body);
      if (end !== undefined) return end;
    }
  }
}

async function handle(
  session: Session,
  outbox: Outbox,
  body: Exclude<wire.DeliverResponse["body"], undefined>,
): Promise<SessionEnd | undefined> {
  const { deps } = session;
  switch (body.$case) {
    case "ack":
      return acceptAck(session, body.value);
    case "lossAck": {
      const through = Number(body.value.ackedThrough);
      outbox.lossesKnown(through);
      await deps.backlog.acknowledgeLosses(through);
      return undefined;
    }
    case "control":
      deps.setLimits(body.value.limits);
      if (body.value.resetState) {
        session.coding?.reset();
        outbox.resendFresh();
        deps.log("info", "uplink.state-reset", { why: body.value.reason });
      }
      if (body.value.renewIdentity) deps.onRenewAsked?.();
      pause(session, outbox, body.value);
      return undefined;
    case "goodbye": {
      const end = { kind: "goodbye", reconnectAfterMs: body.value.reconnectAfterMs } as const;
      const untilMs = deps.clock.monotonicMs() + LAST_ACKS_MS;
      session.closing ??= { end, untilMs, owesGoodbye: false };
      return undefined;
    }
    case "pong":
      session.pingSentMs = undefined;
      return undefined;
    case "voided":
      return acceptVoided(session, outbox, body.value);
    default:
      return { kind: "unfit", what: `unexpected ${body.$case}` };
  }
}

async function acceptVoided(
  session: Session,
  outbox: Outbox,
  answer: wire.Voided,
): Promise<SessionEnd | undefined> {
  const { deps, takeBack } = session;
  session.questionSentMs = undefined;
  const answered = await takeBack.take(answer);
  if (answered === undefined) return { kind: "unfit", what: "answer to what was not asked" };
  outbox.answered(answered);
  // Whoever has our numbers may have the next ones too.
  const isCurrent = answered.epochId === deps.backlog.status().epochId;
  if (answered.result === "forked" && isCurrent) await deps.backlog.beginEpoch();
  return undefined;
}

function pause(session: Session, outbox: Outbox, { pauseMs, reason }: wire.Control): void {
  const { clock, random, log } = session.deps;
  const ms = pauseMs > 0 ? toldMs(pauseMs, random) : 0;
  session.pausedUntilMs = clock.monotonicMs() + ms;
  outbox.pauseUntil(session.pausedUntilMs);
  if (ms > 0) log("info", "uplink.paused", { ms: Math.round(ms), why: reason });
}

async function acceptWelcome(
  session: Session,
  welcome: wire.Welcome,
): Promise<SessionEnd | undefined> {
  const { deps, declaration } = session;
  if (session.outbox !== undefined) return { kind: "unfit", what: "second welcome" };
  if (welcome.ackedThrough.length !== declaration.epochs.length)
    return { kind: "unfit", what: "welcome about other epochs" };
  deps.setLimits(welcome.limits);
  const roundTripMs = deps.clock.monotonicMs() - session.openedMs;
  deps.onWelcome(Number(welcome.serverTimeMs), roundTripMs);
  const acked = welcome.ackedThrough.map(Number);
  session.lanes = declaration.epochs.map((epoch, index) => {
    const through = acked[index] ?? 0;
    const lane = createLane(epoch.epochId, index, through);
    if (through > epoch.lastSealed) lane.isBlocked = true;
    else if (through >= epoch.firstUnacked) deps.receipts.heal(epoch.epochId, through);
    return lane;
  });
  if (await isNewEpochDue(session)) {
    await deps.receipts.settled();
    await deps.backlog.beginEpoch();
    return { kind: "redeclare" };
  }
  const lossAckedThrough = Number(welcome.lossAckedThrough);
  const coding = createCoding(welcome);
  session.coding = coding;
  const { window, takeBack } = session;
  const mayTakeBack = welcome.answersVoid;
  const parts = { ...deps, declaration, window, coding, takeBack, mayTakeBack };
  session.outbox = createOutbox(parts, session.lanes, {
    unknownTables: welcome.unknownTables,
    lossAckedThrough,
  });
  if (lossAckedThrough > 0) await deps.backlog.acknowledgeLosses(lossAckedThrough);
  deps.log("info", "uplink.connected", { waiting: deps.backlog.status().batches });
  return undefined;
}

/**
 * Whether fresh batches need numbers of their own: because an older image of this disk was
 * restored, whose numbers stand for other bytes at the backend, or because a long queue would hold
 * them up.
 */
async function isNewEpochDue({ deps, declaration, lanes }: Session): Promise<boolean> {
  const [current] = lanes;
  const lastSealed = declaration.epochs[0]?.lastSealed ?? 0;
  if (current === undefined) return false;
  if (current.isBlocked) {
    const facts = { known: current.ackedThrough, lastSealed };
    deps.log("error", "uplink.epoch-conflict", facts);
    return true;
  }
  if (declaration.epochs.length >= EPOCHS_OPEN_MAX) return false;
  if (lastSealed - current.ackedThrough <= deps.limits().windowBatches) return false;
  const oldest = await peek(current, deps.backlog);
  return (
    oldest !== undefined &&
    waitedMs(oldest, deps.clock.nowMs()) > OVERTAKE_AFTER_INTERVALS * deps.intervalMs()
  );
}

async function acceptAck(session: Session, ack: wire.Ack): Promise<SessionEnd | undefined> {
  const { deps, window } = session;
  const lane = session.lanes[ack.epoch];
  if (lane === undefined) return { kind: "unfit", what: `ack for epoch ${ack.epoch}` };
  const through = Number(ack.ackedThrough);
  if (through <= lane.ackedThrough) return undefined;
  if (through > lane.sentThrough) {
    // Fine where the ledger voided the numbers in between; not where a batch still waits.
    const unsent = await peek(lane, deps.backlog);
    if (unsent !== undefined && unsent.sequence <= through)
      return { kind: "unfit", what: `ack of ${through}, sent ${lane.sentThrough}` };
  }
  const batches = window.settle(ack.epoch, through);
  const counts = {
    admitted: Number(ack.admitted),
    duplicate: Number(ack.duplicate),
    rejected: Number(ack.rejected),
  };
  settleLane(lane, through);
  if (ack.epoch === 0) session.coding?.decided(through);
  deps.receipts.take(lane.epochId, through, batches, counts);
  session.wasAcked = true;
  deps.log("info", "uplink.acked", { epoch: ack.epoch, ackedThrough: through, ...counts });
  for (const { sequence, reason, snapshots, detail } of ack.outcomes) {
    const facts = { sequence: Number(sequence), reason, snapshots, detail };
    deps.log("warn", "uplink.rejected", facts);
  }
  return undefined;
}
