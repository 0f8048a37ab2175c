/** The backlog on LevelDB keeps the promise, on disk. */
import { openLevelBacklog } from "../../../daemon/backlog/level-backlog.js";
import { backlogContract } from "../../contract/backlog-contract.js";
import { temporaryFolder } from "../../support/folder.js";

backlogContract("level backlog", () => {
  const directory = temporaryFolder();
  return { open: (options) => openLevelBacklog({ ...options, directory }) };
});
