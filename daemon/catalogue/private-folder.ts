/**
 * A fresh folder for each refresh, for our eyes only and gone afterwards: tuf-js writes its files
 * without rename or sync, so none of them may outlive the refresh that wrote it.
 */
import { lstat, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ROLES, type Role } from "#core/catalogue/metadata.js";
import { HeatpoolError } from "#core/errors.js";

/** Files of the four roles. */
export type RoleFiles = Readonly<Partial<Record<Role, Buffer>>>;

const PREFIX = "refresh-";
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

/**
 * Runs `work` in a new folder that holds `files`.
 *
 * @returns what lies there afterwards, and what `work` threw
 * @throws HeatpoolError `STORE_FAILED` the folder cannot be made, read or removed
 */
export async function inPrivateFolder(
  below: string,
  files: RoleFiles,
  work: (folder: string) => Promise<void>,
): Promise<{ files: RoleFiles; thrown: unknown }> {
  try {
    await demandRealFolder(below);
    const folder = await mkdtemp(join(below, PREFIX));
    try {
      for (const [role, bytes] of Object.entries(files)) {
        await writeFile(join(folder, `${role}.json`), bytes, { mode: FILE_MODE, flag: "wx" });
      }
      let thrown: unknown;
      await work(folder).catch((error: unknown) => {
        thrown = error ?? new Error("nothing was thrown");
      });
      return { files: await readFiles(folder), thrown };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  } catch (cause) {
    throw new HeatpoolError("STORE_FAILED", `no private folder in ${below}: ${String(cause)}`, {
      cause,
      hint: "Look at free space, and whether the daemon may write there.",
    });
  }
}

/** Removes what a crash left behind. */
export async function clearPrivateFolders(below: string): Promise<void> {
  for (const name of await readdir(below).catch(() => [])) {
    if (name.startsWith(PREFIX)) await rm(join(below, name), { recursive: true, force: true });
  }
}

/** A link here would let somebody else choose where trusted files lie. */
async function demandRealFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: FOLDER_MODE });
  if (!(await lstat(path)).isDirectory()) throw new Error("it is no folder but a link");
}

async function readFiles(folder: string): Promise<RoleFiles> {
  const found: Partial<Record<Role, Buffer>> = {};
  for (const role of ROLES) {
    const bytes = await readFile(join(folder, `${role}.json`)).catch(() => undefined);
    if (bytes !== undefined) found[role] = bytes;
  }
  return found;
}
