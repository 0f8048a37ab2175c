/** What should have been answered by now, and when a sign of life is due. */
import type { SessionEnd } from "./retry.js";
import type { Session } from "./session-state.js";

/** Welcome, ack and pong must come within this time. */
export const ANSWER_MS = 30_000;
/** A live stream asks for a sign of life after this time without traffic. */
const PING_AFTER_MS = 30_000;

/** Whether a live stream was quiet for long. */
export function isPingDue({ deps, lastTrafficMs, pingSentMs }: Session): boolean {
  const quietMs = deps.clock.monotonicMs() - lastTrafficMs;
  return deps.mayPing && pingSentMs === undefined && quietMs >= PING_AFTER_MS;
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

/** The end of a stream whose answer is overdue. */
export function findSilence(session: Session): SessionEnd | undefined {
  const missing = awaited(session);
  if (missing === undefined) return undefined;
  const isDue = session.deps.clock.monotonicMs() - missing.sinceMs >= ANSWER_MS;
  if (!isDue) return undefined;
  return session.closing?.end ?? { kind: "silent", what: missing.what };
}

/** How long there is nothing to look at. */
export function untilDeadlineMs(session: Session): number {
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
