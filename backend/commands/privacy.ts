/**
 * `heatpool-backend privacy audit`: looks for network addresses and installation ids in everything
 * that is kept: the store (of a running backend too), the files beside it, and logs that are named.
 */
import { createReadStream } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { join, relative, resolve, sep } from "node:path";
import { createInterface } from "node:readline";
import { HeatpoolError } from "#core/errors.js";
import type { Places } from "../config.js";
import { type AuditedText, auditTexts } from "../privacy/audit.js";
import type { StoreEntry } from "../store/backup.js";
import { decodeBackup } from "../store/backup-frames.js";
import { textOf } from "../store/entry-texts.js";
import { openLevelSnapshotStore } from "../store/level-snapshot-store.js";
import { type AdminOptions, withAdmin } from "./admin.js";
import { readEntries } from "./backup.js";
import { loadConfig, type Machine } from "./machine.js";

interface AuditOptions extends AdminOptions {
  readonly backup?: string;
  readonly log: readonly string[];
}

/** Files whose lines begin with the installation that they are about. */
const OF_INSTALLATIONS = /^(http-tokens|identities(\/|$))/;
/** Not texts, or looked into record by record. */
const PASSED_OVER = /^(store(\.part)?|tls|rollups(\.|$))/;
const FILE_BYTES_MAX = 64 * 1024 * 1024;

/** @throws HeatpoolError `STATE_INVALID` something was found · `NOT_FOUND` a log is not there */
export async function auditPrivacy(machine: Machine, options: AuditOptions): Promise<void> {
  const { places } = loadConfig(options.config);
  const report = await withEntries(machine, options, places, async (entries) =>
    auditTexts(gather(entries, resolve(places.storeDir, ".."), options)),
  );
  const { texts, bytes, findings, more } = report;
  if (options.json) machine.print(JSON.stringify(report));
  else {
    for (const { what, where, excerpt } of findings)
      machine.print(`${what} in ${where}: ${excerpt}`);
    if (more > 0) machine.print(`and ${more} more`);
    machine.print(`Looked into ${texts} texts, ${(bytes / 2 ** 20).toFixed(1)} MiB.`);
  }
  const found = findings.length + more;
  if (found === 0) return;
  throw new HeatpoolError("STATE_INVALID", `${found} times something that must not be there`, {
    hint: "A log of a proxy is the operator's to mask; anything else is our mistake: please report it.",
  });
}

async function* gather(
  entries: AsyncIterable<readonly StoreEntry[]>,
  stateDir: string,
  { log, backup }: AuditOptions,
): AsyncGenerator<AuditedText> {
  for await (const some of entries) {
    for (const entry of some) {
      const text = textOf(entry);
      if (text !== undefined) yield text;
    }
  }
  if (backup === undefined) yield* readFiles(stateDir);
  for (const path of log) yield* readLog(path);
}

/** The records of a backup, of a stopped backend's store, or of a running one's. */
async function withEntries<T>(
  machine: Machine,
  options: AuditOptions,
  { storeDir }: Places,
  work: (entries: AsyncIterable<readonly StoreEntry[]>) => Promise<T>,
): Promise<T> {
  if (options.backup !== undefined) return await work(readEntries(resolve(options.backup)));
  if (!(await isThere(storeDir))) return await work(nothing());
  try {
    const store = await openLevelSnapshotStore({ folder: storeDir });
    try {
      return await work(store.entries());
    } finally {
      await store.close();
    }
  } catch (error) {
    if (!(error instanceof HeatpoolError) || error.code !== "STORE_LOCKED") throw error;
  }
  return await withAdmin(machine, options, (admin) => work(entriesOf(admin.backUp())));
}

async function* entriesOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<readonly StoreEntry[]> {
  for await (const part of decodeBackup(bytes)) if (part.kind === "entries") yield part.entries;
}

async function* nothing(): AsyncGenerator<readonly StoreEntry[]> {}

async function* readFiles(stateDir: string): AsyncGenerator<AuditedText> {
  const names = (await isThere(stateDir)) ? await readdir(stateDir, { recursive: true }) : [];
  for (const name of names.map((one) => one.split(sep).join("/")).sort()) {
    const path = join(stateDir, name);
    const found = await stat(path).catch(unlessGone);
    if (PASSED_OVER.test(name) || found?.isFile() !== true || found.size > FILE_BYTES_MAX) continue;
    const text = await readFile(path, "utf8").catch(unlessGone);
    if (text === undefined) continue;
    yield { where: relative(stateDir, path), text, mayHoldIds: OF_INSTALLATIONS.test(name) };
  }
}

async function* readLog(path: string): AsyncGenerator<AuditedText> {
  if (!(await isThere(path))) throw new HeatpoolError("NOT_FOUND", `there is no ${path}`);
  let number = 0;
  for await (const text of createInterface(createReadStream(path))) {
    number++;
    yield { where: `${path}:${number}`, text, mayHoldIds: false };
  }
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(unlessGone)) !== undefined;
}

/** @throws HeatpoolError `PERMISSION_DENIED` what cannot be looked into was not found clean */
function unlessGone(cause: NodeJS.ErrnoException): undefined {
  if (cause.code === "ENOENT") return undefined;
  throw new HeatpoolError("PERMISSION_DENIED", `not everything can be read: ${cause.message}`, {
    cause,
    hint: "Run this as root or as the user of the service.",
  });
}
