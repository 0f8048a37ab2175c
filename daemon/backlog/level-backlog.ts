/** The backlog on LevelDB, in a directory of its own. */
import type { Backlog } from "./backlog.js";
import { type BacklogOptions, completeOptions } from "./backlog-options.js";
import { type OpenDatabase, openDatabase } from "./level-database.js";
import { LevelRecordStore } from "./level-record-store.js";
import { RecordBacklog } from "./record-backlog.js";

/** What the backlog is told. */
export interface LevelBacklogOptions extends BacklogOptions {
  /** Made when it is not there; nobody else writes in it. */
  readonly directory: string;
  /** Another way to LevelDB, for tests of failing disks. */
  readonly openDatabase?: OpenDatabase;
}

/**
 * Opens the backlog, repairing what is damaged. A disk that refuses does not keep it from opening:
 * it begins in memory and takes in later what the disk holds.
 *
 * @throws HeatpoolError `BACKLOG_LOCKED` when another process holds the directory for 30 s
 */
export async function openLevelBacklog(options: LevelBacklogOptions): Promise<Backlog> {
  const complete = completeOptions(options);
  const store = new LevelRecordStore({
    directory: options.directory,
    limitBytes: complete.limitBytes,
    clock: complete.clock,
    openDatabase: options.openDatabase ?? openDatabase,
  });
  const backlog = new RecordBacklog(store, complete);
  await backlog.open();
  return backlog;
}
