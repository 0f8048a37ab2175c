/**
 * A house under test: the real daemon and the real backend as child processes, an oracle device
 * with several units before the one, and a wire between the two. Everything lives in one folder and
 * dies with `close`.
 */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Clock } from "#core/clock.js";
import { openLevelSnapshotStore } from "../backend/store/level-snapshot-store.js";
import type { BacklogStatus } from "../daemon/backlog/backlog.js";
import { askDaemon, controlSocketPath } from "../daemon/local/control-socket.js";
import { startModbusServer } from "../daemon/simulator/modbus-server.js";
import { type LogLine, type Program, startProgram } from "../scripts/demo/program.js";
import {
  createOracle,
  numbersOf,
  ORACLE_PROFILE,
  ORACLE_PROFILE_TEXT,
  type Oracle,
} from "./oracle.js";
import { openWire, type Wire } from "./wire.js";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const DAEMON = join(ROOT, "dist/daemon/main.js");
const BACKEND = join(ROOT, "dist/backend/main.js");
/** Units answer one after the other, so that work is in flight for most of each second. */
const ANSWER_DELAY_MS = 45;

/** The machine's clock. */
export const MACHINE_CLOCK: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => Number(process.hrtime.bigint() / 1000n) / 1000,
  isSynced: () => true,
  sleep: (ms, signal) => pause(ms, undefined, { signal }).catch(() => undefined),
};

/** One of the two programs. */
export type Role = "daemon" | "backend";

/** What one life of the daemon said it committed. */
export interface Life {
  committed: number;
  failedPolls: number;
}

/** What the backend holds, read back from its store. */
export interface Stored {
  readonly numbers: readonly (number | undefined)[];
  readonly deadLetters: number;
  /** Counted by the backend itself. */
  readonly snapshotsStored: number;
}

/** A house. */
export interface House {
  readonly folder: string;
  readonly oracle: Oracle;
  readonly wire: Wire;
  /** Lives of the daemon; the oracle counts its answers to them by index. */
  readonly lives: readonly Life[];
  /** Ends that nobody ordered. */
  readonly crashes: readonly string[];
  start(role: Role): void;
  /** SIGKILL; resolves when the process is gone and everything it printed was read. */
  kill(role: Role): Promise<void>;
  /** SIGTERM; resolves with the exit status. */
  stop(role: Role): Promise<number | null>;
  /** Resolves with the first such line of the running program. */
  waitFor(role: Role, event: string): Promise<LogLine>;
  /** The daemon's account; `undefined` while it cannot be asked. */
  status(): Promise<BacklogStatus | undefined>;
  /** The device answers nothing any more. */
  restDevice(): void;
  readStore(): Promise<Stored>;
  close(): Promise<void>;
}

/** How a house is made. */
export interface HouseOptions {
  readonly folder: string;
  readonly units: number;
  readonly commitIntervalSeconds: number;
}

/** Builds a house; nothing runs yet but the device and the wire. */
export async function buildHouse(options: HouseOptions): Promise<House> {
  for (const program of [DAEMON, BACKEND]) {
    if (!existsSync(program)) throw new Error(`${program} is missing: run \`npm run build\``);
  }
  const { folder } = options;
  const oracle = createOracle();
  const device = await startModbusServer(oracle, {
    host: "127.0.0.1",
    port: 0,
    answerDelayMs: ANSWER_DELAY_MS,
  });
  const wire = await openWire();
  const configs = writeConfigs(options, device.port, wire.port);
  const grant = ["consent", "grant", "--yes", "--config", configs.daemon];
  await promisify(execFile)(process.execPath, [DAEMON, ...grant]);
  const running = new Map<Role, Program>();
  const lives: Life[] = [];
  const crashes: string[] = [];

  function start(role: Role): void {
    const program = startProgram(
      role === "daemon"
        ? [DAEMON, "run", "--config", configs.daemon]
        : [BACKEND, "serve", "--config", configs.backend],
    );
    running.set(role, program);
    program.child.once("exit", (code, signal) => {
      if (running.get(role) !== program) return;
      running.delete(role);
      crashes.push(`${role} ended unasked: ${signal ?? code}`);
    });
    if (role === "daemon") {
      oracle.life = lives.length;
      lives.push(watchDaemon(program));
    } else {
      program.waitFor("backend.listening").then(
        (line) => {
          wire.target = Number(line.mainPort);
        },
        () => undefined,
      );
      program.onLine((line) => {
        if (line.event === "backend.bug") crashes.push(`backend.bug: ${String(line.what)}`);
      });
    }
  }

  async function end(role: Role, signal: "SIGKILL" | "SIGTERM"): Promise<number | null> {
    const program = running.get(role);
    if (program === undefined) return null;
    running.delete(role);
    const closed = once(program.child, "close");
    if (role === "backend") wire.target = 0;
    program.child.kill(signal);
    const [code] = (await closed) as [number | null];
    return code;
  }

  const socket = controlSocketPath(join(folder, "run-daemon"));
  return {
    folder,
    oracle,
    wire,
    lives,
    crashes,
    start,
    kill: async (role) => {
      await end(role, "SIGKILL");
    },
    stop: (role) => end(role, "SIGTERM"),
    async waitFor(role, event) {
      const program = running.get(role);
      if (program === undefined) throw new Error(`${role} does not run`);
      return await program.waitFor(event);
    },
    async status() {
      const asked = askDaemon(MACHINE_CLOCK, socket, "GET /status").catch(() => undefined);
      const answer = (await asked) as { backlog?: BacklogStatus } | undefined;
      return answer?.backlog;
    },
    restDevice: () => device.setOffline(true),
    readStore: () => readStore(join(folder, "backend/store")),
    async close() {
      await end("daemon", "SIGKILL");
      await end("backend", "SIGKILL");
      await wire.close();
      await device.close();
    },
  };
}

