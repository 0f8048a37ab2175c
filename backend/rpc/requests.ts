/**
 * The messages of a call, one at a time, as fast as they are asked for: the network waits with what
 * is not asked for. Its end destroys nothing, so that the other direction goes on.
 *
 * Node's own iterator of a stream does the same with some thirty functions and promises for each
 * stream, which is what most of the memory of a silent stream would be.
 */
import type { Readable } from "node:stream";
import { Stop } from "./stop.js";

/** Read once. Ends when the other side has said everything or is gone. */
export interface Requests<Request> extends AsyncIterable<Request> {
  /** Set when nobody listens any more. */
  readonly gone: Stop;
}

export function readRequests<Request>(call: Readable): Requests<Request> {
  return new CallRequests<Request>(call);
}

type Step<Request> = IteratorResult<Request, undefined>;

const END = { done: true, value: undefined } as const;

class CallRequests<Request> implements AsyncIterator<Request, undefined>, Requests<Request> {
  readonly gone = new Stop();
  readonly #call: Readable;
  #hasEnded: boolean = false;
  #asked: ((step: Step<Request>) => void) | undefined;

  constructor(call: Readable) {
    this.#call = call;
    // Not `once`, which puts two objects around each; what they do twice does no harm.
    call.on("readable", () => this.#answer());
    call.on("end", () => this.#end());
    call.on("cancelled", () => this.gone.set());
    call.on("close", () => {
      this.gone.set();
      this.#end();
    });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<Step<Request>> {
    return new Promise((resolve) => {
      this.#asked = resolve;
      this.#answer();
    });
  }

  #answer(): void {
    const asked = this.#asked;
    if (asked === undefined) return;
    const value = this.#call.readable ? (this.#call.read() as Request | null) : null;
    if (value === null && !this.#hasEnded) return;
    this.#asked = undefined;
    asked(value === null ? END : { done: false, value });
  }

  #end(): void {
    this.#hasEnded = true;
    this.#answer();
  }
}
