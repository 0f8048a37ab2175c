/**
 * What a stream's daemon says, one message at a time, with a limit on its silence.
 */
import type { Alarm, Alarms } from "./alarms.js";
import type { Stop, Stoppable } from "./stop.js";

/** One stream's inbox. */
export interface Inbox<Message> {
  /**
   * The next message; `"silent"` after `silenceMaxMs` without one (0: no limit), which is the end of
   * reading; `undefined` when the daemon said all it had, or `stop` was set. One at a time.
   */
  next(silenceMaxMs: number): Promise<Message | "silent" | undefined>;
}

/**
 * Nothing is made per message but its promises: a stream lives for a day, and what each message left
 * behind at a promise or a timer that lives as long would add up.
 *
 * @param stop nothing is read after it was set
 */
export function createInbox<Message>(
  messages: AsyncIterable<Message>,
  alarms: Alarms,
  stop: Stop,
): Inbox<Message> {
  const inbox = new StreamInbox(messages[Symbol.asyncIterator](), alarms, stop);
  stop.tell(inbox);
  return inbox;
}

/** A class, so that an idle stream has one object and no functions of its own. */
class StreamInbox<Message> implements Inbox<Message>, Alarm, Stoppable {
  /** When the silence is too long; infinite while it has no limit. */
  dueMs = Number.POSITIVE_INFINITY;
  readonly #messages: AsyncIterator<Message>;
  readonly #alarms: Alarms;
  readonly #stop: Stop;
  #answer: ((next: Message | "silent" | undefined | Promise<never>) => void) | undefined;

  constructor(messages: AsyncIterator<Message>, alarms: Alarms, stop: Stop) {
    this.#messages = messages;
    this.#alarms = alarms;
    this.#stop = stop;
  }

  next(silenceMaxMs: number): Promise<Message | "silent" | undefined> {
    if (this.#stop.isSet) return Promise.resolve(undefined);
    this.#limit(silenceMaxMs);
    return new Promise((resolve) => {
      this.#answer = resolve;
      this.#messages.next().then(
        (step) => this.#settle(step.done === true ? undefined : step.value),
        // A cut connection ends what the daemon had to say, it is no fault of anybody.
        (error: unknown) => this.#settle(this.#stop.isSet ? undefined : Promise.reject(error)),
      );
    });
  }

  ring(): void {
    this.dueMs = Number.POSITIVE_INFINITY;
    this.#settle("silent");
  }

  stopped(): void {
    this.#alarms.drop(this);
    this.#settle(undefined);
  }

  #limit(silenceMaxMs: number): void {
    const wasMs = this.dueMs;
    this.dueMs =
      silenceMaxMs > 0 ? this.#alarms.monotonicMs() + silenceMaxMs : Number.POSITIVE_INFINITY;
    // What is only put off is found out when it would have been due.
    if (!Number.isFinite(wasMs) || this.dueMs < wasMs || !Number.isFinite(this.dueMs)) {
      this.#alarms.set(this);
    }
  }

  #settle(next: Message | "silent" | undefined | Promise<never>): void {
    const answer = this.#answer;
    this.#answer = undefined;
    answer?.(next);
  }
}
