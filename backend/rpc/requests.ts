/**
 * The messages of a call, one at a time, as fast as they are asked for: the network waits with what
 * is not asked for. Its end destroys nothing, so that the other direction goes on.
 *
 * Node's own iterator of a stream does the same with some thirty functions and promises for each
 * stream, which is what most of the memory of a silent stream would be.
 */
import type { Readable } from "node:stream";

/** Read once. Ends when the other side has said everything or is gone. @throws what the call does */
export function readRequests<Request>(call: Readable): AsyncIterable<Request> {
  return new Requests<Request>(call);
}

interface Asked<Request> {
  resolve(step: IteratorResult<Request, undefined>): void;
  reject(error: unknown): void;
}

const END = { done: true, value: undefined } as const;

class Requests<Request> implements AsyncIterableIterator<Request, undefined> {
  readonly #call: Readable;
  /** How it ended. */
  #ending: { readonly error?: unknown } | undefined;
  #asked: Asked<Request> | undefined;

  constructor(call: Readable) {
    this.#call = call;
    const end = (): void => this.#end({});
    call.on("readable", () => this.#answer());
    call.on("end", end).on("close", end);
    call.on("error", (error) => this.#end({ error }));
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Request, undefined>> {
    return new Promise((resolve, reject) => {
      this.#asked = { resolve, reject };
      this.#answer();
    });
  }

  #answer(): void {
    const asked = this.#asked;
    if (asked === undefined) return;
    const value = this.#call.readable ? (this.#call.read() as Request | null) : null;
    if (value === null && this.#ending === undefined) return;
    this.#asked = undefined;
    if (value !== null) asked.resolve({ done: false, value });
    else if (this.#ending !== undefined && "error" in this.#ending)
      asked.reject(this.#ending.error);
    else asked.resolve(END);
  }

  #end(how: { readonly error?: unknown }): void {
    this.#ending ??= how;
    this.#answer();
  }
}
