/**
 * `heatpool backup` and `heatpool restore`: what the owner cannot make again, by an allow-list.
 * Configuration, own profiles, installation id, consent and, unless told otherwise, the history go
 * in; keys, certificates, grants, models and the backlog do not. So a restored machine enrols anew,
 * and its backlog begins a new epoch: numbers of the old one are never used twice.
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
import { dirname, join, resolve } from "node:path";
import { HeatpoolError } from "#core/errors.js";
import { historyFolder } from "../assembly/open-history.js";
import { type Config, parseConfig } from "../config.js";
import { openStateFile } from "../host/state-file.js";
import { askDaemon, controlSocketPath } from "../local/control-socket.js";
import { bringHistory, keepHistory } from "./history-backup.js";
import { readSetup } from "./setup.js";
import type { CommonOptions, Terminal } from "./terminal.js";

/** Files of the state folder that go in. A withdrawal that is not finished belongs to the consent. */
const STATE_FILES = ["installation-id", "consent.json", "withdrawal"];
const CONFIG_MEMBER = "config/heatpool.yaml";
const PROFILE_MEMBER = /^config\/profiles\/[a-z0-9][a-z0-9.-]*\/[a-z0-9][a-z0-9.-]*\.yaml$/;
const PROFILES = "profiles";
const HISTORY_MEMBER = "state/history.records";
const MEMBER_BYTES_MAX = 4 * 1024 * 1024;

interface HistoryOption {
  /** Left out: with it. */
  readonly history?: boolean;
}

/**
 * @throws HeatpoolError `INVALID_ARGUMENT` where the file cannot be written · `STORE_FAILED` no room
 *   for the history there
 */
export async function backup(
  options: CommonOptions & HistoryOption & { readonly out: string },
  terminal: Terminal,
): Promise<void> {
  const setup = readSetup(options.config);
  const { config } = setup;
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
  const out = resolve(options.out);
  const folder = makeFolder(out);
  try {
    for (const [member, bytes] of files) {
      mkdirSync(dirname(join(folder, member)), { recursive: true });
      writeFileSync(join(folder, member), bytes, { mode: 0o600 });
    }
    const members = [...files.keys()];
    let historyBytes: number | undefined;
    if (options.history !== false) {
      mkdirSync(dirname(join(folder, HISTORY_MEMBER)), { recursive: true });
      historyBytes = await keepHistory(setup, terminal, join(folder, HISTORY_MEMBER));
      if (historyBytes !== undefined) members.push(HISTORY_MEMBER);
    }
    tar(["--create", "--sort=name", "--file", out, "-C", folder, ...members]);
    chmodSync(out, 0o600);
    if (options.json === true) terminal.print(JSON.stringify({ members, historyBytes }));
    else for (const member of members) terminal.print(member);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Beside the archive: a Pi's /tmp may be memory, and a history is not small. */
function makeFolder(out: string): string {
  try {
    return mkdtempSync(join(dirname(out), ".heatpool-backup-"));
  } catch (cause) {
    throw new HeatpoolError("INVALID_ARGUMENT", `${out}: cannot be written`, { cause });
  }
}

/**
 * @throws HeatpoolError `STATE_INVALID` while a daemon runs, or where another installation lives ·
 *   `INVALID_ARGUMENT` for a file that is no backup · `STORE_DAMAGED` its history is not whole
 */
export async function restore(
  options: CommonOptions & HistoryOption,
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
  const config = parseConfig(text, CONFIG_MEMBER);
  const { stateDir, runtimeDir } = config;
  await checkFree(stateDir, runtimeDir, take("state/installation-id"), terminal);
  const isWanted = options.history !== false && found.has(HISTORY_MEMBER);
  const finish = isWanted ? await draftHistory(file, config, terminal) : undefined;
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
  if (finish !== undefined) {
    await finish();
    written.push(historyFolder(config));
  }
  for (const path of written) terminal.print(path);
}

/** The history, read wholly before anything is written; `undefined`: this machine's own stays. */
async function draftHistory(
  file: string,
  config: Config,
  terminal: Terminal,
): Promise<(() => Promise<void>) | undefined> {
  if (config.history.limitMiB === 0) return undefined;
  if (existsSync(historyFolder(config))) {
    terminal.warn(`${historyFolder(config)}: there is one already; it stays as it is`);
    return undefined;
  }
  mkdirSync(config.stateDir, { recursive: true, mode: 0o700 });
  const folder = mkdtempSync(join(config.stateDir, ".restore-"));
  try {
    tar(["--extract", "--file", file, "-C", folder, HISTORY_MEMBER]);
    return await bringHistory(config, join(folder, HISTORY_MEMBER), terminal);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
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
