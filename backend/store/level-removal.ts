/**
 * Removing from LevelDB so that the bytes go too.
 *
 * A deleted key stays in tables until these are rewritten, in the log until that is replaced, and as
 * a bound of a table in the manifest until the database is opened anew.
 */
import type { Database, Operation } from "./level-database.js";
import type { Removal, Slice } from "./snapshot-store.js";
import { daysBefore, isBlockKey, key, range, type Space, uuidBytes } from "./store-keys.js";
import { openJournal, sealJournal } from "./store-values.js";

/** Bounds of keys. */
interface Bounds {
  readonly gte: Buffer;
  readonly lt: Buffer;
}

/** Spaces whose keys begin with an installation; its state comes last, so that an end is seen. */
const OF_INSTALLATION = ["epoch", "digest", "block", "loss", "day", "installation"] as const;

/** Of an id so many bytes may stay in a file: they say nothing about whose it was. */
const TELLTALE_BYTES = 2;

/** Different beginnings of ids, of two bytes. */
const BEGINNINGS = 65_536;

/**
 * Takes an installation out of every space but refused batches, whose keys begin with a time.
 *
 * @param letters keys of its refused batches
 */
export async function eraseInstallation(
  database: Database,
  id: string,
  letters: readonly Buffer[],
): Promise<Removal> {
  const bytes = uuidBytes(id);
  const count = async (space: Space) => (await database.keys(range(space, bytes)).all()).length;
  const removal = {
    blocks: await count("block"),
    losses: await count("loss"),
    deadLetters: letters.length,
  };
  await database.batch(
    [...letters.map(toDelete), ...(await journalWithout(database, bytes))] as Operation[],
    { sync: true },
  );
  await rewrite(database, range("journal"));
  if (letters.length > 0) await rewrite(database, range("deadLetter"));
  for (const space of OF_INSTALLATION) {
    await database.clear(range(space, bytes));
    await rewrite(database, range(space, bytes.subarray(0, TELLTALE_BYTES)));
  }
  return removal;
}

/** Removes blocks that begin before a day (UTC, since 1970). Resolves with their number. */
export async function clearBlocksBefore(database: Database, day: number): Promise<number> {
  const { gte, lt } = range("block");
  let count = 0;
  for (let from = gte; ; ) {
    const [at] = await database.keys({ gte: from, lt, limit: 1 }).all();
    if (at === undefined) return count;
    if (!isBlockKey(at)) {
      from = Buffer.concat([at, Buffer.alloc(1)]);
      continue;
    }
    const { next, ...old } = daysBefore(at, day);
    for await (const _ of database.keys(old)) count++;
    await database.clear(old);
    from = next;
  }
}

/** Rewrites the blocks, losses and days of a slice. */
export async function compactSlice(database: Database, { index, of }: Slice): Promise<void> {
  for (const space of ["block", "loss", "day"] as const) {
    const edge = (part: number): Buffer => {
      const beginning = Math.floor((part * BEGINNINGS) / of);
      if (beginning >= BEGINNINGS) return range(space).lt;
      return key(space, Buffer.of(beginning >> 8, beginning & 0xff));
    };
    await rewrite(database, { gte: edge(index), lt: edge(index + 1) });
  }
}

/**
 * Rewrites the tables of a range without what was deleted.
 *
 * What was written and deleted lately goes to a table first; such a table is rewritten only when
 * another one above it reaches over the whole range, so a short key is put at each end. A key
 * without a value is never anybody's record.
 */
export async function rewrite(database: Database, { gte, lt }: Bounds): Promise<void> {
  await database.compactRange(gte, lt);
  const ends = [gte, lt];
  await database.batch(
    ends.map((end) => ({ type: "put" as const, key: end, value: Buffer.alloc(0) })),
    { sync: true },
  );
  await database.compactRange(gte, lt);
  await database.batch(ends.map(toDelete), { sync: true });
}

/** Writes that take an installation's blocks out of the journal. */
async function journalWithout(database: Database, id: Buffer): Promise<Operation[]> {
  const operations: Operation[] = [];
  for await (const [at, value] of database.iterator(range("journal"))) {
    const keys = openJournal(at, value);
    const others = keys.filter((one) => !one.subarray(2, 2 + id.length).equals(id));
    if (others.length === keys.length) continue;
    operations.push(
      others.length === 0 ? toDelete(at) : { type: "put", key: at, value: sealJournal(at, others) },
    );
  }
  return operations;
}

function toDelete(at: Buffer): Operation & { type: "del" } {
  return { type: "del", key: at };
}
