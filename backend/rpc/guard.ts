/**
 * Around every handler: whatever it throws becomes a status, and its process lives on.
 *
 * grpc-js leaves a rejected handler to the process, which then ends, while the client waits for its
 * deadline. `for await` over the call itself is no way out: at its end, or at a throw, it destroys
 * both directions, so that status and last answers never leave; hence `destroyOnReturn: false`.
 */

import { once } from "node:events";
import type {
  handleBidiStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
  ServerDuplexStream,
  ServerUnaryCall,
  ServerWritableStream,
} from "@grpc/grpc-js";
import type { ToStatus } from "./status.js";

/** Answers one request. */
export type UnaryHandler<Request, Response> = (
  request: Request,
  call: ServerUnaryCall<Request, Response>,
) => Promise<Response>;

/** Answers one request with a stream. */
export type ServerStreamHandler<Request, Response> = (
  request: Request,
  call: ServerWritableStream<Request, Response>,
) => AsyncIterable<Response>;

/** Answers a stream of requests. Whatever it waits for, it also waits for `gone`. */
export type BidiHandler<Request, Response> = (
  requests: AsyncIterable<Request>,
  call: ServerDuplexStream<Request, Response>,
  gone: AbortSignal,
) => AsyncIterable<Response>;

export function guardUnary<Request, Response>(
  toStatus: ToStatus,
  handle: UnaryHandler<Request, Response>,
): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    const answer = async () => callback(null, await handle(call.request, call));
    answer().catch((error: unknown) => callback(toStatus(error)));
  };
}

export function guardServerStream<Request, Response>(
  toStatus: ToStatus,
  handle: ServerStreamHandler<Request, Response>,
): handleServerStreamingCall<Request, Response> {
  return (call) => {
    const gone = goneSignal(call);
    const respond = async (): Promise<void> => {
      for await (const response of handle(call.request, call)) {
        if (gone.aborted) return;
        if (!call.write(response)) await once(call, "drain", { signal: gone });
      }
      call.end();
    };
    respond().catch((error: unknown) => {
      if (!gone.aborted) call.emit("error", toStatus(error));
    });
  };
}

/**
 * @param paced the next message is asked for only when the network took the last; grpc-js counts
 *   messages, not bytes, and lets sixteen wait, which is too much where each is large
 */
export function guardBidi<Request, Response>(
  toStatus: ToStatus,
  handle: BidiHandler<Request, Response>,
  { paced = false } = {},
): handleBidiStreamingCall<Request, Response> {
  return (call) => {
    const gone = goneSignal(call);
    // One listener for all messages: a race with a promise that lasts would keep something of each.
    let wake = () => {};
    gone.addEventListener("abort", () => wake(), { once: true });
    let written: Promise<unknown> = Promise.resolve();
    const respond = async (): Promise<void> => {
      const requests = call.iterator({ destroyOnReturn: false }) as AsyncIterable<Request>;
      for await (const response of handle(requests, call, gone)) {
        let mayGoOn = true;
        written = new Promise<void>((resolve) => {
          wake = resolve;
          mayGoOn = call.write(response, () => resolve());
          if (gone.aborted) resolve();
        });
        if (paced) await written;
        else if (!mayGoOn) await once(call, "drain", { signal: gone });
        if (gone.aborted) return;
      }
      call.end();
    };
    respond().catch(async (error: unknown) => {
      // An error that meets a message on its way destroys both, when somebody is reading as well.
      if (!gone.aborted) await written;
      if (!gone.aborted) call.emit("error", toStatus(error));
    });
  };
}

/** Fires when nobody listens any more. */
function goneSignal(
  call: ServerDuplexStream<unknown, unknown> | ServerWritableStream<unknown, unknown>,
): AbortSignal {
  const gone = new AbortController();
  call.once("cancelled", () => gone.abort()).once("close", () => gone.abort());
  return gone.signal;
}
