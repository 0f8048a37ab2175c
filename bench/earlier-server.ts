/**
 * The baseline of the ingest bench: the earlier server, re-created in Python, or, without its
 * packages, an estimate of it. Its CPU is that of its one worker; the sink it writes to is ours and
 * keeps nothing.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { Agent, createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { freePort } from "../test/support/peer.js";
import { generate, REFERENCE_HOUSES, slice, toLegacyJson } from "./gen.mjs";

const PYTHON = "/usr/bin/python3";

/** Clock ticks per second of `/proc`; 100 on every Linux that Node runs on. */
const TICKS = 100;

/** CPU-seconds of one round. */
const ROUND_SECONDS = 0.5;

/** Requests at once; one worker takes them one after the other anyway. */
const REQUESTS = 4;

/** One side of the comparison. */
export interface EarlierServer {
  readonly name: string;
  readonly estimated: boolean;
  /** Million readings per CPU-second with `rows` per request. */
  rate(rows: number): Promise<number>;
  stop(): Promise<void>;
}

/** Starts it where its packages are, else estimates. */
export async function startEarlierServer(): Promise<EarlierServer> {
  const works = spawnSync(PYTHON, ["-c", "import fastapi, uvicorn, requests"], { stdio: "ignore" });
  return works.status === 0 ? await startPython() : estimate();
}

/** User and system time of a process, in seconds; fields 14 and 15 of `/proc/<pid>/stat`. */
export function cpuSecondsOf(pid: number | undefined): number {
  const text = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

async function startPython(): Promise<EarlierServer> {
  const sink = createServer((incoming, answer) => {
    incoming.resume().on("end", () => answer.writeHead(204).end());
  });
  sink.listen(0, "127.0.0.1");
  await once(sink, "listening");
  const port = await freePort();
  const script = fileURLToPath(new URL("earlier-server.py", import.meta.url));
  const sinkUrl = `http://127.0.0.1:${(sink.address() as AddressInfo).port}/write`;
  const child = spawn(PYTHON, [script, String(port), sinkUrl], { stdio: "inherit" });
  const agent = new Agent({ keepAlive: true, maxSockets: REQUESTS });
  await untilUp(port, agent);
  return {
    name: "FastAPI with pydantic, Influx lines to a null sink",
    estimated: false,
    rate: (rows) => measureRate(child, (body) => submit(port, agent, body), legacyBodies(rows)),
    stop: () => stopAll(child, sink, agent),
  };
}

/** Posts bodies until the worker has used enough CPU for a figure. */
async function measureRate(
  child: ChildProcess,
  post: (body: string) => Promise<number>,
  { bodies, readings }: LegacyBodies,
): Promise<number> {
  const before = cpuSecondsOf(child.pid);
  let posted = 0;
  let used = 0;
  while (used < ROUND_SECONDS) {
    for (let k = 0; k < bodies.length && used < ROUND_SECONDS; k += REQUESTS) {
      const some = bodies.slice(k, k + REQUESTS);
      const answers = await Promise.all(some.map(post));
      assert.ok(answers.every((status) => status === 200));
      posted += some.length;
      used = cpuSecondsOf(child.pid) - before;
    }
  }
  return (posted * readings) / used / 1e6;
}

function submit(port: number, agent: Agent, body: string): Promise<number> {
  const options = {
    host: "127.0.0.1",
    port,
    agent,
    method: "POST",
    path: "/api/v1/submit",
    headers: { "content-type": "application/json" },
  };
  return new Promise((resolve, reject) => {
    const call = request(options, (answer) => {
      answer.resume().on("end", () => resolve(answer.statusCode ?? 0));
    });
    call.on("error", reject);
    call.end(body);
  });
}

async function untilUp(port: number, agent: Agent): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const status = await submit(port, agent, "{}").catch(() => 0);
    if (status === 422) return;
    await pause(100);
  }
  throw new Error("the earlier server did not come up");
}

async function stopAll(child: ChildProcess, sink: Server, agent: Agent): Promise<void> {
  agent.destroy();
  const gone = once(child, "exit");
  child.kill("SIGTERM");
  await gone;
  sink.closeAllConnections();
  sink.close();
}

/**
 * How many times slower than `JSON.parse` it takes the same bodies in: measured once at 60 and at
 * 1,440 rows, and no faster at 5.
 */
function slowerThanParse(rows: number): number {
  return rows >= 1_440 ? 26 : 36;
}

function estimate(): EarlierServer {
  return {
    name: "JSON.parse / 36 (/ 26 at 1,440); python3-fastapi, -uvicorn and -requests are missing",
    estimated: true,
    rate: async (rows) => parseRate(legacyBodies(rows)) / slowerThanParse(rows),
    stop: async () => undefined,
  };
}

interface LegacyBodies {
  readonly bodies: readonly string[];
  /** Of each body. */
  readonly readings: number;
}

const made = new Map<number, LegacyBodies>();

/** The same rows as the earlier client sends them. */
function legacyBodies(rows: number): LegacyBodies {
  const known = made.get(rows);
  if (known !== undefined) return known;
  const [house = { seed: 1 }] = REFERENCE_HOUSES;
  const data = generate({ ...house, days: 2 });
  const count = Math.min(100, Math.floor(data.n / rows));
  const bodies = Array.from({ length: count }, (_, k) =>
    toLegacyJson(slice(data, k * rows, (k + 1) * rows)),
  );
  const fresh = { bodies, readings: rows * data.channels.length };
  made.set(rows, fresh);
  return fresh;
}

/** Million readings per CPU-second of `JSON.parse`. */
function parseRate({ bodies, readings }: LegacyBodies): number {
  const before = process.cpuUsage();
  let parsed = 0;
  do {
    for (const body of bodies) {
      JSON.parse(body);
      parsed += readings;
    }
  } while (process.cpuUsage(before).user < ROUND_SECONDS * 1e6);
  const { user, system } = process.cpuUsage(before);
  return parsed / (user + system);
}