/** Where the daemon of a house keeps its backlog. */
export function backlogFolderOf({ folder }: { folder: string }): string {
  return join(folder, "daemon/backlog");
}

/** The daemon's id of the house. */
export function installationIdOf({ folder }: { folder: string }): string {
  return readFileSync(join(folder, "daemon/installation-id"), "utf8").trim();
}

function watchDaemon(program: Program): Life {
  const life: Life = { committed: 0, failedPolls: 0 };
  program.onLine((line) => {
    if (line.event === "backlog.committed") life.committed += Number(line.snapshots);
    if (line.event === "poll.failed") life.failedPolls++;
  });
  return life;
}

async function readStore(folder: string): Promise<Stored> {
  const store = await openLevelSnapshotStore({ folder });
  try {
    const numbers: (number | undefined)[] = [];
    for await (const { batch } of store.blocks()) numbers.push(...numbersOf(batch));
    let deadLetters = 0;
    for await (const _letter of store.deadLetters()) deadLetters++;
    return { numbers, deadLetters, snapshotsStored: store.totals().snapshotsStored };
  } finally {
    await store.close();
  }
}

function writeConfigs(
  { folder, units, commitIntervalSeconds }: HouseOptions,
  devicePort: number,
  uplinkPort: number,
): { daemon: string; backend: string } {
  const profile = join(folder, "profiles", `${ORACLE_PROFILE}.yaml`);
  mkdirSync(join(profile, ".."), { recursive: true });
  writeFileSync(profile, ORACLE_PROFILE_TEXT);
  const devices = Array.from(
    { length: units },
    (_, k) =>
      `  - { deviceId: unit-${k + 1}, unitId: ${k + 1}, host: 127.0.0.1, port: ${devicePort}, profile: ${ORACLE_PROFILE}, pollIntervalSeconds: 1 }`,
  );
  const daemon = join(folder, "heatpool.yaml");
  writeFileSync(
    daemon,
    [
      `stateDir: ${join(folder, "daemon")}`,
      `runtimeDir: ${join(folder, "run-daemon")}`,
      `profileDirs: ["${join(folder, "profiles")}"]`,
      "logLevel: debug",
      "devices:",
      ...devices,
      `backend: { url: "127.0.0.1:${uplinkPort}", insecureLoopback: true }`,
      "uplink: { profile: live, intervalSeconds: 1 }",
      `backlog: { commitIntervalSeconds: ${commitIntervalSeconds}, limitMiB: 8 }`,
    ].join("\n"),
  );
  const backend = join(folder, "backend.yaml");
  writeFileSync(
    backend,
    [
      `stateDir: ${join(folder, "backend")}`,
      `runtimeDir: ${join(folder, "run-backend")}`,
      "main: { host: 127.0.0.1, port: 0 }",
      "tls: { insecureLoopback: true }",
      "enrolment: { claimTokens: off }",
      "stream: { reconnectSpreadSeconds: 1, backlogKiBPerSecond: 0 }",
      "quota: { batchesPerSecond: 0, snapshotsPerDay: 0, MiBPerDay: 0 }",
    ].join("\n"),
  );
  return { daemon, backend };
}
