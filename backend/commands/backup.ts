/**
 * `heatpool-backend backup` and `restore`: the embedded store as one file, taken while the backend
 * runs, and back again while it does not.
 */
import { createReadStream } from "node:fs";
import { access, chmod, open, rename, rm, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { HeatpoolError } from "#core/errors.js";
import type { BackupFacts, CompanionFile, EntryCounts, StoreEntry } from "../store/backup.js";
import { decodeBackup } from "../store/backup-frames.js";
import { restoreEntries } from "../store/level-backup.js";
import { type AdminOptions, withAdmin } from "./admin.js";
import { loadConfig, type Machine } from "./machine.js";

const FILE_MODE = 0o600;

/** @throws HeatpoolError `STATE_INVALID` the file exists, or cannot be written · `UNAVAILABLE` */
export async function backUp(
  machine: Machine,
  options: AdminOptions & { readonly out: string },
): Promise<void> {
  const path = resolve(options.out);
  await demandAbsent(path);
  const draft = `${path}.part`;
  try {
    await withAdmin(machine, options, (admin) => writeDurably(draft, () => admin.backUp()));
    // What lies on the disk is what counts, so it is read again.
    const { counts } = await verify(draft);
    await rename(draft, path);
    machine.print(
      options.json
        ? JSON.stringify({ path, counts })
        : `Wrote ${path}: ${describeCounts(counts)}. It holds every installation's data: keep it ` +
            "as safe as the store, and delete it within 35 days.",
    );
  } catch (cause) {
    // One that was there before is somebody else's.
    const isTaken = (cause as NodeJS.ErrnoException).code === "EEXIST";
    if (!isTaken) await rm(draft, { force: true }).catch(() => undefined);
    throw toOurs(cause, path);
  }
}

/** @throws HeatpoolError `STORE_DAMAGED` the backup · `STATE_INVALID` a store is there already */
export async function restore(
  machine: Machine,
  file: string,
  options: { readonly config: string; readonly json?: boolean },
): Promise<void> {
  const path = resolve(file);
  const { places } = loadConfig(options.config);
  await demandAbsent(places.storeDir);
  try {
    const { facts, files, counts: expected } = await verify(path);
    const counts = await restoreEntries(places.storeDir, readEntries(path), () => expected);
    // It names a commit of the store that was; the start builds it anew.
    await rm(places.rollupsFile, { force: true });
    const kept = await restoreTombstones(places.tombstonesFile, files);
    const created = new Date(facts.createdAtMs).toISOString();
    machine.print(
      options.json
        ? JSON.stringify({ storeDir: places.storeDir, created, counts, tombstones: kept })
        : `Restored ${places.storeDir} of ${created}: ${describeCounts(counts)}; tombstones ${kept}.`,
    );
  } catch (cause) {
    throw toOurs(cause, path);
  }
}

/** Reads a backup to its end. @throws HeatpoolError `STORE_DAMAGED` */
async function verify(path: string) {
  let facts: BackupFacts | undefined;
  const files: CompanionFile[] = [];
  let counts: EntryCounts = {};
  for await (const part of decodeBackup(createReadStream(path))) {
    if (part.kind === "facts") facts = part.facts;
    if (part.kind === "file") files.push(part.file);
    if (part.kind === "end") counts = part.counts;
  }
  if (facts === undefined) throw new HeatpoolError("STORE_DAMAGED", `${path} has no beginning`);
  return { facts, files, counts };
}

/** The records of a backup file, some at a time. */
export async function* readEntries(path: string): AsyncGenerator<readonly StoreEntry[]> {
  for await (const part of decodeBackup(createReadStream(path))) {
    if (part.kind === "entries") yield part.entries;
  }
}

/** The newest ones count: those that are there stay. */
async function restoreTombstones(
  path: string,
  files: readonly CompanionFile[],
): Promise<"kept" | "restored" | "none"> {
  if (await isThere(path)) return "kept";
  const found = files.find((one) => one.name === "tombstones");
  if (found === undefined) return "none";
  await writeFile(path, found.bytes, { mode: FILE_MODE, flag: "wx" });
  return "restored";
}

async function writeDurably(path: string, ask: () => AsyncIterable<Uint8Array>): Promise<void> {
  // Who writes the draft has it alone: two that write one file would make neither.
  const file = await open(path, "wx", FILE_MODE);
  try {
    // Nobody is asked for what has no place to go.
    for await (const bytes of ask()) await file.write(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  await chmod(path, FILE_MODE);
}

async function demandAbsent(path: string): Promise<void> {
  if (!(await isThere(path))) return;
  throw new HeatpoolError("STATE_INVALID", `${path} exists already; it was not touched`, {
    hint: "Move it away, or name another one.",
  });
}

async function isThere(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}

function describeCounts(counts: EntryCounts): string {
  const { installation = 0, block = 0 } = counts;
  const all = Object.values(counts).reduce((sum, one) => sum + one, 0);
  return `${installation} installations, ${block} batches, ${all} records`;
}

function toOurs(cause: unknown, path: string): HeatpoolError {
  if (cause instanceof HeatpoolError) return cause;
  const why = cause instanceof Error ? cause.message : String(cause);
  return new HeatpoolError("STATE_INVALID", `${path}: ${why}`, {
    cause,
    hint: "Look at free space, and whether this user may read and write there; remove what ends in .part.",
  });
}
