/**
 * A process to be killed: withdraws with the owner's own command, and kills itself (SIGKILL) at the
 * given step. A step is any call that changes files; one that only opens to read is none.
 *
 * Arguments: configuration file, step (0: none), `before` or `after` that call. The last line printed
 * is the number of steps that a whole withdrawal has.
 */
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { withdrawConsent } from "../../daemon/commands/consent.js";
import type { Terminal } from "../../daemon/commands/terminal.js";
import { createSystemClock } from "../../daemon/host/system-clock.js";

const [config = "", killAt = "0", when = "before"] = process.argv.slice(2);
const SYNC = [
  "openSync",
  "writeSync",
  "writeFileSync",
  "fsyncSync",
  "renameSync",
  "rmSync",
  "mkdirSync",
] as const;
const ASYNC = ["open", "rename", "rm", "mkdir"] as const;
/** Not counted before the withdrawal begins. */
let steps = Number.NEGATIVE_INFINITY;
const die = (): boolean => process.kill(process.pid, "SIGKILL");

type Change = (...args: unknown[]) => unknown;
/** The same change of files, counted, and the last one of this process where it is its turn. */
function count(real: Change): Change {
  return (...args) => {
    if (args[1] === "r") return real(...args);
    steps += 1;
    const isLast = steps === Number(killAt);
    if (isLast && when === "before") die();
    try {
      const done = real(...args);
      return done instanceof Promise && isLast ? done.finally(die) : done;
    } finally {
      if (isLast && !ASYNC_RUNNING.has(real)) die();
    }
  };
}
const ASYNC_RUNNING = new Set<Change>();
for (const name of SYNC) {
  const value = count(fs[name] as Change);
  Object.defineProperty(fs, name, { value, writable: true, configurable: true });
}
for (const name of ASYNC) {
  const real = fs.promises[name] as Change;
  ASYNC_RUNNING.add(real);
  Object.defineProperty(fs.promises, name, {
    value: count(real),
    writable: true,
    configurable: true,
  });
}
syncBuiltinESMExports();

const terminal: Terminal = {
  print: () => undefined,
  warn: () => undefined,
  writeBytes: () => undefined,
  ask: async () => undefined,
  setExitStatus: () => undefined,
  clock: createSystemClock(),
  chance: (byteCount) => randomBytes(byteCount),
  version: "0.1.0",
  self: [process.execPath],
  notifySocket: undefined,
  watchdogUsec: undefined,
  ending: new AbortController().signal,
};
steps = 0;
await withdrawConsent({ config }, terminal);
process.stdout.write(`${steps}\n`);
