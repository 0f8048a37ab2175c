/**
 * A backend that signs by itself, heat pumps that answer, and daemons: the real programs from
 * `dist/`, with all keys made by the operator's and the owner's commands.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseProfile } from "#core/profile/compile-profile.js";
import { parseUuid } from "#core/uuid.js";
import { createSystemClock } from "../../daemon/host/system-clock.js";
import { askDaemon, controlSocketPath } from "../../daemon/local/control-socket.js";
import { createHeatPumpModel } from "../../daemon/simulator/heat-pump-model.js";
import { startModbusServer } from "../../daemon/simulator/modbus-server.js";
import { createProfileImage } from "../../daemon/simulator/profile-image.js";
import {
  type LogLine,
  type Program,
  runProgram,
  startProgram,
} from "../../scripts/demo/program.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const DAEMON = join(ROOT, "dist/daemon/main.js");
const BACKEND = join(ROOT, "dist/backend/main.js");
const PROFILE = "idm/navigator-2.0";

/** Whether the programs were built. */
export const isBuilt = existsSync(DAEMON) && existsSync(BACKEND);

/** A program whose log is kept. */
export interface Watched {
  readonly program: Program;
  readonly lines: (LogLine & { readonly seenAtMs: number })[];
  /** Resolves with the first line that `is` takes, now or later. */
  seen(is: (line: LogLine) => boolean): Promise<LogLine & { readonly seenAtMs: number }>;
}

function watch(program: Program): Watched {
  const lines: Watched["lines"] = [];
  const waiting = new Set<() => void>();
  program.onLine((line) => {
    lines.push({ ...line, seenAtMs: performance.now() });
    for (const look of waiting) look();
  });
  return {
    program,
    lines,
    seen: (is) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = lines.find(is);
          if (found === undefined) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        program.child.once("exit", () => reject(new Error("the program ended")));
        look();
      }),
  };
}

/** The backend, and its operator's commands. */
export interface StagedBackend extends Watched {
  readonly folder: string;
  readonly ports: { readonly main: number; readonly enrol: number };
  readonly rootFile: string;
  /** A command; resolves with what it printed. */
  run(...words: string[]): string;
  claimToken(): string;
}

export async function stageBackend(folder: string): Promise<StagedBackend> {
  mkdirSync(folder, { recursive: true });
  const at = (name: string) => join(folder, name);
  const config = at("backend.yaml");
  const settings = [
    "stateDir: state",
    "runtimeDir: run",
    "main: { host: 127.0.0.1, port: 0 }",
    "admin: { port: 0 }",
    "enrol: { port: 0, callsPerPrefixPerHour: 0 }",
    "stream: { reconnectSpreadSeconds: 1 }",
    "catalogue: { autoSign: true }",
    "logLevel: debug",
  ];
  writeFileSync(config, settings.join("\n"));
  const plain = (...words: string[]): string => runProgram([BACKEND, ...words]);
  const configured = (...words: string[]): string => plain(...words, "--config", config);
  configured("ca", "init", "--host", "127.0.0.1");
  configured("keys", "init", "--out", at("online.pub"));
  for (const name of ["root-1", "root-2", "root-3"]) {
    plain("keys", "add", "root", "--dir", folder, "--name", name, "--plain");
  }
  const keys = ["root-1", "root-2", "root-3"].map((name) => at(`${name}.pub`));
  const rootFile = at("1.root.json");
  plain("keys", "root", "--public", ...keys, at("online.pub"), "--out", rootFile);
  for (const name of ["root-1", "root-2"])
    plain("keys", "sign", rootFile, "--key", at(`${name}.key`));
  configured("keys", "import", rootFile);
  const watched = watch(startProgram([BACKEND, "serve", "--config", config]));
  const { mainPort, enrolPort, adminPort } = await watched.seen(
    ({ event }) => event === "backend.listening",
  );
  return {
    ...watched,
    folder,
    rootFile,
    ports: { main: Number(mainPort), enrol: Number(enrolPort) },
    run(...words) {
      const asks = words[0] === "installations" || words[0] === "status";
      return configured(...words, ...(asks ? ["--admin", `127.0.0.1:${adminPort}`] : []));
    },
    claimToken: () => {
      const { token } = JSON.parse(configured("token", "create", "--claim", "--json"));
      return String(token);
    },
  };
}

