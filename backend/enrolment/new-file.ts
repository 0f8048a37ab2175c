/**
 * Files that are made once: they appear whole and synced, or not at all, and never replace another.
 */
import { chmod, link, mkdir, open, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { HeatpoolError } from "#core/errors.js";

/** For the owner alone. */
export const SECRET_MODE = 0o600;
/** For everybody to read. */
export const PUBLIC_MODE = 0o644;
const FOLDER_MODE = 0o700;

/** @throws HeatpoolError `STATE_INVALID` the file is there already, or cannot be written */
export async function writeNewFile(
  path: string,
  text: string | Uint8Array,
  mode: number,
): Promise<void> {
  const draft = `${path}.${process.pid}.new`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: FOLDER_MODE });
    const file = await open(draft, "wx", SECRET_MODE);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await chmod(draft, mode);
    // A link fails where a rename would replace.
    await link(draft, path);
  } catch (cause) {
    throw notWritten(path, cause);
  } finally {
    // What kept the file from being written may keep this from being looked for.
    await rm(draft, { force: true }).catch(() => undefined);
  }
  await syncFolder(dirname(path));
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function notWritten(path: string, cause: unknown): HeatpoolError {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown";
  if (code === "EEXIST") {
    return new HeatpoolError("STATE_INVALID", `${path} exists already; it was not touched`, {
      hint: "Use another folder, or move the old files away if they are not needed any more.",
    });
  }
  return new HeatpoolError("STATE_INVALID", `cannot write ${path}: ${code}`, {
    cause,
    hint: "Run the command as a user who may write there.",
  });
}
