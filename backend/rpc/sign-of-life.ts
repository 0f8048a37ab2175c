/**
 * Whether the machine at the other end of a call still answers: an HTTP/2 ping, which needs nothing
 * of the program there.
 */
import type { Clock } from "#core/clock.js";
import { findSession } from "./session.js";

/** As long as keepalive gives a peer. */
const ANSWER_MAX_MS = 10_000;

/** @param call a server call of grpc-js */
export async function isAlive(call: object, clock: Clock): Promise<boolean> {
  const session = findSession(call);
  if (session === undefined || session.destroyed) return false;
  const timer = new AbortController();
  const silence = clock.sleep(ANSWER_MAX_MS, timer.signal).then(() => false);
  const answer = new Promise<boolean>((resolve) => {
    const isSent = session.ping((error) => resolve(error === null));
    if (!isSent) resolve(false);
  });
  const isAnswered = await Promise.race([answer, silence]);
  timer.abort();
  return isAnswered;
}
