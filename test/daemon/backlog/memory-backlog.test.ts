/** The memory backlog keeps the promise while the process lives. */
import { createMemoryBacklog } from "../../../daemon/backlog/memory-backlog.js";
import { MemoryRecordStore } from "../../../daemon/backlog/memory-record-store.js";
import { backlogContract } from "../../contract/backlog-contract.js";

backlogContract("memory backlog", () => {
  const records = new MemoryRecordStore();
  return { open: (options) => createMemoryBacklog(options, records) };
});
