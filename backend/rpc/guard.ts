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
import { Stop, type Stoppable } from "./stop.js";

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
    const requests = readRequests<Request>(call);
    const { gone } = requests;
    const responses = handle(requests, call, gone)[Symbol.asyncIterator]();
    new Answers({ call, responses, gone, toStatus, paced }).ask();
  };
}

/** Where answers go. */
interface AnswersParts<Response> {
  readonly call: ServerDuplexStream<unknown, Response>;
  readonly responses: AsyncIterator<Response>;
  readonly gone: Stop;
  readonly toStatus: ToStatus;
  readonly paced: boolean;
}

/**
 * Writes what a handler answers, until it ends or nobody listens any more. Not a function that
 * waits in a loop: the last message would be kept until there is another one.
 */
class Answers<Response> implements Stoppable {
  readonly #parts: AnswersParts<Response>;
  #isWritten: boolean = true;
  #whenWritten: (() => void) | undefined;

  constructor(parts: AnswersParts<Response>) {
    this.#parts = parts;
    // Once for all messages: a race with what lasts would keep something of each.
    parts.gone.tell(this);
  }

  /** Nobody listens any more. */
  stopped(): void {
    this.#whenWritten?.();
  }

  ask(): void {
    this.#parts.responses.next().then(
      (step) => this.#take(step),
      (error: unknown) => void this.#fail(error),
    );
  }

  #take({ value, done }: IteratorResult<Response>): void {
    const { call, gone } = this.#parts;
    if (gone.isSet) this.#leave();
    else if (done === true) call.end();
    else void this.#goOn(value);
  }

  /** Never rejects. */
  async #goOn(value: Response): Promise<void> {
    try {
      await this.#write(value);
      if (!this.#parts.gone.isSet) {
        this.ask();
        return;
      }
    } catch (error) {
      void this.#fail(error);
    }
    this.#leave();
  }

  /** Resolves when the next one may come. */
  async #write(value: Response): Promise<void> {
    const { call, gone, paced } = this.#parts;
    this.#isWritten = false;
    const mayGoOn = call.write(value, () => this.#written());
    if (paced) await this.#untilWritten();
    else if (!mayGoOn) await once(call, "drain", { signal: gone.signal });
  }

  #written(): void {
    this.#isWritten = true;
    this.#whenWritten?.();
  }

  /** Or until nobody listens any more. */
  async #untilWritten(): Promise<void> {
    if (this.#isWritten || this.#parts.gone.isSet) return;
    await new Promise<void>((resolve) => {
      this.#whenWritten = resolve;
    });
  }

  /** Never rejects. An error that meets a message on its way would destroy both. */
  async #fail(error: unknown): Promise<void> {
    const { call, gone, toStatus } = this.#parts;
    if (!gone.isSet) await this.#untilWritten();
    if (!gone.isSet) call.emit("error", toStatus(error));
  }

  #leave(): void {
    void this.#parts.responses.return?.().catch(() => undefined);
  }
}

/** Set when nobody listens any more. */
function stopWhenGone(call: ServerWritableStream<unknown, unknown>): Stop {
  const gone = new Stop();
  call.once("cancelled", () => gone.set()).once("close", () => gone.set());
  return gone;
}
