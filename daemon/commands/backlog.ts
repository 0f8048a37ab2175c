/** `heatpool backlog show`: what waits to be sent. Asks the daemon, or looks at the disk itself. */
import { existsSync } from "node:fs";
import { describeBacklog, openBacklog, openState } from "../daemon.js";
import { askDaemon, controlSocketPath } from "../local/control-socket.js";
import { readSetup } from "./setup.js";
import { renderTree } from "./status.js";
import type { CommonOptions, Terminal } from "./terminal.js";

export async function showBacklog(options: CommonOptions, terminal: Terminal): Promise<void> {
  const setup = readSetup(options.config);
  const socket = controlSocketPath(setup.config.runtimeDir);
  const answer =
    (await askDaemon(terminal.clock, socket, "GET /backlog")) ?? (await look(setup, terminal));
  if (options.json === true) return terminal.print(JSON.stringify(answer, null, 2));
  for (const line of renderTree(answer)) terminal.print(line);
}

/** Looking must not make a backlog where there is none. */
async function look(setup: ReturnType<typeof readSetup>, terminal: Terminal): Promise<unknown> {
  const { backlogFolder } = openState(setup.config, terminal.clock, terminal.version);
  if (!existsSync(backlogFolder)) return describeBacklog(undefined);
  const backlog = await openBacklog({ ...setup, ...terminal }, backlogFolder);
  try {
    return describeBacklog(backlog);
  } finally {
    await backlog.close();
  }
}
