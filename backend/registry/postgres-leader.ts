/**
 * One process of several does what must be done once: releases, retention, feeding the engine.
 *
 * The leader is who holds an advisory lock of PostgreSQL. The lock goes with the connection: when
 * the leader ends, or loses the server, another takes over within seconds. Work that is led ends
 * before the lock is let go in order; after a lost connection it may overlap for a moment, so it
 * must bear being done twice.
 */
import type { Clock } from "#core/clock.js";
import type { PostgresDatabase } from "./postgres-database.js";
import { stay } from "./postgres-notices.js";

/** Number of the lock; any that nobody else uses. */
const LEADER_LOCK = 5_714_002;
const RETRY_MS = 2_000;

/** Leads whenever nobody else does, until the signal. */
export async function runLeader(
  deps: {
    readonly database: PostgresDatabase;
    readonly clock: Clock;
    /** Lives until its signal. */
    readonly work: (signal: AbortSignal) => Promise<void>;
    readonly onChange: (isLeader: boolean) => void;
    /** What ended the work; it is begun again. */
    readonly onFault: (fault: unknown) => void;
  },
  signal: AbortSignal,
): Promise<void> {
  const { database, clock, work, onChange, onFault } = deps;
  while (!signal.aborted) {
    const session = await database.connect().catch(() => undefined);
    if (session === undefined) {
      await clock.sleep(RETRY_MS, signal);
      continue;
    }
    try {
      if (await waitForLock(session, clock, signal)) {
        onChange(true);
        const ending = new AbortController();
        const end = (): void => ending.abort();
        const until = AbortSignal.any([signal, session.gone, ending.signal]);
        const working = work(until).catch(onFault).finally(end);
        await stay(session, clock, until).catch(() => undefined);
        end();
        await working;
        onChange(false);
        await clock.sleep(RETRY_MS, signal);
      }
    } finally {
      await session.end();
    }
  }
}

async function waitForLock(
  session: { query: PostgresDatabase["query"]; gone: AbortSignal },
  clock: Clock,
  signal: AbortSignal,
): Promise<boolean> {
  while (!(signal.aborted || session.gone.aborted)) {
    const rows = await session
      .query<{ held: boolean }>("SELECT pg_try_advisory_lock($1) AS held", [LEADER_LOCK])
      .catch(() => []);
    if (rows[0]?.held === true) return true;
    await clock.sleep(RETRY_MS, signal);
  }
  return false;
}
