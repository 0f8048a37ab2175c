/**
 * Tombstones that several processes share: HMACs of the ids of erased installations, in PostgreSQL.
 *
 * What a process remembers of them may be a moment old; who takes an installation asks the table.
 */
import { createHmac } from "node:crypto";
import type { Chance } from "#core/clock.js";
import { HeatpoolError } from "#core/errors.js";
import type { PostgresDatabase } from "../registry/postgres-database.js";
import type { KeptTombstones, Removal, Tombstones } from "./tombstones.js";

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
  const known = new Map<string, Removal | undefined>();
  const look = async (): Promise<void> => {
    const rows = await database.query<{ hmac: Buffer; removal: Removal | null }>(
      "SELECT hmac, removal FROM tombstone",
    );
    for (const { hmac, removal } of rows) known.set(hmac.toString("hex"), removal ?? undefined);
  };
  await look();
  return {
    get count() {
      return known.size;
    },
    has: (id) => known.size > 0 && known.has(name(id).toString("hex")),
    async add(id) {
      await database.query("INSERT INTO tombstone (hmac) VALUES ($1) ON CONFLICT DO NOTHING", [
        name(id),
      ]);
      const hmac = name(id).toString("hex");
      known.set(hmac, known.get(hmac));
    },
    removalOf: (id) => known.get(name(id).toString("hex")),
    async noteRemoval(id, removal) {
      await database.query(
        `INSERT INTO tombstone (hmac, removal) VALUES ($1, $2)
         ON CONFLICT (hmac) DO UPDATE SET removal = excluded.removal`,
        [name(id), JSON.stringify(removal)],
      );
      known.set(name(id).toString("hex"), removal);
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
  kept: KeptTombstones | undefined,
): Promise<void> {
  if (kept === undefined || kept.known.size === 0) return;
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
    for (const [hmac, removal] of kept.known) {
      await query("INSERT INTO tombstone (hmac, removal) VALUES ($1, $2) ON CONFLICT DO NOTHING", [
        Buffer.from(hmac, "hex"),
        removal === undefined ? null : JSON.stringify(removal),
      ]);
    }
  });
}
