/**
 * Around every handler: whatever it throws becomes a status, and its process lives on.
 *
 * grpc-js leaves a rejected handler to the process, which then ends, while the client waits for its
 * deadline. `for await` over the call itself is no way out: at its end, or at a throw, it destroys
 * both directions, so that status and last answers never leave; hence `readRequests`.
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
import { readRequests } from "./requests.js";
import type { ToStatus } from "./status.js";
import { Stop } from "./stop.js";

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
  gone: Stop,
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
    const gone = stopWhenGone(call);
    const respond = async (): Promise<void> => {
      for await (const response of handle(call.request, call)) {
        if (gone.isSet) return;
        if (!call.write(response)) await once(call, "drain", { signal: gone.signal });
      }
      call.end();
    };
    respond().catch((error: unknown) => {
      if (!gone.isSet) call.emit("error", toStatus(error));
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
    void respond(call, handle, toStatus, paced);
  };
}

/** Never rejects. */
async function respond<Request, Response>(
  call: ServerDuplexStream<Request, Response>,
  handle: BidiHandler<Request, Response>,
  toStatus: ToStatus,
  paced: boolean,
): Promise<void> {
  const gone = stopWhenGone(call);
  let written: Promise<void> | undefined;
  try {
    for await (const response of handle(readRequests(call), call, gone)) {
      let mayGoOn = true;
      written = new Promise((resolve) => {
        mayGoOn = call.write(response, () => resolve());
      });
      if (paced) await Promise.race([written, gone.reached()]);
      else if (!mayGoOn) await once(call, "drain", { signal: gone.signal });
      if (gone.isSet) return;
    }
    call.end();
  } catch (error) {
    // An error that meets a message on its way destroys both, when somebody is reading as well.
    if (!gone.isSet) await Promise.race([written, gone.reached()]);
    if (!gone.isSet) call.emit("error", toStatus(error));
  }
}

/** Set when nobody listens any more. */
function stopWhenGone(
  call: ServerDuplexStream<unknown, unknown> | ServerWritableStream<unknown, unknown>,
): Stop {
  const gone = new Stop();
  const set = (): void => gone.set();
  // Not `once`, which puts two objects around each.
  call.on("cancelled", set).on("close", set);
  return gone;
}
