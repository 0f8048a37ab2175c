/**
 * `heatpool setup`: from a fresh installation to a first reading, and further only if the owner
 * agrees. Every answer is also an option, and what was answered before is not asked again: a
 * configuration that is there stays as it is, so the command may be broken off and repeated.
 */
import { execFile, execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { HeatpoolError } from "#core/errors.js";
import { hasIdentity } from "../assembly/backend-ways.js";
import { openIdentity } from "../assembly/open-identity.js";
import { openState } from "../assembly/state-files.js";
import { reachTcp } from "../host/machine-facts.js";
import { findOpen, neighbours } from "../host/network-search.js";
import { askDaemon, controlSocketPath } from "../local/control-socket.js";
import { grantConsent } from "./consent.js";
import { enrol } from "./enrol.js";
import { chooseLanguage } from "./language.js";
import { parseParameters, toWhole } from "./profile-options.js";
import { read } from "./read.js";
import { type Answers, SAYS, writeConfigText } from "./set-up-answers.js";
import { readSetup } from "./setup.js";
import type { CommonOptions, Terminal } from "./terminal.js";

/** Every answer. */
export interface SetUpOptions extends CommonOptions {
  readonly language?: string;
  readonly host?: string;
  readonly find?: boolean;
  readonly port?: string;
  readonly unit?: string;
  readonly profile?: string;
  readonly parameters: readonly string[];
  /** `none`: share nothing. */
  readonly backend?: string;
  readonly caFile?: string;
  readonly claimTokenFile?: string;
  readonly consent?: string;
  readonly scopes?: string;
  /** `false`: the service is not touched. */
  readonly service: boolean;
}

const MODBUS_PORT = 502;
const READY_MAX_MS = 30_000;
const LOOK_MS = 500;
/** What a probe prints; a profile has some hundred registers. */
const PROBE_BYTES_MAX = 16 * 1024 * 1024;
const NONE = "none";

/** @throws HeatpoolError `USAGE` an answer is missing · what probing, reading and enrolling throw */
export async function setUp(options: SetUpOptions, terminal: Terminal): Promise<void> {
  const language = chooseLanguage(options.language, terminal.language);
  const says = SAYS[language];
  if (existsSync(options.config)) terminal.print(says.resumed(options.config));
  else {
    const answers = await askAll(options, terminal, language);
    writeConfig(options.config, writeConfigText(answers));
    terminal.print(says.written(options.config));
  }
  terminal.print(says.reading);
  await read({ config: options.config }, terminal);
  await agree(options, terminal, language);
  const isRunning = options.service && (await startService(options, terminal, language));
  await becomeInstallation(options, terminal, isRunning);
  terminal.print(says.over);
}

async function askAll(
  options: SetUpOptions,
  terminal: Terminal,
  language: "de" | "en",
): Promise<Answers> {
  const port = toPort("--port", options.port, 1, 65_535);
  const host = await pickHost(options, terminal, language, port ?? MODBUS_PORT);
  const profile = options.profile ?? (await probe(options, terminal, language, host));
  terminal.print(SAYS[language].profile(profile));
  const named = options.backend ?? (await terminal.ask(SAYS[language].backend))?.trim() ?? "";
  return {
    language,
    host,
    port,
    unitId: toPort("--unit", options.unit, 0, 255),
    profile,
    parameters: parseParameters(options.parameters),
    backend: named === "" || named === NONE ? undefined : named,
    caFile: options.caFile,
    claimTokenFile: options.claimTokenFile,
  };
}

function toPort(name: string, text: string | undefined, min: number, max: number) {
  return text === undefined ? undefined : toWhole(name, text, min, max);
}

/** The network is searched only by a person who asks for it. */
async function pickHost(
  options: SetUpOptions,
  terminal: Terminal,
  language: "de" | "en",
  port: number,
): Promise<string> {
  const says = SAYS[language];
  if (options.host !== undefined) return options.host;
  const answer = options.find === true ? "" : await terminal.ask(says.host);
  if (answer === undefined) throw missing("--host", "or --find to look for it in this network");
  if (answer.trim() !== "") return answer.trim();
  const addresses = neighbours();
  terminal.print(says.searching(addresses.length));
  const { clock, ending } = terminal;
  const reach = (where: { host: string; port: number }, signal: AbortSignal) =>
    reachTcp(where, clock, signal);
  const found = await findOpen(addresses, port, reach, clock, ending);
  const [only] = found;
  if (only === undefined) {
    throw new HeatpoolError("NOT_FOUND", `nobody in this network answers at port ${port}`, {
      hint: "Switch Modbus TCP on in the heat pump's menu, or name its address with --host.",
    });
  }
  terminal.print(says.found);
  for (const [at, address] of found.entries()) terminal.print(`  ${at + 1}  ${address}`);
  if (found.length === 1) return only;
  const number = (await terminal.ask(says.which))?.trim();
  const chosen = found[Number(number) - 1];
  if (chosen === undefined) throw missing("--host", "one of those above");
  return chosen;
}

function missing(option: string, what: string): HeatpoolError {
  return new HeatpoolError("USAGE", `${option} is missing`, {
    hint: `Nobody is there to answer; give ${option}, ${what}.`,
  });
}

/** Asks the device with the tool for that, in a process of its own: it loads every profile. */
async function probe(
  options: SetUpOptions,
  terminal: Terminal,
  language: "de" | "en",
  host: string,
): Promise<string> {
  terminal.print(SAYS[language].probing);
  const [program, ...args] = terminal.self;
  const more = [
    ...(options.port === undefined ? [] : ["--port", options.port]),
    ...(options.unit === undefined ? [] : ["--unit", options.unit]),
    ...options.parameters.flatMap((one) => ["--parameters", one]),
  ];
  const call = [...args, "profile", "probe", "--host", host, "--json", ...more];
  const text = await new Promise<string>((resolve) => {
    const limits = { maxBuffer: PROBE_BYTES_MAX, signal: terminal.ending };
    execFile(program, call, limits, (_, stdout) => resolve(stdout));
  });
  const { best } = (text === "" ? {} : JSON.parse(text)) as { best?: string };
  if (best !== undefined) return best;
  throw new HeatpoolError("PROFILE_MISMATCH", `${host}: no profile fits`, {
    hint: "`heatpool profile list` shows them all; name yours with --profile.",
  });
}

function writeConfig(path: string, text: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    // Never over one that somebody wrote meanwhile.
    writeFileSync(path, text, { flag: "wx" });
    chmodSync(path, 0o644);
  } catch (cause) {
    throw new HeatpoolError("PERMISSION_DENIED", `${path} cannot be written`, {
      cause,
      hint: "Run `sudo heatpool setup`.",
    });
  }
}

