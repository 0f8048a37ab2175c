/**
 * The packaged programs as their owners run them: the backend over TLS, a simulated heat pump, and
 * daemons with the flags and the environment of the unit file. Everything lies in one folder.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseProfile } from "#core/profile/compile-profile.js";
import { createSystemClock } from "../daemon/host/system-clock.js";
import { askDaemon, controlSocketPath } from "../daemon/local/control-socket.js";
import { createHeatPumpModel } from "../daemon/simulator/heat-pump-model.js";
import { startModbusServer } from "../daemon/simulator/modbus-server.js";
import { createProfileImage } from "../daemon/simulator/profile-image.js";
import { runProgram, startProgram } from "../scripts/demo/program.js";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const DAEMON = join(ROOT, "dist/daemon/main.js");
const BACKEND = join(ROOT, "dist/backend/main.js");
const FAST_TIME = join(ROOT, "bench/fast-time.mjs");
const PROFILE = "idm/navigator-2.0";
const READY_MAX_MS = 30_000;
const LOOK_MS = 100;

/** Backend and heat pump, ready for daemons. */
export interface ProgramBed {
  startDaemon(of: DaemonWishes): Promise<RunningDaemon>;
  stop(): Promise<void>;
}

/** How a daemon is run. */
export interface DaemonWishes {
  readonly pollSeconds: number;
  /** Seconds between two batches; left out: as it comes. */
  readonly sealSeconds?: number;
  /** Paces of time, each begun by `nextPace`; left out: the machine's own time. */
  readonly paces?: readonly number[];
  /** Whether the page in the house is served. */
  readonly withPage?: boolean;
  /** More flags of node, for a look inside. */
  readonly nodeFlags?: readonly string[];
}

/** A daemon that polls and has a stream to the backend. */
export interface RunningDaemon {
  readonly pid: number;
  nextPace(): void;
  status(): Promise<DaemonStatus>;
  stop(): Promise<void>;
}

/** The part of `heatpool status` that is looked at. */
export interface DaemonStatus {
  readonly uplink?: { readonly isOnline: boolean };
  readonly backlog?: { readonly admitted: number; readonly unaccounted: number };
  readonly devices: readonly { readonly polls: number; readonly failedPolls: number }[];
}

/** Whether there is something packaged to run. */
export function isPackaged(): boolean {
  return existsSync(DAEMON) && existsSync(BACKEND);
}

/** Flags of node and environment that the unit file gives the daemon. */
export function readUnit(): { flags: readonly string[]; env: Readonly<Record<string, string>> } {
  const lines = readFileSync(join(ROOT, "systemd/heatpool.service"), "utf8").split("\n");
  const values = (key: string) =>
    lines.filter((line) => line.startsWith(`${key}=`)).map((line) => line.slice(key.length + 1));
  const [start = ""] = values("ExecStart");
  const flags = start.split(" ").filter((word) => word.startsWith("--"));
  const pairs = values("Environment")
    .flatMap((line) => line.split(" "))
    .map((pair): [string, string] => {
      const at = pair.indexOf("=");
      return [pair.slice(0, at), pair.slice(at + 1)];
    });
  return { flags, env: Object.fromEntries(pairs) };
}

