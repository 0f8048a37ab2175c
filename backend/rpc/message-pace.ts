/**
 * No message takes for ever: one that has begun is whole within a time, or its call ends. Without
 * it a call that is fed a byte now and then is kept open, and its half message in memory.
 *
 * grpc-js 1.14 tells only of whole messages, so this file reaches through a call to its HTTP/2
 * stream and follows the lengths in it; where that is not found nothing is watched.
 * Source: gRPC over HTTP/2, "Length-Prefixed-Message": one byte of flags, four of length.
 */
import type { ServerHttp2Stream } from "node:http2";
import { Metadata, type ServerInterceptor, status } from "@grpc/grpc-js";
import type { Clock } from "#core/clock.js";
import { type Alarm, type Alarms, createAlarms } from "./alarms.js";
import { asItIs, type InterceptedCall } from "./session.js";

/** A message that began is whole after this time. */
export const MESSAGE_MAX_MS = 30_000;

const PREFIX_BYTES = 5;

/** What grpc-js holds behind a call: interceptors around the call that owns the stream. */
interface CallInside {
  readonly nextCall?: CallInside;
  readonly stream?: ServerHttp2Stream;
}

/** Ends calls whose messages do not come to an end. */
export function createMessagePace(clock: Pick<Clock, "monotonicMs" | "sleep">): ServerInterceptor {
  const alarms = createAlarms(clock);
  return (method, call) => {
    const stream = findStream(call);
    // One that is allowed many messages may be silent; the one of a unary call is awaited.
    if (stream !== undefined) new Watch(alarms, call).follow(stream, !method.requestStream);
    return asItIs(call);
  };
}

/** One call that is watched. A class, so that a silent call has one object and two functions. */
class Watch implements Alarm {
  /** When the message that is on its way is late. */
  dueMs = Number.POSITIVE_INFINITY;
  readonly #alarms: Alarms;
  readonly #call: InterceptedCall;
  readonly #follower = new Follower();

  constructor(alarms: Alarms, call: InterceptedCall) {
    this.#alarms = alarms;
    this.#call = call;
  }

  follow(stream: ServerHttp2Stream, isAwaited: boolean): void {
    if (isAwaited) this.#begin();
    stream.on("data", (chunk: Buffer) => this.#see(chunk));
    // Nothing is on its way any more; the end of what is sent comes before it, or with a message.
    stream.on("close", () => this.#end());
  }

  ring(): void {
    this.#call.sendStatus({
      code: status.DEADLINE_EXCEEDED,
      details: `no whole message within ${MESSAGE_MAX_MS / 1000} s`,
      metadata: new Metadata(),
    });
  }

  #see(chunk: Buffer): void {
    const { hasEnded, isWithin } = this.#follower.follow(chunk);
    if (hasEnded || !isWithin) this.#end();
    if (isWithin && !Number.isFinite(this.dueMs)) this.#begin();
  }

  #begin(): void {
    this.dueMs = this.#alarms.monotonicMs() + MESSAGE_MAX_MS;
    this.#alarms.set(this);
  }

  #end(): void {
    if (!Number.isFinite(this.dueMs)) return;
    this.dueMs = Number.POSITIVE_INFINITY;
    this.#alarms.drop(this);
  }
}

/** Follows messages through chunks. */
export class Follower {
  /** Bytes of the prefix that came, and the length as far as they say it. */
  #prefixBytes = 0;
  #length = 0;
  /** Bytes of the message itself that are still to come. */
  #missing = 0;

  /** Has a message ended in this chunk, and is another one begun after it? */
  follow(chunk: Uint8Array): { hasEnded: boolean; isWithin: boolean } {
    let hasEnded = false;
    for (let at = 0; at < chunk.length; ) {
      if (this.#missing > 0) {
        const taken = Math.min(this.#missing, chunk.length - at);
        this.#missing -= taken;
        at += taken;
        hasEnded ||= this.#missing === 0;
        continue;
      }
      // The first byte says whether the message is compressed, the others how long it is.
      const byte = chunk[at++] as number;
      this.#length = this.#prefixBytes === 0 ? 0 : this.#length * 256 + byte;
      this.#prefixBytes += 1;
      if (this.#prefixBytes < PREFIX_BYTES) continue;
      this.#missing = this.#length;
      this.#prefixBytes = 0;
      hasEnded ||= this.#missing === 0;
    }
    return { hasEnded, isWithin: this.#missing > 0 || this.#prefixBytes > 0 };
  }
}

function findStream(call: object): ServerHttp2Stream | undefined {
  let inside = call as CallInside;
  while (inside.nextCall !== undefined) inside = inside.nextCall;
  return inside.stream;
}
