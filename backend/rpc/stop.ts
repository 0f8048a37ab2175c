/**
 * That something is over: a flag, whoever has to know at once, and a signal for those who sleep.
 *
 * It is what an AbortController is, at a tenth of its memory (60 instead of 600 bytes with one
 * listener, Node 20): of each open stream there are two, and a fleet has thousands of streams open
 * that say nothing. The signal is made when it is asked for.
 */

/** Somebody who has to know at once. */
export interface Stoppable {
  stopped(): void;
}

/** Set once, for ever. */
export class Stop {
  #isSet: boolean = false;
  #listeners: Stoppable[] = [];
  #controller: AbortController | undefined;

  get isSet(): boolean {
    return this.#isSet;
  }

  /** For what knows nothing but signals. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#isSet) this.#controller.abort();
    return this.#controller.signal;
  }

  set(): void {
    if (this.#isSet) return;
    this.#isSet = true;
    this.#controller?.abort();
    for (const listener of this.#listeners.splice(0)) listener.stopped();
  }

  /** Tells `listener` when it is set; at once when it is. */
  tell(listener: Stoppable): void {
    if (this.#isSet) listener.stopped();
    else this.#listeners.push(listener);
  }

  /** Resolves when it is set. */
  reached(): Promise<void> {
    return new Promise((resolve) => this.tell({ stopped: resolve }));
  }
}
