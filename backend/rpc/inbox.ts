/**
 * What a stream's daemon says, one message at a time, with a limit on its silence.
 */
import type { Clock } from "#core/clock.js";

/** One stream's inbox. */
export interface Inbox<Message> {
  /**
   * The next message; `"silent"` after `silenceMaxMs` without one (0: no limit), which is the end of
   * reading and not shorter than it was before; `undefined` when the daemon said all it had, or
   * `stop` fired. One at a time.
   */
  next(silenceMaxMs: number): Promise<Message | "silent" | undefined>;
}

/**
 * Nothing is made per message but its promise: a stream lives for a day, and what each message left
 * behind at a promise or a timer that lives as long would add up.
 *
 * @param stop nothing is read after it fired
 */
export function createInbox<Message>(
  messages: AsyncIterable<Message>,
  clock: Clock,
  stop: AbortSignal,
): Inbox<Message> {
  const iterator = messages[Symbol.asyncIterator]();
  let answer: ((next: Message | "silent" | undefined) => void) | undefined;
  /** On the monotonic clock; infinite while silence has no limit. */
  let silentAtMs = Number.POSITIVE_INFINITY;
  let isWatching = false;

  const settle = (next: Message | "silent" | undefined): void => {
    answer?.(next);
    answer = undefined;
  };
  stop.addEventListener("abort", () => settle(undefined), { once: true });

  /** One timer for all messages: it looks whether the time has moved on meanwhile. */
  const watch = async (): Promise<void> => {
    isWatching = true;
    while (Number.isFinite(silentAtMs) && !stop.aborted) {
      const leftMs = silentAtMs - clock.monotonicMs();
      if (leftMs > 0) await clock.sleep(leftMs, stop);
      else {
        silentAtMs = Number.POSITIVE_INFINITY;
        settle("silent");
      }
    }
    isWatching = false;
  };

  const read = async (): Promise<Message | undefined> => {
    try {
      const step = await iterator.next();
      return step.done === true ? undefined : step.value;
    } catch (error) {
      // A cut connection ends what the daemon had to say, it is no fault of anybody.
      if (stop.aborted || isPrematureClose(error)) return undefined;
      throw error;
    }
  };

  return {
    next(silenceMaxMs) {
      if (stop.aborted) return Promise.resolve(undefined);
      return new Promise((resolve, reject) => {
        answer = resolve;
        read().then(settle, reject);
        const isLimited = silenceMaxMs > 0;
        silentAtMs = isLimited ? clock.monotonicMs() + silenceMaxMs : Number.POSITIVE_INFINITY;
        if (isLimited && !isWatching) void watch();
      });
    },
  };
}

function isPrematureClose(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ERR_STREAM_PREMATURE_CLOSE";
}