/** A daemon and its machine. */
export interface StagedDaemon {
  readonly folder: string;
  readonly config: string;
  installationId(): string;
  /** A command; resolves with what it printed. */
  run(...words: string[]): string;
  start(): Watched;
  // biome-ignore lint/suspicious/noExplicitAny: the status is for people and tests
  status(): Promise<any>;
}

/** @param heatPumpPort where its Modbus server is */
export function stageDaemon(
  folder: string,
  backend: Pick<StagedBackend, "folder" | "ports" | "rootFile">,
  heatPumpPort: number,
): StagedDaemon {
  const at = (name: string) => join(folder, name);
  mkdirSync(folder, { recursive: true });
  const config = at("heatpool.yaml");
  const settings = [
    `stateDir: ${at("state")}`,
    `cacheDir: ${at("cache")}`,
    `runtimeDir: ${at("run")}`,
    `profileDirs: ["${fastProfiles(folder)}"]`,
    "logLevel: debug",
    `devices: [{ host: 127.0.0.1, port: ${heatPumpPort}, profile: ${PROFILE}, pollIntervalSeconds: 1 }]`,
    "backend:",
    `  url: localhost:${backend.ports.main}`,
    `  enrolUrl: localhost:${backend.ports.enrol}`,
    `  caFile: ${join(backend.folder, "state/tls/ca.crt")}`,
    `  rootFile: ${backend.rootFile}`,
    `keys: { secretFile: ${at("device-key")} }`,
    "uplink: { profile: live, intervalSeconds: 1 }",
    "backlog: { commitIntervalSeconds: 1 }",
  ];
  writeFileSync(config, settings.join("\n"));
  return {
    folder,
    config,
    installationId: () => readFileSync(at("state/installation-id"), "utf8").trim(),
    run: (...words) => runProgram([DAEMON, ...words, "--config", config]),
    start: () => watch(startProgram([DAEMON, "run", "--config", config])),
    status: () => askDaemon(createSystemClock(), controlSocketPath(at("run")), "GET /status"),
  };
}

/** The shipped profile with a shorter least interval, in a folder of its own. */
function fastProfiles(folder: string): string {
  const file = join(folder, "profiles", `${PROFILE}.yaml`);
  mkdirSync(join(file, ".."), { recursive: true });
  writeFileSync(file, readFastProfile());
  return join(folder, "profiles");
}

function readFastProfile(): string {
  const text = readFileSync(join(ROOT, "firmware-profiles", `${PROFILE}.yaml`), "utf8");
  return text.replace(/pollSecondsMin: \d+/, "pollSecondsMin: 1");
}

/** A heat pump that behaves. */
export async function stageHeatPump(): Promise<{ port: number; close(): Promise<unknown> }> {
  const profile = parseProfile(readFastProfile(), `${PROFILE}.yaml`);
  return await startModbusServer(createProfileImage(profile, createHeatPumpModel({ seed: 7 })), {
    host: "127.0.0.1",
    port: 0,
    blockWordsMax: profile.connection.wordsPerReadMax,
  });
}

/** Files below `folder` that hold the id in any spelling: text, without dashes, or as 16 bytes. */
export function filesNaming(folder: string, installationId: string): string[] {
  const spellings = [
    Buffer.from(installationId),
    Buffer.from(installationId.replaceAll("-", "")),
    Buffer.from(parseUuid(installationId) ?? []),
  ];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => {
      const bytes = readFileSync(path);
      return path.includes(installationId) || spellings.some((one) => bytes.includes(one));
    });
}
