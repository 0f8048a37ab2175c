/** The backlog without a disk: the same rules and promises while the process lives. */
import type { Backlog } from "./backlog.js";
import { type BacklogOptions, completeOptions } from "./backlog-options.js";
import { MemoryRecordStore } from "./memory-record-store.js";
import { RecordBacklog } from "./record-backlog.js";

/** @param records what an earlier one was made on, to go on with it */
export async function createMemoryBacklog(
  options: BacklogOptions,
  records = new MemoryRecordStore(),
): Promise<Backlog> {
  const backlog = new RecordBacklog(records, completeOptions(options));
  await backlog.open();
  return backlog;
}
