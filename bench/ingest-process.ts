/** `ingest-server.ts` as a child process: a backend that listens on loopback and can be killed. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** A backend that listens. */
export interface IngestServer {
  readonly child: ChildProcess;
  readonly port: number;
  /** Its authority's certificate, PEM. */
  readonly ca: string;
  /** SIGKILL; resolves when it is gone. */
  stop(): Promise<void>;
}

const IN_ROOT = { cwd: new URL("..", import.meta.url), encoding: "utf8" } as const;
const NODE_ARGS = ["--conditions=source", "--import", "tsx", "bench/ingest-server.ts"];

/** Starts it on the store in `folder`. */
export async function startIngestServer(folder: string): Promise<IngestServer> {
  const child = spawn(process.execPath, [...NODE_ARGS, "serve", folder], {
    cwd: IN_ROOT.cwd,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const gone = once(child, "exit");
  for await (const line of createInterface({ input: child.stdout })) {
    const facts = JSON.parse(line) as { port: number; ca: string };
    const stop = async () => {
      child.kill("SIGKILL");
      await gone;
    };
    return { child, stop, ...facts };
  }
  throw new Error("the server ended before it listened");
}

/** What the store in `folder` holds, read back block by block. */
export function countStore(folder: string): {
  snapshots: number;
  totals: { snapshotsStored: number };
} {
  return JSON.parse(execFileSync(process.execPath, [...NODE_ARGS, "count", folder], IN_ROOT));
}
