/**
 * The packaged backend as a child process, as an operator runs it but without quotas and tokens,
 * which are not what is measured; and a look into its store when it is gone.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { runProgram } from "../scripts/demo/program.js";

/** A backend that listens. */
export interface IngestServer {
  readonly child: ChildProcess;
  readonly port: number;
  /** Its authority's certificate, PEM. */
  readonly ca: string;
  /** SIGKILL; resolves when it is gone. */
  stop(): Promise<void>;
}

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const BACKEND = join(ROOT, "dist/backend/main.js");
const COUNT = ["--conditions=source", "--import", "tsx", "bench/count-store.ts"];
const BARE = ["--conditions=source", "--import", "tsx", "bench/bare-grpc.ts"];
/** The flags of its unit file. */
const FLAGS = ["--disable-proto=delete"];

/** Starts it with its state in `folder`. */
export async function startIngestServer(folder: string): Promise<IngestServer> {
  const config = prepare(folder);
  return await start([...FLAGS, BACKEND, "serve", "--config", config], folder);
}

/** A bare gRPC server with the same certificate instead: see `bare-grpc.ts`. */
export async function startBareServer(folder: string): Promise<IngestServer> {
  prepare(folder);
  return await start([...FLAGS, ...BARE, folder], folder);
}

/** Writes configuration and certificate. Returns the configuration's file. */
function prepare(folder: string): string {
  mkdirSync(folder, { recursive: true });
  const config = join(folder, "backend.yaml");
  const lines = [
    `stateDir: ${folder}`,
    `runtimeDir: ${join(folder, "run")}`,
    "main: { host: 127.0.0.1, port: 0, socketsPerPrefix: 0 }",
    "admin: { port: 0 }",
    "enrolment: { claimTokens: off }",
    // Clients of the bench stand for thousands of homes on a few connections.
    "identity: { mode: token }",
    "quota: { batchesPerSecond: 0, snapshotsPerDay: 0, MiBPerDay: 0 }",
    "stream: { backlogKiBPerSecond: 0 }",
  ];
  writeFileSync(config, lines.join("\n"));
  runProgram([BACKEND, "ca", "init", "--config", config, "--host", "localhost"]);
  return config;
}

async function start(args: string[], folder: string): Promise<IngestServer> {
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const gone = once(child, "exit");
  for await (const line of createInterface({ input: child.stdout })) {
    const { event, mainPort } = JSON.parse(line) as { event: string; mainPort?: number };
    if (event !== "backend.listening" || mainPort === undefined) continue;
    child.stdout.resume();
    const stop = async () => {
      child.kill("SIGKILL");
      await gone;
    };
    return { child, stop, port: mainPort, ca: readFileSync(join(folder, "tls/ca.crt"), "utf8") };
  }
  throw new Error("the server ended before it listened");
}

/** What the store in `folder` holds, read back block by block. */
export function countStore(folder: string): {
  snapshots: number;
  totals: { snapshotsStored: number };
} {
  const options = { cwd: ROOT, encoding: "utf8" } as const;
  return JSON.parse(execFileSync(process.execPath, [...COUNT, join(folder, "store")], options));
}
