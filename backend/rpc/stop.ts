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

const NOBODY: readonly Stoppable[] = [];

/** Set once, for ever. */
export class Stop {
  #isSet: boolean = false;
  #listeners: readonly Stoppable[] = NOBODY;
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
    const listeners = this.#listeners;
    this.#listeners = NOBODY;
    for (const listener of listeners) listener.stopped();
  }

  /** Tells `listener` when it is set; at once when it is. */
  tell(listener: Stoppable): void {
    if (this.#isSet) listener.stopped();
    // Not `push`, which makes room for sixteen more.
    else this.#listeners = this.#listeners.concat(listener);
  }

  /** Resolves when it is set. */
  reached(): Promise<void> {
    return new Promise((resolve) => this.tell({ stopped: resolve }));
  }
}
