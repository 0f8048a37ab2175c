/**
 * Whether the machine at the other end of a call still answers: an HTTP/2 ping, which needs nothing
 * of the program there.
 *
 * grpc-js 1.14 has no way to ask for one, so this file reaches through a call to its HTTP/2
 * session; where that is not found the connection counts as dead.
 */
import type { ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import type { Clock } from "#core/clock.js";

/** As long as keepalive gives a peer. */
const ANSWER_MAX_MS = 10_000;

/** What grpc-js holds behind a call: interceptors around the call that owns the stream. */
interface CallInside {
  readonly nextCall?: CallInside;
  readonly stream?: ServerHttp2Stream;
}

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

function findSession(call: object): ServerHttp2Session | undefined {
  let inside: CallInside | undefined = "call" in call ? (call.call as CallInside) : undefined;
  while (inside?.nextCall !== undefined) inside = inside.nextCall;
  const session = inside?.stream?.session;
  return session as ServerHttp2Session | undefined;
}
