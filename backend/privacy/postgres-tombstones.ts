/**
 * Tombstones that several processes share: HMACs of the ids of erased installations, in PostgreSQL.
 *
 * What a process remembers of them may be a moment old; who takes an installation asks the table.
 */
import { createHmac } from "node:crypto";
import type { Chance } from "#core/clock.js";
import { HeatpoolError } from "#core/errors.js";
import type { PostgresDatabase } from "../registry/postgres-database.js";
import type { Tombstones } from "./tombstones.js";

/** Tombstones, and the question whose answer is never old. */
export interface SharedTombstones extends Tombstones {
  isErased(installationId: string): Promise<boolean>;
  /** Reads what other processes added. */
  look(): Promise<void>;
}

const KEY_BYTES = 32;
const KEY_NAME = "tombstones";

export async function openPostgresTombstones(
  database: PostgresDatabase,
  chance: Chance,
): Promise<SharedTombstones> {
  await database.query("INSERT INTO secret VALUES ($1, $2) ON CONFLICT DO NOTHING", [
    KEY_NAME,
    Buffer.from(chance(KEY_BYTES)),
  ]);
  const [secret] = await database.query<{ bytes: Buffer }>(
    "SELECT bytes FROM secret WHERE name = $1",
    [KEY_NAME],
  );
  const key = secret?.bytes ?? Buffer.alloc(0);
  const name = (id: string): Buffer => createHmac("sha256", key).update(id).digest();
  const known = new Set<string>();
  const look = async (): Promise<void> => {
    for (const { hmac } of await database.query<{ hmac: Buffer }>("SELECT hmac FROM tombstone")) {
      known.add(hmac.toString("hex"));
    }
  };
  await look();
  return {
    get count() {
      return known.size;
    },
    has: (id) => known.size > 0 && known.has(name(id).toString("hex")),
    async add(id) {
      await database.query("INSERT INTO tombstone VALUES ($1) ON CONFLICT DO NOTHING", [name(id)]);
      known.add(name(id).toString("hex"));
    },
    async isErased(id) {
      const rows = await database.query("SELECT 1 FROM tombstone WHERE hmac = $1", [name(id)]);
      return rows.length > 0;
    },
    look,
  };
}

/** Takes over what one process kept in a file, its key too. @throws HeatpoolError `STATE_INVALID` */
export async function moveTombstones(
  database: PostgresDatabase,
  kept: { key: Buffer; known: ReadonlySet<string> } | undefined,
): Promise<void> {
  if (kept === undefined || kept.known.size === 0) return;
  const hmacs = [...kept.known].map((one) => Buffer.from(one, "hex"));
  await database.transaction(async ({ query }) => {
    const [other] = await query<{ count: string }>(
      `SELECT count(*) AS count FROM tombstone, secret
       WHERE name = $1 AND bytes <> $2`,
      [KEY_NAME, kept.key],
    );
    if (Number(other?.count ?? 0) > 0) {
      throw new HeatpoolError("STATE_INVALID", "the database has tombstones of another backend", {
        hint: "Migrate into an empty database.",
      });
    }
    await query(
      "INSERT INTO secret VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET bytes = excluded.bytes",
      [KEY_NAME, kept.key],
    );
    for (const hmac of hmacs) {
      await query("INSERT INTO tombstone VALUES ($1) ON CONFLICT DO NOTHING", [hmac]);
    }
  });
}
