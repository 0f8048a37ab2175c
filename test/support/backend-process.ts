/** The real program `heatpool-backend` in its own process, on loopback, with its own folder. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { programOf } from "./program.js";

/** A command that ended. */
export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A backend that serves. */
export interface RunningBackend {
  readonly child: ChildProcess;
  /** Lines of its log, as they come. */
  readonly events: Record<string, unknown>[];
  readonly mainPort: number;
  readonly adminPort: number;
  /** 0: nobody enrols there. */
  readonly enrolPort: number;
  /** All that it wrote beside its log. */
  complaints(): string;
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>;
}

/** Writes the configuration of a backend into `folder`. Ports are free ones. */
export function writeBackendConfig(folder: string, more = ""): string {
  const file = join(folder, "backend.yaml");
  const lines = [
    "stateDir: state",
    "runtimeDir: run",
    "main: { host: 127.0.0.1, port: 0 }",
    "admin: { port: 0 }",
    "enrol: { port: 0, callsPerPrefixPerHour: 0 }",
  ];
  writeFileSync(file, `${lines.join("\n")}\n${more}\n`);
  return file;
}

/** Runs a command to its end. */
export function runBackendCommand(...args: string[]): Ended {
  return runBackendIn({}, ...args);
}

/** The same, with more in its environment. */
export function runBackendIn(environment: Record<string, string>, ...args: string[]): Ended {
  const env = { ...process.env, ...environment };
  return spawnSync(process.execPath, [...programOf("backend"), ...args], { encoding: "utf8", env });
}

/** Starts `serve` and waits until it listens. @param program what Node runs, where it is not the backend as it is */
export async function startBackend(
  configFile: string,
  program: readonly string[] = programOf("backend"),
): Promise<RunningBackend> {
  const child = spawn(process.execPath, [...program, "serve", "--config", configFile], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const gone = once(child, "exit") as Promise<[number | null]>;
  let complaint = "";
  child.stderr.on("data", (text) => {
    complaint += text;
  });
  const events: Record<string, unknown>[] = [];
  const listening = new Promise<Record<string, unknown>>((resolve) => {
    createInterface(child.stdout).on("line", (line) => {
      const event = JSON.parse(line) as Record<string, unknown>;
      events.push(event);
      if (event.event === "backend.listening") resolve(event);
    });
  });
  const first = await Promise.race([listening, gone]);
  if (Array.isArray(first)) throw new Error(`the backend ended with ${first[0]}: ${complaint}`);
  return {
    child,
    events,
    mainPort: Number(first.mainPort),
    adminPort: Number(first.adminPort),
    enrolPort: Number(first.enrolPort ?? 0),
    complaints: () => complaint,
    async stop() {
      child.kill("SIGTERM");
      const [code] = await gone;
      return code;
    },
  };
}

/** The claim token that `ca init` made in `folder`. */
export function readClaimToken(folder: string): string {
  return readFileSync(join(folder, "state/tls/claim-token"), "utf8").trim();
}
