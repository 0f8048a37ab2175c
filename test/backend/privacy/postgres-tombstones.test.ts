/** Tombstones in PostgreSQL: tables of the step before keep their erased, and learn what was removed. */
import { createHmac } from "node:crypto";
import pg from "pg";
import { describe, expect, it } from "vitest";
import { openPostgresTombstones } from "../../../backend/privacy/postgres-tombstones.js";
import { MIGRATIONS } from "../../../backend/registry/postgres-migrations.js";
import { createChance } from "../../support/chance.js";
import { isPeerMissing } from "../../support/peer.js";
import { withPostgres } from "../../support/postgres-bed.js";

const ERASED = "550e8400-e29b-41d4-a716-446655440000";
const OTHER = "6ba7b810-9dad-41d1-80b4-00c04fd430c8";
const REMOVAL = { erasedAtMs: 1_795_000_000_000, batches: 7, refusedBatches: 1, losses: 2 };
const KEY = Buffer.alloc(32, 3);
/** The step that added what an erasure removed. */
const STEP = MIGRATIONS.findIndex((text) => text.includes("tombstone ADD COLUMN removal"));

/** Tables as the program before `STEP` left them, with one who was erased. */
async function makeEarlier(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query("CREATE TABLE migration (number integer PRIMARY KEY)");
  for (const [place, text] of MIGRATIONS.slice(0, STEP).entries()) {
    await client.query(text);
    await client.query("INSERT INTO migration (number) VALUES ($1)", [place + 1]);
  }
  await client.query("INSERT INTO secret VALUES ('tombstones', $1)", [KEY]);
  const hmac = createHmac("sha256", KEY).update(ERASED).digest();
  await client.query("INSERT INTO tombstone VALUES ($1)", [hmac]);
  await client.end();
}

describe.skipIf(isPeerMissing("postgresql"))("tombstones of an earlier version", () => {
  const bed = withPostgres();

  it("stay, and what their erasures remove is noted from now on and seen by all", async () => {
    expect(STEP).toBeGreaterThan(0);
    const url = await bed.newUrl();
    await makeEarlier(url);
    const open = async () => openPostgresTombstones(await bed.open(url), createChance(1));
    const [one, two] = [await open(), await open()];
    expect([one.count, one.has(ERASED), one.has(OTHER)]).toEqual([1, true, false]);
    expect(one.removalOf(ERASED)).toBeUndefined();
    await one.noteRemoval(ERASED, REMOVAL);
    await one.add(OTHER);
    await two.look();
    expect(two.removalOf(ERASED)).toEqual(REMOVAL);
    expect(two.removalOf(OTHER)).toBeUndefined();
    expect(await two.isErased(OTHER)).toBe(true);
    // Adding once more takes nothing away.
    await two.add(ERASED);
    const three = await open();
    expect(three.removalOf(ERASED)).toEqual(REMOVAL);
    expect(three.count).toBe(2);
  });
});
