/**
 * The handle on a LevelDB that may fail and be opened anew. A change that failed closes its handle,
 * because nobody knows what of it reached the disk; whoever needs the database next opens another.
 */
import { type Database, type Operation, openDatabase, toStoreError } from "./level-database.js";

/** Bounds of keys. */
interface Bounds {
  readonly gt?: Buffer;
  readonly gte?: Buffer;
  readonly lt: Buffer;
}

/** Reads and changes; every error is one of the store. */
export interface LevelHandle {
  /** The database, opened anew when it was closed by a failure. */
  ready(): Promise<Database>;
  /** One change at a time: none may pass through a handle between its failure and its end. */
  change<T>(work: (handle: Database) => Promise<T>): Promise<T>;
  /** Durable when it resolves. */
  write(operations: Operation[]): Promise<void>;
  read<T>(at: Buffer, open: (at: Buffer, value: Buffer) => T): Promise<T | undefined>;
  scan<T>(bounds: Bounds, open: (at: Buffer, value: Buffer) => T): AsyncGenerator<T>;
  /** Keys of the values that are wanted. */
  keysOf(bounds: Bounds, isWanted: (at: Buffer, value: Buffer) => boolean): Promise<Buffer[]>;
  /** Has errors of `work` told as those of the store. */
  guarded<T>(work: () => Promise<T>): Promise<T>;
  /** Opens it anew when a failure closed it. */
  recover(): Promise<void>;
  /** Opens it anew whatever it is: whoever still reads keeps what he reads. */
  reopen(): Promise<Database>;
  /** Nobody opens it anew after that. */
  close(before: () => Promise<void>): Promise<void>;
}

/**
 * @param onOpen looks into every database that was opened, before anybody else
 * @throws HeatpoolError `STORE_LOCKED`, `STORE_DAMAGED`, `STORE_FAILED`
 */
export async function openHandle(
  folder: string,
  onOpen: (database: Database) => Promise<void>,
): Promise<LevelHandle> {
  let database = await openDatabase(folder);
  await onOpen(database);
  let isClosed = false;
  let reopening: Promise<void> | undefined;
  const reopen = (): Promise<void> => {
    reopening ??= (async () => {
      await database.close().catch(() => undefined);
      database = await openDatabase(folder);
      await onOpen(database);
    })().finally(() => {
      reopening = undefined;
    });
    return reopening;
  };
  /** A medium that refused to be opened anew is tried again by whoever needs it next. */
  const ready = async (): Promise<Database> => {
    if (database.status !== "open" && !isClosed) await reopen();
    return database;
  };
  let turn: Promise<unknown> = Promise.resolve();
  const change = <T>(work: (handle: Database) => Promise<T>): Promise<T> => {
    const next = turn.then(async () => {
      return await work(await ready()).catch(async (cause: unknown) => {
        await database.close().catch(() => undefined);
        throw toStoreError(cause, folder);
      });
    });
    turn = next.catch(() => undefined);
    return next;
  };
  async function* scan<T>(
    bounds: Bounds,
    open: (at: Buffer, value: Buffer) => T,
  ): AsyncGenerator<T> {
    for await (const [at, value] of (await ready()).iterator(bounds)) {
      // The end of a range that is being rewritten.
      if (value.length > 0) yield open(at, value);
    }
  }
  return {
    ready,
    change,
    write: (operations) => change((handle) => handle.batch(operations, { sync: true })),
    async read(at, open) {
      const value = await (await ready()).get(at).catch((cause: unknown) => {
        throw toStoreError(cause, folder);
      });
      return value === undefined ? undefined : open(at, value);
    },
    scan,
    async keysOf(bounds, isWanted) {
      const keys: Buffer[] = [];
      for await (const at of scan(bounds, (at, value) => (isWanted(at, value) ? at : undefined))) {
        if (at !== undefined) keys.push(at);
      }
      return keys;
    },
    guarded: (work) =>
      work().catch((cause: unknown) => {
        throw toStoreError(cause, folder);
      }),
    async recover() {
      if (database.status !== "open") await reopen();
    },
    async reopen() {
      await reopen();
      return database;
    },
    async close(before) {
      isClosed = true;
      await before();
      await database.close();
    },
  };
}
