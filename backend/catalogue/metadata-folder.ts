/**
 * Published metadata as files, named as TUF names them: `3.root.json`, `timestamp.json`.
 *
 * A file appears whole and synced, or not at all. Versions never change: the timestamp alone is
 * replaced, and it is written last, so that a crash leaves the old or the new catalogue.
 */
import { randomUUID } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { type MetadataFile, type Role, readMetadata } from "#core/catalogue/metadata.js";
import { HeatpoolError } from "#core/errors.js";

const FOLDER_MODE = 0o700;
/** Older snapshots and targets are of use to nobody but a daemon that is reading them now. */
const KEPT = 4;

/** Metadata on disk. */
export interface MetadataFolder {
  readonly folder: string;
  /** The newest version of `role`; `undefined` when nothing is published. */
  newest<R extends Role>(role: R): Promise<MetadataFile<R> | undefined>;
  /** Its number, without reading the file; `undefined` when nothing is published. */
  newestVersion(role: Exclude<Role, "timestamp">): Promise<number | undefined>;
  /** As bytes; unchecked, a daemon does that. */
  read(role: Role, version: number | undefined): Promise<Buffer | undefined>;
  write(file: MetadataFile<Role>): Promise<void>;
}

export function createMetadataFolder(folder: string): MetadataFolder {
  const pathOf = (role: Role, version: number | undefined): string =>
    join(folder, role === "timestamp" ? "timestamp.json" : `${version}.${role}.json`);
  const read = (role: Role, version: number | undefined) => readOrNothing(pathOf(role, version));
  return {
    folder,
    read,
    newestVersion: async (role) => (await versions(folder, role)).at(-1),
    async newest<R extends Role>(role: R) {
      const version = role === "timestamp" ? undefined : (await versions(folder, role)).at(-1);
      if (role !== "timestamp" && version === undefined) return undefined;
      const bytes = await read(role, version);
      return bytes === undefined ? undefined : checked(role, bytes, pathOf(role, version));
    },
    async write(file) {
      await writeSynced(folder, pathOf(file.role, file.version), file.bytes);
      if (file.role === "snapshot" || file.role === "targets") {
        for (const version of (await versions(folder, file.role)).slice(0, -KEPT)) {
          await rm(pathOf(file.role, version), { force: true });
        }
      }
    },
  };
}

/** Replaces a file as a whole. @throws HeatpoolError `STATE_INVALID` */
export async function writeSynced(
  folder: string,
  path: string,
  bytes: Uint8Array,
  mode = 0o600,
): Promise<void> {
  const draft = `${path}.${randomUUID()}.new`;
  try {
    await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
    const file = await open(draft, "wx", mode);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
    const handle = await open(folder, "r");
    await handle.sync().finally(() => handle.close());
  } catch (cause) {
    await rm(draft, { force: true }).catch(() => undefined);
    const { code } = cause as NodeJS.ErrnoException;
    throw new HeatpoolError("STATE_INVALID", `cannot write ${path}: ${code}`, {
      cause,
      hint: "Look at free space, and run the command as a user who may write there.",
    });
  }
}

/** Rising. */
async function versions(folder: string, role: Role): Promise<number[]> {
  const names = await readdir(folder).catch(() => []);
  const name = new RegExp(`^(\\d{1,16})\\.${role}\\.json$`);
  return names
    .map((one) => Number(name.exec(one)?.[1] ?? 0))
    .filter((version) => version > 0)
    .sort((one, other) => one - other);
}

async function readOrNothing(path: string): Promise<Buffer | undefined> {
  return await readFile(path).catch((cause: unknown) => {
    if ((cause as { code?: unknown }).code === "ENOENT") return undefined;
    throw new HeatpoolError("STATE_INVALID", `cannot read ${path}`, { cause });
  });
}

function checked<R extends Role>(role: R, bytes: Buffer, path: string): MetadataFile<R> {
  try {
    return readMetadata(role, bytes);
  } catch (cause) {
    throw new HeatpoolError("STATE_INVALID", `${path} is damaged`, {
      cause,
      hint: "Restore it from a backup; signed files can also be imported again.",
    });
  }
}
