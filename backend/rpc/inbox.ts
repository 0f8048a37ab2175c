/**
 * What a stream's daemon says, one message at a time, with a limit on its silence.
 */
import type { Alarm, Alarms } from "./alarms.js";
import type { Stop, Stoppable } from "./stop.js";

/** Who waits for a message. */
export interface Hearer<Message> {
  /** The next message; `"silent"` or `undefined` instead of one: see `Inbox`. */
  heard(next: Message | "silent" | undefined): void;
  failed(error: unknown): void;
}

/** One stream's inbox. */
export interface Inbox<Message> {
  /**
   * The next message; `"silent"` after `silenceMaxMs` without one (0: no limit), which is the end of
   * reading; `undefined` when the daemon said all it had, or `stop` was set. One at a time.
   */
  next(silenceMaxMs: number): Promise<Message | "silent" | undefined>;
  /** The same, for who keeps no promise. */
  hear(silenceMaxMs: number, hearer: Hearer<Message>): void;
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
  #hearer: Hearer<Message> | undefined;

  constructor(messages: AsyncIterator<Message>, alarms: Alarms, stop: Stop) {
    this.#messages = messages;
    this.#alarms = alarms;
    this.#stop = stop;
  }

  next(silenceMaxMs: number): Promise<Message | "silent" | undefined> {
    return new Promise((heard, failed) => this.hear(silenceMaxMs, { heard, failed }));
  }

  hear(silenceMaxMs: number, hearer: Hearer<Message>): void {
    if (this.#stop.isSet) {
      hearer.heard(undefined);
      return;
    }
    this.#limit(silenceMaxMs);
    this.#hearer = hearer;
    this.#messages.next().then(
      ({ value, done }) => this.#settle(done === true ? undefined : value),
      (error: unknown) => this.#fail(error),
    );
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

  #settle(next: Message | "silent" | undefined): void {
    const hearer = this.#hearer;
    this.#hearer = undefined;
    hearer?.heard(next);
  }

  #fail(error: unknown): void {
    const hearer = this.#hearer;
    this.#hearer = undefined;
    hearer?.failed(error);
  }
}
