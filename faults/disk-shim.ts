/** Builds `disk-shim.c` and talks to it from inside the process that it was loaded into. */
import { spawnSync } from "node:child_process";
import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const SOURCE = fileURLToPath(new URL("disk-shim.c", import.meta.url));

/** Whether this machine can build it; elsewhere the suites say so and do nothing. */
export function canBuildShim(): boolean {
  const works = spawnSync("cc", ["--version"], { stdio: "ignore" }).status === 0;
  return process.platform === "linux" && works;
}

/** Compiles the library into `folder` and returns its path. */
export function buildShim(folder: string): string {
  const library = join(folder, "disk-shim.so");
  const args = ["-shared", "-fPIC", "-O2", "-o", library, SOURCE, "-ldl", "-lpthread"];
  const built = spawnSync("cc", args, { encoding: "utf8" });
  if (built.status !== 0) throw new Error(`cc: ${built.stderr}`);
  return library;
}

/** Changes that can fail. */
export type FailingKind = "create" | "write" | "sync" | "rename" | "remove";

const LETTERS: Readonly<Record<FailingKind, string>> = {
  create: "c",
  write: "w",
  sync: "s",
  rename: "r",
  remove: "u",
};

/** A fault of the disk. */
export interface DiskFault {
  readonly kinds: readonly FailingKind[];
  /** Changes of these kinds that still succeed. */
  readonly after: number;
  /** Changes that fail then. */
  readonly count: number;
  readonly error: "ENOSPC" | "EIO" | "EROFS";
  /** A failing write has written half. */
  readonly isTorn: boolean;
}

/** The disk below one folder. */
export interface Disk {
  trace(file: string): void;
  endTrace(): void;
  fail(fault: DiskFault): void;
  mend(): void;
  /** Calls that were made to fail since the last fault was set. */
  countFailed(): number;
}

/** @param folder what the environment's HEATPOOL_DISK names */
export function openDisk(folder: string): Disk {
  const tell = (line: string): void => {
    const control = openSync(join(folder, ".control"), "w");
    writeSync(control, `${line}\n`);
    closeSync(control);
  };
  return {
    trace: (file) => tell(`trace ${file}`),
    endTrace: () => tell("end"),
    fail({ kinds, after, count, error, isTorn }) {
      const letters = kinds.map((kind) => LETTERS[kind]).join("");
      const number = constants.errno[error];
      tell(`fail ${after} ${count} ${number} ${letters} ${isTorn ? 1 : 0}`);
    },
    mend: () => tell("fail -1 0 0 x 0"),
    countFailed() {
      const report = `${folder}.failed`;
      tell(`tell ${report}`);
      return Number(readFileSync(report, "utf8").split(" ")[1] ?? 0);
    },
  };
}
