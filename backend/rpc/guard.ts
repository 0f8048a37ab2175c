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
  handleUnaryCall,
  ServerDuplexStream,
  ServerUnaryCall,
} from "@grpc/grpc-js";
import type { ToStatus } from "./status.js";

/** Answers one request. */
export type UnaryHandler<Request, Response> = (
  request: Request,
  call: ServerUnaryCall<Request, Response>,
) => Promise<Response>;

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

export function guardBidi<Request, Response>(
  toStatus: ToStatus,
  handle: BidiHandler<Request, Response>,
): handleBidiStreamingCall<Request, Response> {
  return (call) => {
    const gone = new AbortController();
    call.once("cancelled", () => gone.abort()).once("close", () => gone.abort());
    let written: Promise<unknown> = Promise.resolve();
    const respond = async (): Promise<void> => {
      const requests = call.iterator({ destroyOnReturn: false }) as AsyncIterable<Request>;
      for await (const response of handle(requests, call, gone.signal)) {
        let mayGoOn = true;
        written = new Promise((resolve) => {
          mayGoOn = call.write(response, resolve);
        });
        if (!mayGoOn) await once(call, "drain", { signal: gone.signal });
      }
      call.end();
    };
    respond().catch(async (error: unknown) => {
      // An error that meets a message on its way destroys both, when somebody is reading as well.
      if (!gone.signal.aborted) await Promise.race([written, fired(gone.signal)]);
      if (!gone.signal.aborted) call.emit("error", toStatus(error));
    });
  };
}

function fired(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
