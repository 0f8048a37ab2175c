/**
 * The history's part in `heatpool backup` and `heatpool restore`. A running daemon is asked for it,
 * so nobody has to stop it; a restored history stands under its name only when it is whole.
 */
import { createReadStream, createWriteStream, existsSync, statfsSync } from "node:fs";
import { mkdir, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { pipeline } from "node:stream/promises";
import { HeatpoolError } from "#core/errors.js";
import { historyFolder, openHistoryFolder } from "../assembly/open-history.js";
import type { Config } from "../config.js";
import { decodeRecords, encodeRecords } from "../history/record-frames.js";
import { giveToOwner } from "../host/state-file.js";
import {
  askDaemon,
  askHistoryRecords,
  controlSocketPath,
  historyQuestion,
} from "../local/control-socket.js";
import type { Setup } from "./setup.js";
import type { Terminal } from "./terminal.js";

const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;
const MS_PER_SECOND = 1000;
const MIB = 1024 * 1024;
/** The history is written once beside the archive and once into it. */
const COPIES = 2;

/**
 * Writes the history into `file`. Resolves with its bytes; `undefined`: there is none.
 *
 * @throws HeatpoolError `STORE_FAILED` not enough room · `UNAVAILABLE` the daemon broke off
 */
export async function keepHistory(
  setup: Setup,
  terminal: Terminal,
  file: string,
): Promise<number | undefined> {
  const socket = controlSocketPath(setup.config.runtimeDir);
  const status = await askDaemon(terminal.clock, socket, historyQuestion({ action: "status" }));
  if (status === null) return undefined;
  if (status !== undefined) {
    demandRoom((status as { readonly bytes: number }).bytes, file);
    return await write(await askHistoryRecords(socket), file);
  }
  if (!existsSync(historyFolder(setup.config))) return undefined;
  const history = await openHistoryFolder({ ...setup, clock: terminal.clock }, (why) => {
    if (why !== undefined) terminal.warn(why);
  });
  try {
    demandRoom(history.status().bytes, file);
    return await write(encodeRecords(history.records()), file);
  } finally {
    const end = new AbortController();
    end.abort();
    await history.run(end.signal);
  }
}

async function write(
  bytes: AsyncIterable<Uint8Array> | undefined,
  file: string,
): Promise<number | undefined> {
  if (bytes === undefined) return undefined;
  await pipeline(bytes, createWriteStream(file, { mode: FILE_MODE }));
  return (await stat(file)).size;
}

function demandRoom(bytes: number, file: string): void {
  const { bavail, bsize } = statfsSync(dirname(file));
  if (bavail * bsize >= bytes * COPIES) return;
  throw new HeatpoolError("STORE_FAILED", `the history has ${bytes} bytes, ${file} has no room`, {
    hint: "Write to a larger medium, or leave the history out with --no-history.",
  });
}

/**
 * Makes a history of `file` beside the one of the configuration.
 *
 * @returns puts it under its name
 * @throws HeatpoolError `STORE_DAMAGED` that is no history, or not all of it
 */
export async function bringHistory(
  config: Config,
  file: string,
  { clock, warn }: Terminal,
): Promise<() => Promise<void>> {
  const folder = historyFolder(config);
  const draft = `${folder}.restored`;
  await rm(draft, { recursive: true, force: true });
  const { openLevelHistory } = await import("../history/level-history.js");
  const tell = (why: unknown) => void (why === undefined || warn(String(why)));
  const { commitIntervalSeconds, limitMiB } = config.history;
  const options = {
    streams: [],
    clock,
    commitIntervalMs: commitIntervalSeconds * MS_PER_SECOND,
    limitBytes: limitMiB * MIB,
    onTrouble: tell,
  };
  await mkdir(config.stateDir, { recursive: true, mode: FOLDER_MODE });
  const history = await openLevelHistory(draft, options, tell);
  const end = new AbortController();
  end.abort();
  try {
    await history.adopt(decodeRecords(createReadStream(file)));
    await history.run(end.signal);
  } catch (fault) {
    await history.run(end.signal);
    await rm(draft, { recursive: true, force: true });
    throw fault;
  }
  return async () => {
    await rename(draft, folder);
    giveToOwner(folder);
  };
}
