/**
 * Real engines for tests: VictoriaMetrics and PostgreSQL as Debian ships them, on the loopback, in
 * folders of their own. Each can be killed as a crash kills it and started again on what it left.
 * PostgreSQL refuses to be root, so there it runs as the user `postgres`.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { freePort } from "./peer.js";
import { makeRunFolder } from "./run-folder.js";

/** An engine that runs. */
export interface Engine {
  /** Where it answers, e.g. `http://127.0.0.1:4711`. */
  readonly url: string;
  readonly folder: string;
  readonly pid: () => number;
  /** SIGKILL, to all of it. Resolves when it is gone. */
  kill(): Promise<void>;
  /** Starts again on the same folder and port. */
  start(): Promise<void>;
  /** Ends it in order, and removes its folder. */
  stop(): Promise<void>;
}

const TRIES = 1200;
const TRY_MS = 50;
/** Least time between two starts. */
const LIFE_MS = 1_100;

/**
 * @param flags more of its command line
 * @param environment left out: ours
 */
export async function startVictoriaMetrics(
  flags: readonly string[] = [],
  environment: NodeJS.ProcessEnv = process.env,
): Promise<Engine> {
  const port = await freePort();
  const folder = makeRunFolder();
  const url = `http://127.0.0.1:${port}`;
  const args = [
    `-storageDataPath=${folder}`,
    `-httpListenAddr=127.0.0.1:${port}`,
    "-retentionPeriod=12",
    "-search.latencyOffset=0s",
    // What a request may hold for itself is computed from it; a test machine has little.
    "-memory.allowedPercent=20",
    "-loggerLevel=ERROR",
    ...(flags.some((one) => one.includes("dedup.")) ? [] : ["-dedup.minScrapeInterval=1ms"]),
    ...flags.filter((one) => one !== "-dedup.none"),
  ];
  const isUp = async () => (await fetch(`${url}/health`).catch(() => undefined))?.ok === true;
  const options = { env: environment };
  const program = { command: "victoria-metrics", args, options, signal: "SIGTERM" } as const;
  return await run({ ...program, url, folder, isUp });
}

/** A cluster with the database `heatpool` of the user `heatpool`, whom it trusts. */
export async function startPostgres(settings: readonly string[] = []): Promise<Engine> {
  const port = await freePort();
  const folder = makeRunFolder();
  const data = join(folder, "data");
  const owner = postgresOwner();
  chmodSync(folder, 0o755);
  mkdirSync(data, { mode: 0o700 });
  if (owner !== undefined) chownSync(data, owner.uid, owner.gid);
  const options = { cwd: data, ...owner };
  const bin = postgresPrograms();
  const init = ["-D", data, "-U", "heatpool", "-A", "trust", "-E", "UTF8", "--locale=C"];
  const made = spawnSync(join(bin, "initdb"), init, { ...options, encoding: "utf8" });
  if (made.status !== 0) throw new Error(`initdb: ${made.stderr}`);
  const args = ["-D", data, "-h", "127.0.0.1", "-p", String(port), "-k", data];
  for (const setting of ["shared_buffers=16MB", "fsync=on", ...settings]) args.push("-c", setting);
  const url = `postgresql://heatpool@127.0.0.1:${port}/heatpool`;
  const ask = (text: string, database = "heatpool") =>
    spawnSync(
      join(bin, "psql"),
      ["-h", "127.0.0.1", "-p", String(port), "-U", "heatpool", "-c", text, database],
      { stdio: "ignore" },
    ).status === 0;
  const isUp = async () => ask("SELECT 1", "postgres");
  const signal = "SIGINT" as const;
  const command = join(bin, "postgres");
  const engine = await run({ url, folder, command, args, isUp, signal, options });
  if (!ask("CREATE DATABASE heatpool", "postgres")) throw new Error("no database");
  return engine;
}

/** Where the newest installed version has its programs. */
export function postgresPrograms(): string {
  const versions = readdirSync("/usr/lib/postgresql").sort((a, b) => Number(b) - Number(a));
  const found = versions.map((one) => `/usr/lib/postgresql/${one}/bin`);
  return found.find((one) => existsSync(join(one, "initdb"))) ?? "";
}

function postgresOwner(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string) => Number(spawnSync("id", [flag, "postgres"]).stdout.toString());
  return { uid: id("-u"), gid: id("-g") };
}

interface Program {
  readonly url: string;
  readonly folder: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly isUp: () => Promise<boolean>;
  readonly signal: NodeJS.Signals;
  readonly options?: { cwd?: string; uid?: number; gid?: number; env?: NodeJS.ProcessEnv };
}

async function run(program: Program): Promise<Engine> {
  const { url, folder, command, args, isUp, signal, options } = program;
  let child: ChildProcess;
  let gone: Promise<unknown>;
  let startedAtMs = 0;
  const start = async () => {
    startedAtMs = Date.now();
    child = spawn(command, args, { ...options, stdio: ["ignore", "ignore", "pipe"] });
    gone = once(child, "exit");
    let tail = "";
    child.stderr?.on("data", (text) => {
      tail = (tail + text).slice(-2000);
    });
    await once(child, "spawn");
    for (let tries = 0; tries < TRIES && child.exitCode === null; tries++) {
      if (await isUp()) return;
      await pause(TRY_MS);
    }
    child.kill("SIGKILL");
    throw new Error(`${command} did not come up: ${tail}`);
  };
  const end = async (by: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) child.kill(by);
    await gone;
  };
  try {
    await start();
  } catch (cause) {
    rmSync(folder, { recursive: true, force: true });
    throw cause;
  }
  const port = Number(new URL(url).port);
  return {
    url,
    folder,
    pid: () => child.pid ?? 0,
    async kill() {
      // VictoriaMetrics tells two lives apart by the second in which they began.
      while (Date.now() - startedAtMs < LIFE_MS) await pause(TRY_MS);
      await end("SIGKILL");
      // The children of a killed postmaster notice it and go; until then they hold its memory.
      while (await accepts(port)) await pause(TRY_MS);
    },
    start,
    async stop() {
      await end(signal);
      rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: TRY_MS });
    },
  };
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  const isOpen = await once(socket, "connect").then(
    () => true,
    () => false,
  );
  socket.destroy();
  return isOpen;
}
