/**
 * What a stream's daemon says, one message at a time, with a limit on its silence.
 */
import type { Clock } from "#core/clock.js";

/** One stream's inbox. */
export interface Inbox<Message> {
  /**
   * The next message; `"silent"` after `silenceMaxMs` without one (0: no limit); `undefined` when
   * the daemon said all it had, or `stop` fired.
   */
  next(silenceMaxMs: number): Promise<Message | "silent" | undefined>;
}

/** @param stop nothing is read after it fired */
export function createInbox<Message>(
  messages: AsyncIterable<Message>,
  clock: Clock,
  stop: AbortSignal,
): Inbox<Message> {
  const iterator = messages[Symbol.asyncIterator]();
  const stopped = new Promise<undefined>((resolve) => {
    stop.addEventListener("abort", () => resolve(undefined), { once: true });
  });
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
    async next(silenceMaxMs) {
      if (stop.aborted) return undefined;
      if (silenceMaxMs === 0) return Promise.race([read(), stopped]);
      const timer = new AbortController();
      const silence = clock.sleep(silenceMaxMs, timer.signal).then(() => "silent" as const);
      const next = await Promise.race([read(), stopped, silence]);
      timer.abort();
      return next;
    },
  };
}

function isPrematureClose(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ERR_STREAM_PREMATURE_CLOSE";
}
