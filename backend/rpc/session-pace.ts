/**
 * What one connection may do with HTTP/2 itself: open calls, ping and change settings at a pace
 * that no daemon comes near. Who is faster is cut off at once.
 *
 * Node ends a rapid reset after a thousand calls, each of which was made for nothing, and counts
 * neither pings nor settings that are answered; grpc-js 1.14 cannot pass other limits on. So this
 * file reaches into a grpc-js server for the HTTP/2 servers in it; where there are none nothing is
 * watched. It also sees calls of methods that do not exist, which no interceptor does.
 */
import {
  constants,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { Socket } from "node:net";
import type { Server } from "@grpc/grpc-js";
import type { Clock } from "#core/clock.js";
import { createTokenBucket } from "./token-bucket.js";

/** A daemon has two streams and asks for three dozen files of metadata at most. */
const CALLS = { burst: 50, perSecond: 20 };
/** Who is being sent away has one thing to hear, a few times: a daemon asks several at once. */
const CALLS_UNWELCOME = { burst: 16, perSecond: 1 };
/** A daemon pings every 20 s at most. */
const PINGS = { burst: 20, perSecond: 1 };
/** Settings are said once. */
const SETTINGS = { burst: 10, perSecond: 0.1 };

/**
 * Calls of one connection that wait for the next turn: four may be open at once, so more than these
 * were taken back already.
 */
const CALLS_WAITING_MAX = 12;

/** What watching works with. */
export interface SessionWatch {
  readonly clock: Pick<Clock, "monotonicMs">;
  /** Whether a connection is being sent away. */
  isUnwelcome(socket: Pick<Socket, "remoteAddress" | "remotePort">): boolean;
  /** Learns of who was cut off. */
  onFlood(address: string): void;
}

/** Watches the sessions that `server` opens from now on. */
export function watchSessions(server: Server, parts: SessionWatch): void {
  const { http2Servers } = server as unknown as { http2Servers?: Map<Http2Server, unknown> };
  for (const one of http2Servers?.keys() ?? []) {
    const waiting = new WeakMap<object, number>();
    one.on("session", (session) => watch(session, parts, waiting));
    deferCalls(one, waiting);
  }
}

type OnCall = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

/**
 * Calls begin in the next turn of the event loop. One that is opened and taken back in one breath,
 * as in a rapid reset, is gone by then and costs next to nothing.
 */
function deferCalls(server: Http2Server, waiting: WeakMap<object, number>): void {
  const begin = server.listeners("stream") as OnCall[];
  server.removeAllListeners("stream");
  server.on("stream", (stream, headers) => {
    // Until it has begun nobody else listens.
    stream.on("error", ignore);
    const { session } = stream;
    setImmediate(() => {
      if (session !== undefined) waiting.set(session, (waiting.get(session) ?? 1) - 1);
      if (stream.destroyed || stream.closed || stream.aborted) return;
      for (const one of begin) one.call(server, stream, headers);
    });
  });
}

const ignore = (): void => undefined;

function watch(
  session: ServerHttp2Session,
  { clock, isUnwelcome, onFlood }: SessionWatch,
  waiting: WeakMap<object, number>,
): void {
  const startMs = clock.monotonicMs();
  const address = session.socket.remoteAddress ?? "";
  const allowed = isUnwelcome(session.socket) ? CALLS_UNWELCOME : CALLS;
  const [calls, pings, settings] = [allowed, PINGS, SETTINGS].map((size) =>
    createTokenBucket(size, startMs),
  );
  const cutOff = (): void => {
    if (session.destroyed) return;
    session.destroy(undefined, constants.NGHTTP2_ENHANCE_YOUR_CALM);
    onFlood(address);
  };
  const spend = (bucket: typeof calls): void => {
    if (bucket?.take(1, clock.monotonicMs()) === false) cutOff();
  };
  // Before anything is made of the call.
  session.prependListener("stream", () => {
    const count = (waiting.get(session) ?? 0) + 1;
    waiting.set(session, count);
    if (count > CALLS_WAITING_MAX) cutOff();
    else spend(calls);
  });
  session.on("ping", () => spend(pings));
  session.on("remoteSettings", () => spend(settings));
}
