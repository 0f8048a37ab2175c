/**
 * The end of the daemon, in order: pollers first, so that the last snapshot is kept, then what
 * keeps and sends it; and never longer than allowed.
 */
import { type Clock, fired } from "#core/clock.js";

/** Everything ends within this time; systemd would kill us later. */
const SHUTDOWN_MAX_MS = 10_000;
/** What a poll in flight may take of it. */
const POLL_END_MAX_MS = 2_000;

/** Two signals, one after the other, and who fires them. */
export interface Ending {
  /** Polling ends. */
  readonly early: AbortSignal;
  /** Everything else ends. */
  readonly late: AbortSignal;
  /** Ends the daemon. */
  begin(): void;
  /** A part that fails ends the others, in order. */
  guard(part: Promise<unknown> | undefined): Promise<void>;
  /** Waits for the beginning of the end, then ends everything. */
  complete(of: {
    readonly polling: Promise<unknown>;
    readonly rest: Promise<unknown>;
    /** Closes what a poll may hang on. */
    closeSources(): Promise<unknown>;
  }): Promise<void>;
}

export function createEnding(signal: AbortSignal, clock: Clock): Ending {
  const early = new AbortController();
  const late = new AbortController();
  const begin = () => early.abort();
  signal.addEventListener("abort", begin, { once: true });
  if (signal.aborted) begin();
  return {
    early: early.signal,
    late: late.signal,
    begin,
    async guard(part) {
      try {
        await part;
      } catch (fault) {
        begin();
        throw fault;
      }
    },
    async complete({ polling, rest, closeSources }) {
      await fired(early.signal);
      const done = new AbortController();
      const inTime = (ms: number) => clock.sleep(ms, done.signal);
      await Promise.race([settled(polling), inTime(POLL_END_MAX_MS)]);
      await closeSources();
      late.abort();
      await Promise.race([settled(rest), inTime(SHUTDOWN_MAX_MS - POLL_END_MAX_MS)]);
      done.abort();
    },
  };
}

async function settled(part: Promise<unknown>): Promise<void> {
  await part.catch(() => undefined);
}
