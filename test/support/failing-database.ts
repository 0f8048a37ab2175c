/**
 * LevelDB with a switch: while the disk "refuses", writes and openings fail as LevelDB's do, and a
 * handle that failed once never works again, as LevelDB's own must not be trusted to.
 */
import {
  type Database,
  type OpenDatabase,
  openDatabase,
} from "../../daemon/backlog/level-database.js";

/** The switch. */
export interface DiskSwitch {
  /** The next so many writes fail; `Infinity`: all. */
  failingWrites: number;
  /** Whether a failing write reaches the disk all the same, as one whose sync failed may. */
  reachesDisk: boolean;
  refusesToOpen: boolean;
  readonly open: OpenDatabase;
}

export function createDiskSwitch(): DiskSwitch {
  const disk: DiskSwitch = {
    failingWrites: 0,
    reachesDisk: false,
    refusesToOpen: false,
    async open(location, createIfMissing) {
      if (disk.refusesToOpen) throw refusal();
      return guard(await openDatabase(location, createIfMissing), disk);
    },
  };
  return disk;
}

function guard(database: Database, disk: DiskSwitch): Database {
  let isBroken = false;
  return new Proxy(database, {
    get(target, name) {
      if (name !== "batch") {
        const value = Reflect.get(target, name);
        return typeof value === "function" ? value.bind(target) : value;
      }
      return async (...args: Parameters<Database["batch"]>) => {
        if (isBroken) throw refusal();
        if (disk.failingWrites === 0) return await target.batch(...args);
        disk.failingWrites--;
        isBroken = true;
        if (disk.reachesDisk) await target.batch(...args);
        throw refusal();
      };
    },
  });
}

function refusal(): Error {
  return Object.assign(new Error("IO error: No space left on device"), { code: "LEVEL_IO_ERROR" });
}
