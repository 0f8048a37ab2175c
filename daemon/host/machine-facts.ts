/**
 * Facts about the machine for a person who looks for a fault; gathered by commands, never by the
 * daemon. What cannot be found out is `undefined`, never a guess.
 *
 * Source: cgroups(7): `cgroup.controllers`, and `/proc/cgroups` of version 1 with its column
 * `enabled`; Raspberry Pi OS starts with `cgroup_disable=memory`.
 */
import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statfsSync, statSync } from "node:fs";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import type { Clock } from "#core/clock.js";
import type { HouseholdFacts, Reach } from "./diagnosis.js";

const CALL_MAX_MS = 5_000;

/** Whether somebody accepts a connection; closes it at once. */
export function reachTcp(
  where: { host: string; port: number },
  clock: Clock,
  signal: AbortSignal,
): Promise<Reach> {
  return new Promise((resolve) => {
    const socket = connect({ ...where, host: where.host.replace(/^\[|\]$/g, "") });
    const done = new AbortController();
    const end = (reach: Reach) => {
      done.abort();
      socket.destroy();
      resolve(reach);
    };
    socket.once("connect", () => end("open"));
    socket.once("error", (fault: NodeJS.ErrnoException) =>
      end(fault.code === "ECONNREFUSED" ? "refused" : "silent"),
    );
    void clock.sleep(CALL_MAX_MS, AbortSignal.any([done.signal, signal])).then(() => end("silent"));
  });
}

/** Free and whole size of the disk that holds `path`, or would. */
export function readDisk(path: string): HouseholdFacts["disk"] {
  let folder = path;
  while (!existsSync(folder) && folder !== dirname(folder)) folder = dirname(folder);
  try {
    const { bavail, blocks, bsize } = statfsSync(folder);
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
  } catch {
    return undefined;
  }
}

/** @param root where the file system begins, for tests */
export function readMemoryCgroup(root = "/"): boolean | undefined {
  const controllers = readText(join(root, "sys/fs/cgroup/cgroup.controllers"));
  if (controllers !== undefined && controllers.trim() !== "") {
    return controllers.trim().split(/\s+/).includes("memory");
  }
  const line = /^memory\s+\d+\s+\d+\s+([01])/m.exec(readText(join(root, "proc/cgroups")) ?? "");
  return line === null ? undefined : line[1] === "1";
}

/** What systemd says of the daemon's unit; `undefined`: no systemd here. */
export async function readUnitState(): Promise<HouseholdFacts["unit"]> {
  if (!existsSync("/run/systemd/system")) return undefined;
  const text = await ask("systemctl", ["is-active", "heatpool.service"]);
  if (text === "active" || text === "failed") return text;
  return "inactive";
}

/** Whether the kernel's clock follows a time server, whichever program sets it. */
export async function askTimeService(): Promise<boolean> {
  if (!existsSync("/run/systemd/system")) return false;
  return (await ask("timedatectl", ["show", "-p", "NTPSynchronized", "--value"])) === "yes";
}

/**
 * Files of the state folder that belong to somebody else than the folder, as when a command was
 * run as another user; and files beside it that neither everybody nor that user's group may read.
 */
export function readForbidden(stateDir: string, readables: readonly string[]): readonly string[] {
  const owner = tryStat(stateDir);
  if (owner === undefined) return [];
  const foreign = listBelow(stateDir).filter((path) => tryStat(path)?.uid !== owner.uid);
  const closed = readables.filter((path) => {
    const stat = tryStat(path);
    if (stat === undefined) return true;
    if (stat.uid === owner.uid || owner.uid === 0) return false;
    return (stat.mode & 0o004) === 0 && !(stat.gid === owner.gid && (stat.mode & 0o040) !== 0);
  });
  return [...foreign.slice(0, FOREIGN_SHOWN_MAX), ...closed];
}

/** One is enough to see what happened. */
const FOREIGN_SHOWN_MAX = 3;

function listBelow(folder: string): readonly string[] {
  try {
    const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
    return names.map((name) => join(folder, name));
  } catch {
    return [folder];
  }
}

function tryStat(path: string) {
  return statSync(path, { throwIfNoEntry: false });
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/** What a program prints, whatever it ends with; empty when it cannot be asked. */
function ask(program: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile(program, args, { timeout: CALL_MAX_MS }, (_, stdout) => resolve(stdout.trim()));
  });
}
