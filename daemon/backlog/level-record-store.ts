/**
 * Records on LevelDB, past its habits: a handle that failed once lies ever after, so it is thrown
 * away at the first error; a damaged database is set aside, repaired and copied record by record;
 * a full disk gets the blocks of a reserve file.
 *
 * The directory holds `identity.json`, `db/`, `reserve`, while repairing `bad-<n>/`, and while
 * wiping `wiping`.
 */
import { mkdir, readdir, rename, rm, stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "#core/clock.js";
import { HeatpoolError } from "#core/errors.js";
import { type Identity, NO_IDENTITY, readIdentity, writeIdentity } from "./identity.js";
import {
  type Database,
  destroyDatabase,
  faultOf,
  type OpenDatabase,
  WRITE_BUFFER_BYTES,
} from "./level-database.js";
import { LogSpace } from "./level-log-space.js";
import { isLocked, isSound, listBad, salvage } from "./level-salvage.js";
import type { Change, CleanMark, DiskSpace, Opening, RecordStore } from "./record-store.js";
import { readChecked, readWhole, syncFolder, writeChecked, writeReserve } from "./state-file.js";

/** What the store is told. */
export interface LevelRecordStoreOptions {
  readonly directory: string;
  readonly limitBytes: number;
  readonly clock: Clock;
  readonly openDatabase: OpenDatabase;
}

/**
 * Blocks for a full disk; an eighth of the limit where that is less. Going on needs a table of the
 * write buffer, a new log of the same size and a manifest: half of this.
 */
const RESERVE_BYTES = 2 ** 20;
/** Another process gets this long to go away. */
const LOCK_WAIT_MS = 30_000;
const LOCK_LOOK_MS = 1_000;
/** Below this much, or this share, a file system is nearly full. */
const SPACE_LOW_BYTES = 16 * 2 ** 20;
const SPACE_LOW_SHARE = 0.02;
/** More loss numbers than a life without a clean end will have used. */
const LOSS_NUMBERS_LEAPT = 1_000_000;

/** A directory of records. */
export class LevelRecordStore implements RecordStore {
  readonly #options: LevelRecordStoreOptions;
  readonly #reserveBytes: number;
  readonly #logSpace = new LogSpace(WRITE_BUFFER_BYTES);
  #database: Database | undefined;
  #identity: Identity = NO_IDENTITY;
  /** A read said that the files contradict themselves. */
  #isDamaged: boolean = false;

  constructor(options: LevelRecordStoreOptions) {
    this.#options = options;
    this.#reserveBytes = Math.min(RESERVE_BYTES, options.limitBytes / 8);
  }

  async open(): Promise<Opening | undefined> {
    try {
      return await this.#open();
    } catch (error) {
      await this.#throwAway();
      if (error instanceof HeatpoolError) throw error;
      return undefined;
    }
  }

  async *scan(): AsyncIterable<readonly [Buffer, Buffer]> {
    if (this.#database === undefined) throw damaged("not open");
    try {
      yield* this.#database.iterator();
    } catch (cause) {
      this.#isDamaged = faultOf(cause) === "corrupt";
      await this.#throwAway();
      throw damaged("cannot be read through", cause);
    }
  }

  async commit(changes: readonly Change[]): Promise<boolean> {
    if (this.#database !== undefined && (await this.#write(changes))) return true;
    // The handle is gone. What was committed is on disk; what was not comes again.
    await this.#dropReserve();
    if (!(await this.#reopen())) return false;
    if (!(await this.#write(changes))) return false;
    await this.#keepReserve();
    return true;
  }

  async read(key: Buffer): Promise<Buffer | undefined | "unreadable"> {
    for (let tries = 0; tries < 2; tries++) {
      if (this.#database === undefined && !(await this.#reopen())) return "unreadable";
      try {
        return await this.#database?.get(key);
      } catch (error) {
        await this.#throwAway();
        if (faultOf(error) === "corrupt") return undefined;
      }
    }
    return "unreadable";
  }

  async compact(first: Buffer, last: Buffer): Promise<void> {
    try {
      await this.#database?.compactRange(first, last);
    } catch {
      // Whatever hinders it also hinders the next commit, which knows what to do.
    }
  }

  async space(): Promise<DiskSpace> {
    const used = await sizeOf(this.#options.directory);
    const free = await this.#freeBytes();
    return { used, isLow: free.bytes < SPACE_LOW_BYTES || free.share < SPACE_LOW_SHARE };
  }

  async wipe(lossNumberMin: number): Promise<void> {
    await this.#throwAway();
    // The marker may find no room; what follows makes some, and a crash in between is retried.
    await writeChecked(this.#path("wiping"), String(lossNumberMin)).catch(() => undefined);
    try {
      await this.#destroy(lossNumberMin);
    } catch (cause) {
      const hint = "Delete the backlog directory, or start the program again.";
      throw new HeatpoolError("BACKLOG_FAILED", "backlog: not wiped", { hint, cause });
    }
  }

  async close(mark: CleanMark | undefined): Promise<void> {
    const wasOpen = this.#database !== undefined;
    await this.#throwAway();
    if (mark === undefined || !wasOpen) return;
    const { waiting, lossNumberMin } = mark;
    // Without the mark the next start only looks more closely.
    await this.#setIdentity({ hasDatabase: true, clean: mark, waiting, lossNumberMin }).catch(
      () => undefined,
    );
  }

  async #open(): Promise<Opening> {
    const { directory } = this.#options;
    await mkdir(directory, { recursive: true });
    const wiping = await readChecked(this.#path("wiping"));
    if (wiping !== undefined) {
      const isKnown = wiping !== "damaged";
      await this.#destroy(isKnown ? Number(wiping.text) : 1 + LOSS_NUMBERS_LEAPT);
    }
    const identity = await readIdentity(this.#path("identity.json"));
    const isThere = (await listNames(this.#path("db"))).length > 0;
    const isBad = (await listBad(directory)).length > 0;
    this.#identity = identity ?? { ...NO_IDENTITY, hasDatabase: isThere || isBad };
    const { hasDatabase, clean, waiting, lossNumberMin } = this.#identity;
    const hasVanished = hasDatabase && !isThere && !isBad;
    const isWhole = await this.#openOrRepair({ mayCreate: !isThere && !isBad, isBad });
    await this.#setIdentity({ ...this.#identity, hasDatabase: true, clean: undefined });
    await this.#keepReserve();
    return {
      clean: isWhole ? clean : undefined,
      isNew: !hasDatabase,
      vanished: hasVanished ? waiting : undefined,
      lossNumberMin: hasVanished ? lossNumberMin + LOSS_NUMBERS_LEAPT : lossNumberMin,
    };
  }

  /** Returns whether no repair was needed. */
  async #openOrRepair({
    mayCreate,
    isBad,
  }: {
    mayCreate: boolean;
    isBad: boolean;
  }): Promise<boolean> {
    if (!this.#isDamaged && !isBad) {
      try {
        this.#database = await this.#openWhenFree(mayCreate);
        return true;
      } catch (error) {
        if (error instanceof HeatpoolError && error.code === "BACKLOG_LOCKED") throw error;
        if (faultOf(error) === "io" && (await this.#isComplete())) throw error;
      }
    }
    await this.#repair();
    return false;
  }

  /** Opens, and waits for another process to let go. */
  async #openWhenFree(mayCreate: boolean): Promise<Database> {
    const { clock } = this.#options;
    const untilMs = clock.monotonicMs() + LOCK_WAIT_MS;
    for (;;) {
      try {
        return await this.#openSound(mayCreate);
      } catch (cause) {
        if (faultOf(cause) !== "locked") throw cause;
        if (clock.monotonicMs() >= untilMs) {
          const hint = "Stop other daemons that use this directory.";
          const what = `backlog: ${this.#options.directory} is in use`;
          throw new HeatpoolError("BACKLOG_LOCKED", what, { hint, cause });
        }
        await clock.sleep(LOCK_LOOK_MS, new AbortController().signal);
      }
    }
  }

  /** Opens what LevelDB can open without ending the process. */
  async #openSound(mayCreate: boolean): Promise<Database> {
    const path = this.#path("db");
    // Another process may be writing its tables at this moment; LevelDB will say that it is there.
    if (!(await isLocked(path)) && !(await isSound(path))) throw damaged("table with a wrong sum");
    return await this.#options.openDatabase(path, mayCreate);
  }

  /** Whether the files that LevelDB begins with are there. */
  async #isComplete(): Promise<boolean> {
    const current = await readWhole(this.#path("db/CURRENT")).catch(() => undefined);
    const names = await listNames(this.#path("db"));
    return current !== undefined && names.includes(current.trim());
  }

  async #repair(): Promise<void> {
    const { directory, openDatabase } = this.#options;
    await this.#throwAway();
    await this.#dropReserve();
    // Also what an unfinished repair has made: it may be half a database, and it is newer than the
    // databases set aside, of which the clearing up may have left only the oldest files.
    if ((await listNames(this.#path("db"))).length > 0) {
      const bad = await listBad(directory);
      const number = Math.max(0, ...bad.map((name) => Number(name.slice(4)))) + 1;
      await rename(this.#path("db"), this.#path(`bad-${number}`));
      await syncFolder(directory);
    }
    this.#database = await openDatabase(this.#path("db"), true);
    await salvage(directory, this.#database);
    this.#isDamaged = false;
  }

  async #reopen(): Promise<boolean> {
    try {
      if (this.#isDamaged) await this.#repair();
      else this.#database = await this.#openSound(false);
      return true;
    } catch (error) {
      this.#isDamaged ||= faultOf(error) === "corrupt";
      await this.#throwAway();
      return false;
    }
  }

  async #write(changes: readonly Change[]): Promise<boolean> {
    const operations = changes.map(({ key, value }) =>
      value === undefined
        ? ({ type: "del", key } as const)
        : ({ type: "put", key, value } as const),
    );
    try {
      await this.#database?.batch(operations, { sync: true });
      if (this.#database === undefined) return false;
      await this.#logSpace.keep(this.#path("db"));
      return true;
    } catch (error) {
      this.#isDamaged ||= faultOf(error) === "corrupt";
      await this.#throwAway();
      return false;
    }
  }

  /** Closes the handle, which may not even manage that. */
  async #throwAway(): Promise<void> {
    const database = this.#database;
    this.#database = undefined;
    await database?.close().catch(() => undefined);
  }

  /** Everything goes; the marker last. */
  async #destroy(lossNumberMin: number): Promise<void> {
    const { directory } = this.#options;
    const isThere = (await listNames(this.#path("db"))).length > 0;
    if (isThere) await destroyDatabase(this.#path("db")).catch(() => undefined);
    for (const name of ["db", "reserve", ...(await listBad(directory))]) {
      await rm(this.#path(name), { recursive: true, force: true });
    }
    await syncFolder(directory);
    await this.#setIdentity({ ...NO_IDENTITY, lossNumberMin });
    await rm(this.#path("wiping"), { force: true });
    await syncFolder(directory);
    this.#isDamaged = false;
  }

  async #setIdentity(identity: Identity): Promise<void> {
    const path = this.#path("identity.json");
    try {
      await writeIdentity(path, identity);
    } catch {
      await this.#dropReserve();
      await writeIdentity(path, identity);
    }
    this.#identity = identity;
  }

  async #dropReserve(): Promise<void> {
    await rm(this.#path("reserve"), { force: true }).catch(() => undefined);
  }

  /** Takes the reserve back when twice its size is free. */
  async #keepReserve(): Promise<void> {
    const path = this.#path("reserve");
    const size = await stat(path).then(
      ({ size }) => size,
      () => 0,
    );
    if (size >= this.#reserveBytes) return;
    const { bytes } = await this.#freeBytes();
    if (bytes < 2 * this.#reserveBytes) return;
    await writeReserve(path, this.#reserveBytes).catch(() => undefined);
  }

  async #freeBytes(): Promise<{ bytes: number; share: number }> {
    try {
      const { bavail, blocks, bsize } = await statfs(this.#options.directory);
      return { bytes: bavail * bsize, share: blocks === 0 ? 0 : bavail / blocks };
    } catch {
      return { bytes: 0, share: 0 };
    }
  }

  #path(name: string): string {
    return join(this.#options.directory, name);
  }
}

function damaged(what: string, cause?: unknown): HeatpoolError {
  return new HeatpoolError("BACKLOG_DAMAGED", `backlog: ${what}`, { cause });
}

async function listNames(folder: string): Promise<string[]> {
  return await readdir(folder).catch(() => []);
}

/** Bytes of all files below `folder`. Files come and go meanwhile. */
async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const sizes = entries.map((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory()
      ? sizeOf(path)
      : stat(path).then(
          ({ size }) => size,
          () => 0,
        );
  });
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
