#!/usr/bin/env node
/**
 * The program `heatpool-backend`: argv becomes a command. The only file that reads the command
 * line, sets the exit code, and hears signals.
 */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import tls from "node:tls";
import { CommanderError } from "commander";
import { HeatpoolError, toRefusal } from "#core/errors.js";
import type { Machine } from "./commands/machine.js";
import { createProgram } from "./commands/program.js";
import { readVersion } from "./host/package-file.js";
import { createSystemClock } from "./host/system-clock.js";

/** sysexits.h: usage, an internal software error, and output that cannot be written. */
const EXIT_USAGE = 64;
const EXIT_BUG = 70;
const EXIT_OUTPUT = 74;
/** 128 and the number of SIGINT, as shells say it. */
const EXIT_INTERRUPTED = 130;

const ending = new AbortController();
const bugListeners: ((bug: unknown) => void)[] = [];

/** Whatever nobody expected: told, counted as a failure, and the process ends in order. */
function onBug(bug: unknown): void {
  process.exitCode = EXIT_BUG;
  if (bugListeners.length === 0) console.error(bug);
  for (const listener of bugListeners) listener(bug);
}

function onFatal(bug: unknown): void {
  onBug(bug);
  ending.abort();
}

process.umask(0o077);
process.on("unhandledRejection", onFatal);
process.on("uncaughtException", onFatal);
process.on("SIGTERM", () => ending.abort());
process.on("SIGINT", () => {
  // The first time everything is put in order; who asks again does not wait for that.
  if (ending.signal.aborted) process.exit(EXIT_INTERRUPTED);
  ending.abort();
});
// Whoever reads along may go first: a pager, or a journal that restarts. The work goes on unread;
// told as a bug it would be written once more, for ever.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", ({ code }: NodeJS.ErrnoException) => {
    if (code !== "EPIPE") process.exitCode = EXIT_OUTPUT;
  });
}
// Without a listener this signal opens Node's inspector to whoever is on the machine.
process.on("SIGUSR1", () => {});

const machine: Machine = {
  clock: createSystemClock(),
  chance: (count) => randomBytes(count),
  version: readVersion(),
  nodeVersion: process.version,
  signal: ending.signal,
  grpcTrace: (name) => process.env[name],
  notifySocket: process.env.NOTIFY_SOCKET,
  watchdogUsec: process.env.WATCHDOG_USEC,
  credential: (name) => {
    const folder = process.env.CREDENTIALS_DIRECTORY;
    return folder === undefined ? undefined : join(folder, name);
  },
  print: (line) => console.log(line),
  ...(process.stderr.isTTY && { progress: (line: string) => console.error(line) }),
  setTlsMinimum: (version) => {
    tls.DEFAULT_MIN_VERSION = version;
  },
  onBug,
  listenToBugs: (listener) => bugListeners.push(listener),
};

try {
  await createProgram(machine).parseAsync(process.argv);
} catch (error) {
  const known = error instanceof HeatpoolError ? error : toRefusal(error);
  if (error instanceof CommanderError) {
    // Commander has printed its own words.
    process.exitCode = error.exitCode === 0 ? 0 : EXIT_USAGE;
  } else if (known !== undefined) {
    console.error(`${known.code}: ${known.message}`);
    if (known.hint !== undefined) console.error(known.hint);
    process.exitCode = known.exitStatus;
  } else {
    onFatal(error);
  }
}
