/**
 * What the backend says on a stream, and what becomes of it. Whatever breaks the rules ends the
 * stream with its reason.
 */
import type * as wire from "#proto/heatpool/telemetry/v1/telemetry.js";
import { createCoding } from "./coding.js";
import { createLane, peek, settleLane, waitedMs } from "./lane.js";
import { createOutbox, type Outbox } from "./outbox.js";
import { type SessionEnd, toldMs } from "./retry.js";
import { EPOCHS_OPEN_MAX, lastAcksUntilMs, type Session } from "./session-state.js";

/** Responses that wait to be handled; a healthy backend never comes near. */
const INBOX_MAX = 1_024;
const OVERTAKE_AFTER_INTERVALS = 2;

/** Handles what came. Returns an end when the backend broke the rules. */
export async function handleInbox(session: Session): Promise<SessionEnd | undefined> {
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
      session.closing ??= { end, untilMs: lastAcksUntilMs(session), owesGoodbye: false };
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
