/**
 * Folders for one run, below the machine's temporary folder, that carry the number of the process
 * that made them. A run that was killed cannot clear up; the next one does it: folders whose
 * process is gone are emptied of what is mounted in them, and removed.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const NAME = /^heatpool-(\d+)-/;
const MOUNTS = "/proc/self/mounts";

/** A new empty folder; who asks for it removes it. */
export function makeRunFolder(within = tmpdir()): string {
  return mkdtempSync(join(within, `heatpool-${process.pid}-`));
}

/** Removes what dead processes left. Returns their folders. */
export function sweepRunFolders(within = tmpdir()): readonly string[] {
  const left = readdirSync(within).filter((name) => {
    const [, pid] = NAME.exec(name) ?? [];
    return pid !== undefined && !isAlive(Number(pid));
  });
  return left.map((name) => {
    const folder = join(within, name);
    // The innermost first; a process that hangs in it does not keep it.
    for (const mount of mountsIn(folder)) spawnSync("umount", ["--lazy", mount]);
    rmSync(folder, { recursive: true, force: true });
    return folder;
  });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (fault) {
    // It may be somebody else's.
    return (fault as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

/** Places below `folder`, or itself, where something is mounted. */
function mountsIn(folder: string): readonly string[] {
  let text: string;
  try {
    text = readFileSync(MOUNTS, "utf8");
  } catch {
    return [];
  }
  return text
    .split("\n")
    .map((line) => line.split(" ")[1] ?? "")
    .filter((mount) => mount === folder || mount.startsWith(`${folder}/`))
    .toReversed();
}