/** Starts everything but daemons. */
export async function startProgramBed(): Promise<ProgramBed> {
  const folder = mkdtempSync(join(tmpdir(), "heatpool-bench-"));
  const heatPump = await startHeatPump(folder);
  const backend = await startBackend(folder);
  let daemons = 0;
  return {
    startDaemon: (wishes) =>
      startDaemon(folder, `daemon-${++daemons}`, wishes, heatPump.port, backend.ports),
    async stop() {
      await backend.stop();
      await heatPump.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The simulated heat pump, and its profile with the wall against fast polling taken away. */
async function startHeatPump(folder: string) {
  const text = readFileSync(join(ROOT, "firmware-profiles", `${PROFILE}.yaml`), "utf8");
  const file = join(folder, "profiles", `${PROFILE}.yaml`);
  mkdirSync(join(file, ".."), { recursive: true });
  writeFileSync(file, text.replace(/pollSecondsMin: \d+/, "pollSecondsMin: 1"));
  const profile = parseProfile(text, `${PROFILE}.yaml`);
  const model = createHeatPumpModel({ seed: 7 });
  const server = await startModbusServer(createProfileImage(profile, model), {
    host: "127.0.0.1",
    port: 0,
    blockWordsMax: profile.connection.wordsPerReadMax,
  });
  const timer = setInterval(() => model.advance(10), 1000);
  const stop = async () => {
    clearInterval(timer);
    await server.close();
  };
  return { port: server.port, stop };
}

async function startBackend(folder: string) {
  const config = join(folder, "backend.yaml");
  const lines = [
    `stateDir: ${join(folder, "backend")}`,
    `runtimeDir: ${join(folder, "run-backend")}`,
    "main: { host: 127.0.0.1, port: 0, socketsPerPrefix: 0 }",
    "admin: { port: 0 }",
    "enrol: { port: 0, callsPerPrefixPerHour: 0 }",
    "enrolment: { claimTokens: off }",
    "quota: { batchesPerSecond: 0, snapshotsPerDay: 0, MiBPerDay: 0 }",
    "stream: { reconnectSpreadSeconds: 1, backlogKiBPerSecond: 0 }",
  ];
  writeFileSync(config, lines.join("\n"));
  runProgram([BACKEND, "ca", "init", "--config", config, "--host", "127.0.0.1"]);
  const program = startProgram([BACKEND, "serve", "--config", config]);
  const line = await program.waitFor("backend.listening");
  const ports = { main: Number(line.mainPort), enrol: Number(line.enrolPort) };
  return { ports, stop: () => program.stop() };
}

async function startDaemon(
  folder: string,
  name: string,
  wishes: DaemonWishes,
  modbusPort: number,
  uplinkPorts: { main: number; enrol: number },
): Promise<RunningDaemon> {
  const config = join(folder, `${name}.yaml`);
  const { pollSeconds, sealSeconds, paces, withPage, nodeFlags = [] } = wishes;
  const runtimeDir = join(folder, `run-${name}`);
  const lines = [
    `stateDir: ${join(folder, name)}`,
    `runtimeDir: ${runtimeDir}`,
    `profileDirs: ["${join(folder, "profiles")}"]`,
    "devices:",
    `  - { host: 127.0.0.1, port: ${modbusPort}, profile: ${PROFILE}, pollIntervalSeconds: ${pollSeconds} }`,
    "backend:",
    `  url: 127.0.0.1:${uplinkPorts.main}`,
    `  enrolUrl: 127.0.0.1:${uplinkPorts.enrol}`,
    `  caFile: ${join(folder, "backend/tls/ca.crt")}`,
    `keys: { secretFile: ${join(folder, `${name}-secret`)} }`,
    ...(withPage === true ? ["local: { port: 0 }"] : []),
    ...(sealSeconds === undefined ? [] : [`uplink: { intervalSeconds: ${sealSeconds} }`]),
  ];
  writeFileSync(config, lines.join("\n"));
  runProgram([DAEMON, "consent", "grant", "--yes", "--config", config]);
  runProgram([DAEMON, "enrol", "--config", config]);
  const { flags, env } = readUnit();
  const preload = paces === undefined ? [] : ["--import", FAST_TIME];
  const child = spawn(
    process.execPath,
    [...flags, ...nodeFlags, ...preload, DAEMON, "run", "--config", config],
    {
      stdio: ["ignore", "ignore", "inherit"],
      env: { ...env, ...(paces && { HEATPOOL_BENCH_PACES: paces.join(",") }) },
    },
  );
  const clock = createSystemClock();
  const daemon: RunningDaemon = {
    pid: child.pid ?? 0,
    nextPace: () => void child.kill("SIGUSR2"),
    status: async () =>
      (await askDaemon(clock, controlSocketPath(runtimeDir), "GET /status")) as DaemonStatus,
    stop: () => end(child),
  };
  await untilOnline(daemon);
  return daemon;
}

async function untilOnline(daemon: RunningDaemon): Promise<void> {
  for (let waitedMs = 0; waitedMs < READY_MAX_MS; waitedMs += LOOK_MS) {
    const status = await daemon.status().catch(() => undefined);
    if (status?.uplink?.isOnline === true && (status.devices[0]?.polls ?? 0) > 0) return;
    await pause(LOOK_MS);
  }
  await daemon.stop();
  throw new Error("the daemon did not come online");
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGTERM");
  await gone;
}
