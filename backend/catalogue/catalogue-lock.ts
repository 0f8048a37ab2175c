/**
 * One signer at a time: the running backend and a command of the operator share a folder, and two
 * files must never get one version.
 */
import { mkdir, open, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "#core/clock.js";
import { HeatpoolError } from "#core/errors.js";

const WAIT_MS = 200;
const TRIES = 100;

/** Runs `work` while nobody else signs. @throws HeatpoolError `STORE_LOCKED` somebody still does */
export async function withLock<T>(
  folder: string,
  clock: Pick<Clock, "sleep">,
  work: () => Promise<T>,
): Promise<T> {
  const path = join(folder, "lock");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (let tries = 0; !(await take(path)); tries += 1) {
    if (tries >= TRIES) {
      throw new HeatpoolError("STORE_LOCKED", `another process signs in ${folder}`, {
        hint: `If none runs, remove ${path}.`,
      });
    }
    await clock.sleep(WAIT_MS, new AbortController().signal);
  }
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

async function take(path: string): Promise<boolean> {
  try {
    const file = await open(path, "wx", 0o600);
    await file.writeFile(String(process.pid)).finally(() => file.close());
    return true;
  } catch (cause) {
    if ((cause as { code?: unknown }).code !== "EEXIST") {
      throw new HeatpoolError("STATE_INVALID", `cannot write ${path}`, { cause });
    }
  }
  const holder = Number(await readFile(path, "utf8").catch(() => ""));
  // Who died holding it holds nothing; an empty file is being written.
  if (holder > 0 && !isAlive(holder)) await rm(path, { force: true });
  return false;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: unknown }).code === "EPERM";
  }
}
