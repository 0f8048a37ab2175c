/**
 * The time of a staged machine: that of the real one, and ahead by what is leapt over. Programs that
 * are started with `flags` live in it; whoever stages them decides when nothing is under way and the
 * next hour may begin.
 *
 * It begins as the real time. Not later: OpenSSL judges certificates by the real time, and one that
 * begins tomorrow is none. Not earlier: no daemon takes a time before its package was built.
 */
import { closeSync, openSync, writeSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";

/** A time that leaps. */
export interface MachineTime {
  /** For node, before the program. */
  readonly flags: readonly string[];
  nowMs(): number;
  /** All programs go on at `atMs`. Times that have passed are left out. */
  leapTo(atMs: number): void;
  /** A program that has sleepers, until it ends; one that is not up yet would die of the signal. */
  wake(program: { readonly pid?: number | undefined; readonly exitCode: number | null }): void;
  close(): void;
}

const PRELOAD = fileURLToPath(new URL("machine-time.mjs", import.meta.url));

/** @param file made here; it holds how far ahead time is */
export function createMachineTime(file: string): MachineTime {
  const handle = openSync(file, "w");
  const bytes = Buffer.alloc(8);
  const address = pathToFileURL(PRELOAD);
  address.searchParams.set("file", file);
  const programs = new Set<{
    readonly pid?: number | undefined;
    readonly exitCode: number | null;
  }>();
  let aheadMs = 0;
  const write = () => {
    bytes.writeDoubleLE(aheadMs);
    // Eight bytes at once: nobody reads the half of it.
    writeSync(handle, bytes, 0, bytes.length, 0);
  };
  const nowMs = () => Date.now() + aheadMs;
  write();
  return {
    flags: ["--import", address.href],
    nowMs,
    leapTo(atMs) {
      const moreMs = atMs - nowMs();
      if (moreMs <= 0) return;
      aheadMs += moreMs;
      write();
      for (const program of programs) {
        if (program.exitCode !== null || program.pid === undefined) programs.delete(program);
        else signal(program.pid);
      }
    },
    wake(program) {
      programs.add(program);
      // Time may have leapt while it started.
      if (program.pid !== undefined) signal(program.pid);
    },
    close: () => closeSync(handle),
  };
}

/** A program may end between two looks. */
function signal(pid: number): void {
  try {
    process.kill(pid, "SIGUSR2");
  } catch {
    // It has ended; its exit code says so next time.
  }
}
