/**
 * Short notices between the processes of one backend, over PostgreSQL's LISTEN and NOTIFY.
 *
 * A notice may be missed: whoever listens is told when that may have happened, and looks for itself.
 * What must not be missed is a row of a table; a notice only says that looking is worth while.
 */
import type { Clock } from "#core/clock.js";
import type { PostgresDatabase, PostgresSession } from "./postgres-database.js";

/** A notice to all processes, this one too. */
export interface Notice {
  /** e.g. `erased`. */
  readonly topic: string;
  /** At most 7,000 bytes. */
  readonly text: string;
}

/** Sends and hears notices. */
export interface Notices {
  publish(notice: Notice): Promise<void>;
  /** @returns how not to be told any more */
  subscribe(listener: (notice: Notice) => void): () => void;
  /** Told after every time that notices may have been missed. */
  onGap(listener: () => void): void;
  /** Listens until the signal, through restarts of the server. */
  run(signal: AbortSignal): Promise<void>;
}

const CHANNEL = "heatpool";
/** The server's limit is 8,000 bytes (PostgreSQL manual, NOTIFY). */
const TEXT_BYTES_MAX = 7_000;
const RETRY_MS = 1_000;
/** A connection that a network forgot says nothing; it is asked. */
const BEAT_MS = 10_000;

export function createPostgresNotices(database: PostgresDatabase, clock: Clock): Notices {
  const listeners = new Set<(notice: Notice) => void>();
  const gapListeners: (() => void)[] = [];
  const hear = (channel: string, payload: string): void => {
    if (channel !== CHANNEL) return;
    const [topic = "", text = ""] = JSON.parse(payload) as [string, string];
    for (const listener of listeners) listener({ topic, text });
  };
  return {
    async publish({ topic, text }) {
      const payload = JSON.stringify([topic, text]);
      if (Buffer.byteLength(payload) > TEXT_BYTES_MAX) throw new RangeError("notice too long");
      await database.query("SELECT pg_notify($1, $2)", [CHANNEL, payload]);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    onGap: (listener) => void gapListeners.push(listener),
    async run(signal) {
      while (!signal.aborted) {
        const session = await database.connect().catch(() => undefined);
        if (session !== undefined) {
          session.onNotice(hear);
          await session
            .query(`LISTEN ${CHANNEL}`)
            .then(async () => {
              for (const listener of gapListeners) listener();
              await stay(session, clock, signal);
            })
            .catch(() => undefined);
          await session.end();
        }
        await clock.sleep(RETRY_MS, signal);
      }
    },
  };
}

/** Resolves when the connection is gone or the signal fires. */
export async function stay(
  session: PostgresSession,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const either = AbortSignal.any([session.gone, signal]);
  while (!either.aborted) {
    await clock.sleep(BEAT_MS, either);
    if (!either.aborted) await session.query("SELECT 1");
  }
}
