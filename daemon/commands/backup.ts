/**
 * `heatpool backup` and `heatpool restore`: what the owner cannot make again, by an allow-list.
 * Configuration, own profiles, installation id and consent go in; keys, certificates, grants,
 * models and the backlog do not. So a restored machine enrols anew, and its backlog begins a new
 * epoch: numbers of the old one are never used twice.
 */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { HeatpoolError } from "#core/errors.js";
import { parseConfig } from "../config.js";
import { openStateFile } from "../host/state-file.js";
import { askDaemon, controlSocketPath } from "../local/control-socket.js";
import { readSetup } from "./setup.js";
import type { CommonOptions, Terminal } from "./terminal.js";

/** Files of the state folder that go in. A withdrawal that is not finished belongs to the consent. */
const STATE_FILES = ["installation-id", "consent.json", "withdrawal"];
const CONFIG_MEMBER = "config/heatpool.yaml";
const PROFILE_MEMBER = /^config\/profiles\/[a-z0-9][a-z0-9.-]*\/[a-z0-9][a-z0-9.-]*\.yaml$/;
const PROFILES = "profiles";
const MEMBER_BYTES_MAX = 4 * 1024 * 1024;

/** @throws HeatpoolError `PERMISSION_DENIED` where the file cannot be written */
export async function backup(
  options: CommonOptions & { out: string },
  terminal: Terminal,
): Promise<void> {
  const { config } = readSetup(options.config);
  const files = new Map<string, Buffer>([[CONFIG_MEMBER, readFileSync(options.config)]]);
  const profiles = join(dirname(options.config), PROFILES);
  for (const name of existsSync(profiles) ? listFiles(profiles) : []) {
    const member = `config/${PROFILES}/${name}`;
    if (PROFILE_MEMBER.test(member)) files.set(member, readFileSync(join(profiles, name)));
  }
  for (const name of STATE_FILES) {
    const path = join(config.stateDir, name);
    if (existsSync(path)) files.set(`state/${name}`, readFileSync(path));
  }
  const folder = mkdtempSync(join(tmpdir(), "heatpool-backup-"));
  try {
    for (const [member, bytes] of files) {
      mkdirSync(dirname(join(folder, member)), { recursive: true });
      writeFileSync(join(folder, member), bytes, { mode: 0o600 });
    }
    tar(["--create", "--sort=name", "--file", options.out, "-C", folder, ...files.keys()]);
    chmodSync(options.out, 0o600);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  if (options.json === true) terminal.print(JSON.stringify({ members: [...files.keys()] }));
  else for (const member of files.keys()) terminal.print(member);
}

/**
 * @throws HeatpoolError `STATE_INVALID` while a daemon runs, or where another installation lives ·
 *   `INVALID_ARGUMENT` for a file that is no backup
 */
export async function restore(
  options: CommonOptions,
  terminal: Terminal,
  [file = ""]: readonly string[],
): Promise<void> {
  const found = new Set(tar(["--list", "--file", file]).toString("utf8").split("\n"));
  const take = (member: string) =>
    found.has(member) ? tar(["--extract", "--to-stdout", "--file", file, member]) : undefined;
  const text = take(CONFIG_MEMBER)?.toString("utf8");
  if (text === undefined) {
    throw new HeatpoolError("INVALID_ARGUMENT", `${file}: no backup of heatpool`);
  }
  const { stateDir, runtimeDir } = parseConfig(text, CONFIG_MEMBER);
  await checkFree(stateDir, runtimeDir, take("state/installation-id"), terminal);
  const written = [options.config];
  const put = (path: string, bytes: Buffer) => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes, { mode: 0o644 });
    written.push(path);
  };
  mkdirSync(dirname(options.config), { recursive: true });
  writeFileSync(options.config, text, { mode: 0o644 });
  for (const member of [...found].filter((name) => PROFILE_MEMBER.test(name))) {
    const bytes = take(member);
    const path = join(dirname(options.config), member.slice("config/".length));
    if (bytes !== undefined) put(path, bytes);
  }
  for (const name of STATE_FILES) {
    const bytes = take(`state/${name}`);
    if (bytes === undefined) continue;
    // What this machine decided later than the backup stays.
    const path = join(stateDir, name);
    if (existsSync(path)) continue;
    openStateFile(path).write(bytes.toString("utf8"));
    written.push(path);
  }
  for (const path of written) terminal.print(path);
}

async function checkFree(
  stateDir: string,
  runtimeDir: string,
  restored: Buffer | undefined,
  { clock }: Terminal,
): Promise<void> {
  const asked = askDaemon(clock, controlSocketPath(runtimeDir), "GET /status");
  if ((await asked) !== undefined) {
    throw new HeatpoolError("STATE_INVALID", "the daemon runs", {
      hint: "`systemctl stop heatpool`, then restore.",
    });
  }
  const own = openStateFile(join(stateDir, "installation-id")).read()?.trim();
  if (own === undefined || own === restored?.toString("utf8").trim()) return;
  throw new HeatpoolError("STATE_INVALID", `${stateDir}: another installation lives here`, {
    hint: "Remove that folder first, if its data and its identity may go.",
  });
}

function listFiles(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}

function tar(args: readonly string[]): Buffer {
  try {
    return execFileSync("tar", args, {
      maxBuffer: MEMBER_BYTES_MAX,
      stdio: ["ignore", "pipe", "pipe"],
    });
  } catch (cause) {
    const { stderr } = cause as { stderr?: Buffer };
    const [why = ""] = (stderr?.toString("utf8") ?? String(cause)).trim().split("\n");
    throw new HeatpoolError("INVALID_ARGUMENT", why, { cause });
  }
}
