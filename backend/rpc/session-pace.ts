/**
 * What one connection may do with HTTP/2 itself: open calls, ping and change settings at a pace
 * that no daemon comes near. Who is faster is cut off at once.
 *
 * Node ends a rapid reset after a thousand calls, each of which was made for nothing, and counts
 * neither pings nor settings that are answered; grpc-js 1.14 cannot pass other limits on. So this
 * file reaches into a grpc-js server for the HTTP/2 servers in it; where there are none nothing is
 * watched. It also sees calls of methods that do not exist, which no interceptor does.
 */
import { constants, type Http2Server, type ServerHttp2Session } from "node:http2";
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
    one.on("session", (session) => watch(session, parts));
  }
}

function watch(session: ServerHttp2Session, { clock, isUnwelcome, onFlood }: SessionWatch): void {
  const startMs = clock.monotonicMs();
  const address = session.socket.remoteAddress ?? "";
  const allowed = isUnwelcome(session.socket) ? CALLS_UNWELCOME : CALLS;
  const [calls, pings, settings] = [allowed, PINGS, SETTINGS].map((size) =>
    createTokenBucket(size, startMs),
  );
  const spend = (bucket: typeof calls): void => {
    if (session.destroyed || bucket?.take(1, clock.monotonicMs()) !== false) return;
    session.destroy(undefined, constants.NGHTTP2_ENHANCE_YOUR_CALM);
    onFlood(address);
  };
  // Before grpc-js makes anything of the call.
  session.prependListener("stream", () => spend(calls));
  session.on("ping", () => spend(pings));
  session.on("remoteSettings", () => spend(settings));
}
