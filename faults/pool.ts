/**
 * A backend as a company runs it: real processes of it behind a load balancer, on one PostgreSQL
 * and one VictoriaMetrics; or, as one process, on its own store with a VictoriaMetrics behind.
 * Everything lives in temporary folders and dies with `close`.
 */

import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openPostgres } from "../backend/registry/postgres-database.js";
import { openLevelSnapshotStore } from "../backend/store/level-snapshot-store.js";
import { openPostgresSnapshotStore } from "../backend/store/postgres-snapshot-store.js";
import type { SnapshotStore } from "../backend/store/snapshot-store.js";
import { createVictoriametricsEngine } from "../backend/store/victoriametrics-engine.js";
import { type Program, startProgram } from "../scripts/demo/program.js";
import { type Engine, startPostgres, startVictoriaMetrics } from "../test/support/engine.js";
import { type LoadBalancer, startLoadBalancer } from "../test/support/load-balancer.js";
import { freePort } from "../test/support/peer.js";

const BACKEND = fileURLToPath(new URL("../dist/backend/main.js", import.meta.url));

/** What can be killed. */
export type Victim = "victoriametrics" | "postgresql" | `backend ${number}`;

/** The pool. */
export interface Pool {
  /** Where installations connect. */
  readonly port: number;
  readonly victims: readonly Victim[];
  /** Runs a command of the program against one of the processes. */
  ask(
    process: number,
    ...args: string[]
  ): { status: number | null; stdout: string; stderr: string };
  /** Whether this process does what is done once. */
  leads(process: number): boolean;
  /** Programs that ended unasked. */
  readonly crashes: readonly string[];
  kill(victim: Victim): Promise<void>;
  start(victim: Victim): Promise<void>;
  /** Ends the backends in order; resolves with what `read` made of their store. */
  readStore<T>(read: (store: SnapshotStore) => Promise<T>): Promise<T>;
  /** Samples in the time series engine, per installation. */
  samples(installationId: string): Promise<number>;
  close(): Promise<void>;
}

/** Starts everything. @param processes 1: its own store; more: PostgreSQL and a load balancer */
export async function openPool(processes: number): Promise<Pool> {
  if (!existsSync(BACKEND)) throw new Error(`${BACKEND} is missing: run \`npm run build\``);
  const isShared = processes > 1;
  const folder = mkdtempSync(join(tmpdir(), "heatpool-pool-"));
  const victoria = await startVictoriaMetrics();
  const postgres = isShared ? await startPostgres() : undefined;
  const ports: number[] = [];
  for (let k = 0; k < processes; k++) ports.push(await freePort());
  const configs = ports.map((port, k) => {
    const home = join(folder, `backend-${k}`);
    return writeConfig(home, port, { victoria: victoria.url, postgres: postgres?.url });
  });
  const running = new Map<number, Program>();
  const admins = new Map<number, number>();
  const leading = new Set<number>();
  const crashes: string[] = [];
  const startBackend = async (k: number): Promise<void> => {
    const program = startProgram([BACKEND, "serve", "--config", configs[k] ?? ""]);
    running.set(k, program);
    program.child.once("exit", (code, signal) => {
      if (running.get(k) !== program) return;
      running.delete(k);
      crashes.push(`backend ${k} ended unasked: ${signal ?? code}`);
    });
    program.onLine(({ event }) => {
      if (event === "backend.leads") leading.add(k);
      if (event === "backend.follows") leading.delete(k);
    });
    const { adminPort } = await program.waitFor("backend.listening");
    admins.set(k, Number(adminPort));
  };
  const endBackend = async (k: number, by: NodeJS.Signals): Promise<void> => {
    const program = running.get(k);
    if (program === undefined) return;
    running.delete(k);
    const gone = once(program.child, "exit");
    program.child.kill(by);
    await gone;
  };
  await Promise.all(ports.map((_, k) => startBackend(k)));
  const balancer: LoadBalancer | undefined = isShared ? await startLoadBalancer(ports) : undefined;
  const engine = createVictoriametricsEngine({ url: victoria.url, rawMonths: 12 });
  const engines = new Map<Victim, Engine>([["victoriametrics", victoria]]);
  if (postgres !== undefined) engines.set("postgresql", postgres);
  const backendOf = (victim: Victim): number => Number(victim.split(" ")[1]);
  return {
    port: balancer?.port ?? ports[0] ?? 0,
    victims: [...engines.keys(), ...ports.map((_, k): Victim => `backend ${k}`)],
    crashes,
    ask(k, ...args) {
      const where = ["--config", configs[k] ?? "", "--admin", `127.0.0.1:${admins.get(k)}`];
      return spawnSync(process.execPath, [BACKEND, ...args, ...where], { encoding: "utf8" });
    },
    leads: (k) => leading.has(k),
    kill: (victim) => engines.get(victim)?.kill() ?? endBackend(backendOf(victim), "SIGKILL"),
    start: (victim) => engines.get(victim)?.start() ?? startBackend(backendOf(victim)),
    async readStore(read) {
      await Promise.all(ports.map((_, k) => endBackend(k, "SIGTERM")));
      if (postgres === undefined) {
        const store = await openLevelSnapshotStore({
          folder: join(folder, "backend-0/state/store"),
        });
        return await read(store).finally(() => store.close());
      }
      const database = await openPostgres({ url: postgres.url });
      const store = await openPostgresSnapshotStore({ database, newId: randomUUID });
      return await read(store).finally(() => database.close());
    },
    samples: async (id) => (await engine.count(id)).samples,
    async close() {
      await Promise.all(ports.map((_, k) => endBackend(k, "SIGKILL")));
      await balancer?.stop();
      await victoria.stop();
      await postgres?.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function writeConfig(
  home: string,
  port: number,
  urls: { victoria: string; postgres: string | undefined },
): string {
  mkdirSync(home, { recursive: true });
  const file = join(home, "backend.yaml");
  const lines = [
    "stateDir: state",
    "runtimeDir: run",
    `main: { host: 127.0.0.1, port: ${port}, socketsPerPrefix: 0 }`,
    "admin: { port: 0 }",
    "tls: { insecureLoopback: true }",
    "enrolment: { claimTokens: off }",
    "quota: { batchesPerSecond: 0, snapshotsPerDay: 0, MiBPerDay: 0 }",
    `store: { engine: victoriametrics, victoriametrics: { url: "${urls.victoria}" } }`,
    ...(urls.postgres === undefined
      ? []
      : [`registry: { engine: postgresql, postgresql: { url: "${urls.postgres}" } }`]),
  ];
  writeFileSync(file, `${lines.join("\n")}\n`);
  return file;
}
