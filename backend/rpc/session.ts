/**
 * What lies behind a call: its HTTP/2 session and the certificate that its other end showed.
 *
 * grpc-js 1.14 tells of a certificate only where TLS called it authorised, which a resumed session
 * is without a look, so this file reaches through a call to its session itself. Where none is found
 * nothing was shown.
 */
import type { X509Certificate } from "node:crypto";
import type { ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import { TLSSocket } from "node:tls";
import type { ServerInterceptingCall, ServerInterceptor } from "@grpc/grpc-js";

/** A call as an interceptor is given it. */
export type InterceptedCall = Parameters<ServerInterceptor>[1];

/** What grpc-js holds behind a call: interceptors around the call that owns the stream. */
interface CallInside {
  readonly nextCall?: CallInside;
  readonly stream?: ServerHttp2Stream;
}

/** @param call a server call of grpc-js, or what an interceptor is given for one */
export function findSession(call: object): ServerHttp2Session | undefined {
  let inside: CallInside | undefined = "call" in call ? (call.call as CallInside) : call;
  while (inside?.nextCall !== undefined) inside = inside.nextCall;
  const session = inside?.stream?.session;
  return session as ServerHttp2Session | undefined;
}

/**
 * A call that an interceptor lets through as it is: what is put around one stays as long as it does.
 * grpc-js 1.14 says that an interceptor gives its own class, and takes what it gives itself: a call.
 */
export function asItIs(call: InterceptedCall): ServerInterceptingCall {
  return call as ServerInterceptingCall;
}

/** Parsing costs more than looking; a connection shows one certificate. */
const shown = new WeakMap<ServerHttp2Session, X509Certificate>();

/** The certificate of the other end of a call's connection. */
export function certificateOf(call: object): X509Certificate | undefined {
  const session = findSession(call);
  if (session === undefined || session.destroyed) return undefined;
  const known = shown.get(session);
  if (known !== undefined) return known;
  const { socket } = session;
  if (!(socket instanceof TLSSocket)) return undefined;
  const found = socket.getPeerX509Certificate();
  if (found !== undefined) shown.set(session, found);
  return found;
}

/** Where a call comes from. Never leaves this folder. */
export function addressOf(call: object): string {
  return findSession(call)?.socket.remoteAddress ?? "";
}