/** Shows the whole text and asks; the default is no. */
async function agree(
  options: SetUpOptions,
  terminal: Terminal,
  language: "de" | "en",
): Promise<void> {
  const { config } = readSetup(options.config);
  const isGranted =
    openState(config, terminal.clock, terminal.version).book.state().status === "granted";
  if (isGranted) return;
  if (config.backend === undefined || options.consent === "no") {
    return terminal.print(SAYS[language].noSharing);
  }
  // An answer on the command line is given by somebody who has read `heatpool consent show`.
  const isGiven = options.consent === "yes";
  const { scopes } = options;
  await grantConsent(
    {
      config: options.config,
      language,
      ...(scopes === undefined ? {} : { scopes }),
      ...(isGiven ? { yes: true } : {}),
    },
    { ...terminal, setExitStatus: () => undefined },
  );
}

/** Whether the daemon runs and answers. */
async function startService(
  options: SetUpOptions,
  terminal: Terminal,
  language: "de" | "en",
): Promise<boolean> {
  const says = SAYS[language];
  if (!existsSync("/run/systemd/system")) {
    terminal.print(says.notStarted);
    return false;
  }
  try {
    const quietly = { stdio: ["ignore", "ignore", "pipe"] as ["ignore", "ignore", "pipe"] };
    execFileSync("systemctl", ["enable", "heatpool.service"], quietly);
    execFileSync("systemctl", ["restart", "heatpool.service"], quietly);
  } catch (cause) {
    throw new HeatpoolError("UNAVAILABLE", "the service could not be started", {
      cause,
      hint: "`sudo heatpool install` puts it in place; `journalctl -u heatpool` says why it failed.",
    });
  }
  const path = controlSocketPath(readSetup(options.config).config.runtimeDir);
  for (let waitedMs = 0; waitedMs < READY_MAX_MS; waitedMs += LOOK_MS) {
    const status = await askDaemon(terminal.clock, path, "GET /status").catch(() => undefined);
    if (status !== undefined) {
      terminal.print(says.started);
      terminal.print(says.page);
      return true;
    }
    await terminal.clock.sleep(LOOK_MS, terminal.ending);
  }
  terminal.print(says.notReady);
  return false;
}

/** Enrols where the owner agreed and a backend takes installations in; once. */
async function becomeInstallation(
  options: SetUpOptions,
  terminal: Terminal,
  isRunning: boolean,
): Promise<void> {
  const { config } = readSetup(options.config);
  const { status } = openState(config, terminal.clock, terminal.version).book.state();
  if (status !== "granted" || !hasIdentity(config)) return;
  if (openIdentity(config, terminal).describe().enrolled) return;
  // The service holds the secret of the keys; without it they could be sealed by a file only.
  if (!isRunning && config.keys.secretFile === undefined) return;
  await enrol({ config: options.config }, terminal);
}
