/** The disk that a folder lies on. */
import { statfs } from "node:fs/promises";

/** What is on it, and what is free for an ordinary user. */
export interface Disk {
  readonly bytes: number;
  readonly freeBytes: number;
}

/** `undefined`: there is no such folder, or the system does not say. */
export async function readDisk(folder: string): Promise<Disk | undefined> {
  const found = await statfs(folder).catch(() => undefined);
  if (found === undefined || found.blocks === 0) return undefined;
  const { bsize, blocks, bavail } = found;
  return { bytes: bsize * blocks, freeBytes: bsize * bavail };
}
