/** One of our two programs as a child process: its JSON log lines, its end. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** A line of a program's log. */
export type LogLine = { readonly event: string } & Readonly<Record<string, unknown>>;

/** A running program. */
export interface Program {
  readonly child: ChildProcess;
  /** The first line with this event, now or later. @throws when the program ends without it */
  waitFor(event: string): Promise<LogLine>;
  /** Tells every line, those already printed first. */
  onLine(listener: (line: LogLine) => void): void;
  /** SIGTERM, and its exit status. */
  stop(): Promise<number | null>;
}

/** Starts `node <args>`. */
export function startProgram(args: readonly string[], signal?: AbortSignal): Program {
  const child = spawn(process.execPath, args, {
    stdio: ["ignore", "pipe", "pipe"],
    ...(signal === undefined ? {} : { signal, killSignal: "SIGTERM" }),
  });
  child.on("error", () => {
    // An aborted signal kills the child; its exit says so.
  });
  const lines: LogLine[] = [];
  const listeners = new Set<(line: LogLine) => void>();
  let errors = "";
  child.stderr?.on("data", (text) => {
    errors = (errors + text).slice(-4000);
  });
  const reader = createInterface({ input: child.stdout ?? process.stdin });
  reader.on("line", (text) => {
    const line = parseLine(text);
    if (line === undefined) return;
    lines.push(line);
    for (const listener of listeners) listener(line);
  });
  const gone = once(child, "exit");
  return {
    child,
    onLine(listener) {
      for (const line of lines) listener(line);
      listeners.add(listener);
    },
    waitFor: (event) =>
      new Promise((resolve, reject) => {
        const found = lines.find((line) => line.event === event);
        if (found !== undefined) return resolve(found);
        const listener = (line: LogLine): void => {
          if (line.event !== event) return;
          listeners.delete(listener);
          resolve(line);
        };
        listeners.add(listener);
        void gone.then(() => reject(new Error(`ended before ${event}: ${errors}`)));
      }),
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill("SIGTERM");
        await gone;
      }
      return child.exitCode;
    },
  };
}

/** Runs `node <args>` to its end and returns what it printed. @throws with its errors otherwise */
export function runProgram(args: readonly string[]): string {
  const run = spawnSync(process.execPath, args, { encoding: "utf8" });
  if (run.status !== 0) throw new Error(`node ${args.join(" ")}: ${run.stderr}${run.stdout}`);
  return run.stdout;
}

/** The same without waiting in the way of what this process serves meanwhile. */
export async function askProgram(args: readonly string[], signal?: AbortSignal): Promise<string> {
  const stop = signal === undefined ? {} : { signal, killSignal: "SIGTERM" as const };
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"], ...stop });
  let [said, errors] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
  });
  const [status] = await once(child, "close");
  if (status !== 0) throw new Error(`node ${args.join(" ")}: ${errors}${said}`);
  return said;
}

function parseLine(text: string): LogLine | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isLine = typeof value === "object" && value !== null && "event" in value;
    return isLine ? (value as LogLine) : undefined;
  } catch {
    return undefined;
  }
}
