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

/** Spaces whose keys begin with an installation, but for its state. */
const OF_INSTALLATION = ["epoch", "digest", "block", "loss", "day"] as const;

/** After every key of ours. */
const BEYOND = { gte: Buffer.of(0xff), lt: Buffer.of(0xff, 0xff) };

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
  const keys = new Map<Space, readonly Buffer[]>();
  for (const space of OF_INSTALLATION) {
    keys.set(space, await database.keys(range(space, bytes)).all());
  }
  const removed = [...letters, ...[...keys.values()].flat()].map(toDelete);
  await database.batch([...removed, ...(await journalWithout(database, bytes))], { sync: true });
  const near = (space: Space): Bounds => range(space, bytes.subarray(0, TELLTALE_BYTES));
  await rewrite(database, [
    range("journal"),
    ...(letters.length > 0 ? [range("deadLetter")] : []),
    ...OF_INSTALLATION.map(near),
  ]);
  // The state comes last: what was ended in between is seen by it, and begun again.
  await database.clear(range("installation", bytes));
  await rewrite(database, [near("installation")]);
  return {
    blocks: keys.get("block")?.length ?? 0,
    losses: keys.get("loss")?.length ?? 0,
    deadLetters: letters.length,
  };
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
    await rewrite(database, [{ gte: edge(index), lt: edge(index + 1) }]);
  }
}

/**
 * Rewrites the tables of ranges without what was deleted.
 *
 * What was written and deleted lately goes to a table first; such a table is rewritten only when
 * another one above it reaches over the whole range, so a short key is put at each end. A key
 * without a value is never anybody's record, so it need not be durable, and one that stays after an
 * end in between does no harm.
 */
export async function rewrite(database: Database, ranges: readonly Bounds[]): Promise<void> {
  // Nothing lies there, so this does no more than write to a table what is in memory.
  await database.compactRange(BEYOND.gte, BEYOND.lt);
  for (const { gte, lt } of ranges) {
    const ends = [gte, lt].map((end) => ({ type: "put", key: end, value: NO_VALUE }) as const);
    await database.batch(ends);
    await database.compactRange(gte, lt);
  }
  const ends = ranges.flatMap(({ gte, lt }) => [gte, lt]);
  await database.batch(ends.map(toDelete), { sync: true });
}

const NO_VALUE = Buffer.alloc(0);

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
