/** Asks the daemon for its backlog, or looks at the disk when none runs, and shows what is there. */
import { existsSync } from "node:fs";
import { openBacklog, reportBacklog } from "../assembly/open-backlog.js";
import { openState } from "../assembly/state-files.js";
import { askDaemon, controlSocketPath } from "../local/control-socket.js";
import {
  type BacklogReport,
  renderBacklog,
  renderBacklogJson,
  renderLosses,
  renderLossesJson,
} from "./backlog.js";
import { readSetup } from "./setup.js";
import type { CommonOptions, Terminal } from "./terminal.js";

export async function showBacklog(options: CommonOptions, terminal: Terminal): Promise<void> {
  const report = await findReport(options, terminal);
  if (report === undefined) return sayEmpty(options, terminal);
  terminal.print(options.json === true ? renderBacklogJson(report) : renderBacklog(report));
}

export async function showLosses(options: CommonOptions, terminal: Terminal): Promise<void> {
  const report = await findReport(options, terminal);
  if (report === undefined) return sayEmpty(options, terminal);
  const { losses } = report;
  terminal.print(options.json === true ? renderLossesJson(losses) : renderLosses(losses));
}

function sayEmpty(options: CommonOptions, terminal: Terminal): void {
  terminal.print(options.json === true ? "null" : "There is no backlog: nothing is shared.");
}

async function findReport(
  options: CommonOptions,
  terminal: Terminal,
): Promise<BacklogReport | undefined> {
  const setup = readSetup(options.config);
  const { clock, version } = terminal;
  const socket = controlSocketPath(setup.config.runtimeDir);
  const answer = await askDaemon(clock, socket, "GET /backlog");
  if (answer !== undefined) return (answer as { backlog?: BacklogReport }).backlog;
  const { backlogFolder } = openState(setup.config, clock, version);
  // Looking must not make a backlog where there is none.
  if (!existsSync(backlogFolder)) return undefined;
  const backlog = await openBacklog({ ...setup, ...terminal }, backlogFolder);
  try {
    return await reportBacklog(backlog);
  } finally {
    await backlog.close();
  }
}
