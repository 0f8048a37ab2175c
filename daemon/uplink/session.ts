/**
 * One stream from hello to its end.
 *
 * Nothing is sent before the welcome; at most a window is on its way, and the next message waits
 * until the network took the last. A stream whose oldest batch has no ack within 30 s is dead,
 * whatever TCP says. When consent is withdrawn the connection is thrown away in the same tick.
 */

import type { SessionEnd, SessionResult } from "./retry.js";
import { handleInbox } from "./session-answers.js";
import { ANSWER_MS, findSilence, isPingDue, untilDeadlineMs } from "./session-silence.js";
import {
  announceEnd,
  type Closing,
  createSession,
  type Session,
  type SessionDeps,
  write,
} from "./session-state.js";
import type { UplinkStream } from "./transport.js";
import type { Window } from "./window.js";
import { toHello } from "./wire.js";

/** How long the other side may take to end a stream after an announced end. */
const END_MS = 1_000;

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

function ping(session: Session, stream: UplinkStream): void {
  session.pingSentMs = session.deps.clock.monotonicMs();
  const nonce = BigInt(Math.floor(session.deps.random() * 2 ** 32));
  write(session, stream, { body: { $case: "ping", value: { nonce } } });
}
