/**
 * Removing from PostgreSQL. Rows are gone for every reader when the transaction returns; their
 * bytes stay in the files until a vacuum, and in the server's own log until that is recycled.
 */
import type { PostgresDatabase, Queryable } from "../registry/postgres-database.js";
import type { Removal } from "./snapshot-store.js";

/** Dead letters kept for the operator; the oldest go first. */
const DEAD_LETTERS_MAX = 2_000;
/** How long a dead letter is kept. */
const DEAD_LETTER_MS = 30 * 86_400_000;
const DAY_MS = 86_400_000;

/** Tables that hold what installations sent. */
const OF_INSTALLATIONS =
  "block, digest, epoch, loss, day_summary, dead_letter, installation, claim";

/**
 * Takes an installation out of every table. Its claim goes too: whoever held it can write no more,
 * and generations are never given out twice.
 */
export async function eraseRows(database: PostgresDatabase, id: string): Promise<Removal> {
  const removal = await database.transaction(async (within) => {
    // Waits for whoever writes for it right now.
    await within.query("DELETE FROM claim WHERE installation_id = $1", [id]);
    const count = (table: string) => remove(within, `${table} WHERE installation_id = $1`, id);
    const found = {
      blocks: await count("block"),
      losses: await count("loss"),
      deadLetters: await count("dead_letter"),
    };
    await count("digest");
    await count("day_summary");
    await count("epoch");
    await remove(within, "installation WHERE id = $1", id);
    return found;
  });
  await vacuum(database);
  return removal;
}

/** Removes what was measured before a time. */
export async function forgetRows(database: PostgresDatabase, timeMs: number): Promise<Removal> {
  const firstDay = Math.floor(timeMs / DAY_MS);
  await remove(database, "day_summary WHERE day < $1", firstDay);
  return {
    blocks: await remove(database, "block WHERE day < $1", firstDay),
    losses: await remove(database, "loss WHERE to_ms > 0 AND to_ms < $1", timeMs),
    deadLetters: await remove(database, "dead_letter WHERE from_ms > 0 AND from_ms < $1", timeMs),
  };
}

/** Lets the oldest refused batches go. */
export async function trimDeadLetters(database: Queryable): Promise<void> {
  await database.query(
    `DELETE FROM dead_letter WHERE received_at_ms < (SELECT max(received_at_ms) FROM dead_letter) - $1
     OR (installation_id, epoch_id, sequence) IN (
       SELECT installation_id, epoch_id, sequence FROM dead_letter
       ORDER BY received_at_ms DESC OFFSET $2)`,
    [DEAD_LETTER_MS, DEAD_LETTERS_MAX],
  );
}

/** Overwrites nothing, but frees the room of removed rows for new ones. */
export async function vacuum(database: Queryable): Promise<void> {
  await database.query(`VACUUM ${OF_INSTALLATIONS}`);
}

async function remove(database: Queryable, from: string, value: unknown): Promise<number> {
  const [row] = await database.query<{ count: string }>(
    `WITH gone AS (DELETE FROM ${from} RETURNING 1) SELECT count(*) AS count FROM gone`,
    [value],
  );
  return Number(row?.count ?? 0);
}
