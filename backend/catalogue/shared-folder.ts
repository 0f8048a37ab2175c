/**
 * Whether several processes look at the same folder. Signed lists and sealed releases are files; two
 * processes with a folder each would tell daemons two stories, and daemons would believe neither.
 *
 * A folder has a mark, a random text in a file of its own, and the database that the processes share
 * knows which one is right. A folder that is copied or moved keeps its mark.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Chance } from "#core/clock.js";
import { HeatpoolError } from "#core/errors.js";
import type { Queryable } from "../registry/postgres-database.js";

/** One of the folders that processes share. */
export interface SharedFolder {
  /** What the database knows it by. */
  readonly name: "catalogue" | "models";
  readonly path: string;
}

const MARK_FILE = "shared-mark";
const MARK_BYTES = 16;
const MARK = /^[0-9a-f]{32}$/;

/**
 * Joins the others: the first process marks its folder.
 *
 * @throws HeatpoolError `CONFIG_INVALID` the others use another folder · `STORE_FAILED`
 */
export async function joinSharedFolder(
  database: Queryable,
  folder: SharedFolder,
  chance: Chance,
): Promise<void> {
  const known = await findMark(database, folder);
  if (known !== undefined) return demandMark(folder, known);
  const { mark, isNew } = makeMark(folder, chance);
  await database.query(
    "INSERT INTO shared_folder (name, mark) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
    [folder.name, mark],
  );
  const right = await findMark(database, folder);
  if (right === mark) return;
  // Another process was faster, with another folder: this one was never shared.
  if (isNew) rmSync(join(folder.path, MARK_FILE), { force: true });
  demandMark(folder, right ?? "");
}

/** Looks, and changes nothing. @throws HeatpoolError `CONFIG_INVALID` the others use another one */
export async function checkSharedFolder(database: Queryable, folder: SharedFolder): Promise<void> {
  const known = await findMark(database, folder);
  if (known !== undefined) demandMark(folder, known);
}

async function findMark(database: Queryable, { name }: SharedFolder): Promise<string | undefined> {
  const text = "SELECT mark FROM shared_folder WHERE name = $1";
  return (await database.query<{ mark: string }>(text, [name]))[0]?.mark;
}

function demandMark(folder: SharedFolder, right: string): void {
  const here = readMark(folder);
  if (here === right) return;
  const what = here === undefined ? "is not" : "is another one than";
  throw new HeatpoolError(
    "CONFIG_INVALID",
    `${folder.path} ${what} the folder of the ${folder.name} that the other processes use`,
    {
      hint: `Mount theirs and name it as catalogue.folder, with the same keys.secretFile. Only when it is lost for good: DELETE FROM shared_folder WHERE name = '${folder.name}'.`,
    },
  );
}

function readMark({ path }: SharedFolder): string | undefined {
  try {
    const text = readFileSync(join(path, MARK_FILE), "latin1").trim();
    return MARK.test(text) ? text : undefined;
  } catch {
    return undefined;
  }
}

function makeMark(folder: SharedFolder, chance: Chance): { mark: string; isNew: boolean } {
  const mark = Buffer.from(chance(MARK_BYTES)).toString("hex");
  mkdirSync(folder.path, { recursive: true, mode: 0o700 });
  try {
    writeFileSync(join(folder.path, MARK_FILE), `${mark}\n`, { flag: "wx", mode: 0o600 });
    return { mark, isNew: true };
  } catch (cause) {
    const here = readMark(folder);
    if (here !== undefined) return { mark: here, isNew: false };
    const what = `${folder.path} cannot be marked as shared`;
    throw new HeatpoolError("STATE_INVALID", what, {
      cause,
      hint: `May the backend write there? If its file ${MARK_FILE} is empty or damaged, delete it.`,
    });
  }
}
