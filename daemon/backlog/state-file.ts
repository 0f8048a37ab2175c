/**
 * Small files that must be whole after a power cut: written beside, synced, renamed, and the folder
 * synced; and blocks on disk that are kept for bad times.
 */
import { open, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { crc32 } from "node:zlib";

/** Replaces `path` with `text`, durably and as a whole. */
export async function writeWhole(path: string, text: string): Promise<void> {
  const beside = `${path}.new`;
  const file = await open(beside, "w");
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(beside, path);
  await syncFolder(dirname(path));
}

/** The text of `path`; `undefined` when there is none. */
export async function readWhole(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Length of the last line: the checksum in hexadecimal, between two line feeds. */
const CHECK_CHARS = 10;

/** Replaces `path` with `text` and a last line that proves it. */
export function writeChecked(path: string, text: string): Promise<void> {
  return writeWhole(path, text + checkLine(text));
}

/** What `writeChecked` wrote; `"damaged"` when any bit of it changed, `undefined` without a file. */
export async function readChecked(path: string): Promise<{ text: string } | "damaged" | undefined> {
  const whole = await readWhole(path);
  if (whole === undefined) return undefined;
  const text = whole.slice(0, -CHECK_CHARS);
  return whole.length >= CHECK_CHARS && whole.endsWith(checkLine(text)) ? { text } : "damaged";
}

function checkLine(text: string): string {
  return `\n${crc32(text).toString(16).padStart(8, "0")}\n`;
}

/** Makes creations, renames and removals in `folder` durable. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Takes `bytes` of real blocks; a sparse file would reserve nothing. */
export async function writeReserve(path: string, bytes: number): Promise<void> {
  const file = await open(path, "w");
  let isWhole = false;
  try {
    const block = Buffer.alloc(64 * 1024, 0xa5);
    for (let at = 0; at < bytes; at += block.length) await file.write(block);
    await file.sync();
    isWhole = true;
  } finally {
    await file.close();
    if (!isWhole) await rm(path, { force: true });
  }
}
