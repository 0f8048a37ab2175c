/** A person in front of a command, in this process. */
import type { Terminal } from "../../daemon/commands/terminal.js";
import { createSystemClock } from "../../daemon/host/system-clock.js";
import { createChance } from "./chance.js";

/** @param answer what is said when asked; left out: nobody is there */
export function createFakeTerminal(answer?: string) {
  const lines: string[] = [];
  const ended = { status: 0 };
  const terminal: Terminal = {
    print: (line) => lines.push(line),
    warn: (line) => lines.push(line),
    writeBytes: () => undefined,
    ask: async () => answer,
    setExitStatus(status) {
      ended.status = status;
    },
    clock: createSystemClock(),
    chance: createChance(9),
    version: "0.1.0",
    self: [process.execPath],
    notifySocket: undefined,
    watchdogUsec: undefined,
    ending: new AbortController().signal,
  };
  return { terminal, lines, ended };
}
