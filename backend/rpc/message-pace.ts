/**
 * No message takes for ever: one that has begun is whole within a time, or its call ends. Without
 * it a call that is fed a byte now and then is kept open, and its half message in memory.
 *
 * grpc-js 1.14 tells only of whole messages, so this file reaches through a call to its HTTP/2
 * stream and follows the lengths in it; where that is not found nothing is watched.
 * Source: gRPC over HTTP/2, "Length-Prefixed-Message": one byte of flags, four of length.
 */
import type { ServerHttp2Stream } from "node:http2";
import { Metadata, ServerInterceptingCall, type ServerInterceptor, status } from "@grpc/grpc-js";
import type { Clock } from "#core/clock.js";

/** A message that began is whole after this time. */
export const MESSAGE_MAX_MS = 30_000;

const PREFIX_BYTES = 5;

/** What grpc-js holds behind a call: interceptors around the call that owns the stream. */
interface CallInside {
  readonly nextCall?: CallInside;
  readonly stream?: ServerHttp2Stream;
}

/** Ends calls whose messages do not come to an end. */
export function createMessagePace(clock: Pick<Clock, "sleep">): ServerInterceptor {
  return (method, call) => {
    const stream = findStream(call);
    if (stream !== undefined) {
      // One that is allowed many messages may be silent; the one of a unary call is awaited.
      watch(stream, clock, !method.requestStream, () => {
        call.sendStatus({
          code: status.DEADLINE_EXCEEDED,
          details: `no whole message within ${MESSAGE_MAX_MS / 1000} s`,
          metadata: new Metadata(),
        });
      });
    }
    return new ServerInterceptingCall(call);
  };
}

function watch(
  stream: ServerHttp2Stream,
  clock: Pick<Clock, "sleep">,
  isAwaited: boolean,
  onSlow: () => void,
): void {
  const follow = createFollower();
  let timer: AbortController | undefined;
  const begin = (): void => {
    const mine = new AbortController();
    timer = mine;
    void clock.sleep(MESSAGE_MAX_MS, mine.signal).then(() => {
      if (!mine.signal.aborted) onSlow();
    });
  };
  const end = (): void => {
    timer?.abort();
    timer = undefined;
  };
  if (isAwaited) begin();
  stream.on("data", (chunk: Buffer) => {
    const { hasEnded, isWithin } = follow(chunk);
    if (hasEnded || !isWithin) end();
    if (isWithin && timer === undefined) begin();
  });
  stream.once("end", end).once("close", end);
}

/** Follows messages through chunks: has one ended in this one, and is another one begun after it? */
export function createFollower(): (chunk: Uint8Array) => { hasEnded: boolean; isWithin: boolean } {
  const prefix: number[] = [];
  let missing = 0;
  return (chunk) => {
    let hasEnded = false;
    for (let at = 0; at < chunk.length; ) {
      if (missing > 0) {
        const taken = Math.min(missing, chunk.length - at);
        missing -= taken;
        at += taken;
        hasEnded ||= missing === 0;
        continue;
      }
      prefix.push(chunk[at++] as number);
      if (prefix.length < PREFIX_BYTES) continue;
      missing = prefix.slice(1).reduce((length, byte) => length * 256 + byte, 0);
      prefix.length = 0;
      hasEnded ||= missing === 0;
    }
    return { hasEnded, isWithin: missing > 0 || prefix.length > 0 };
  };
}

function findStream(call: object): ServerHttp2Stream | undefined {
  let inside = call as CallInside;
  while (inside.nextCall !== undefined) inside = inside.nextCall;
  return inside.stream;
}
