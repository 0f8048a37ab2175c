/**
 * Floods at the public door of a real backend process (A16), with honest clients beside them: what
 * those wait is measured in quiet and under each flood, in one run.
 *
 * Counted as accepted: connections of attackers above what their networks may have. Counted as
 * crashes: an honest client refused or cut off, memory beyond its bound, a process that ended. The
 * waiting times go to standard error and decide nothing: attackers, clients and server share this
 * machine's cores. Attackers stand for other machines, and so have what the others leave where it is
 * measured.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { AttackCounts, AttackSuite } from "./attack-suite.js";
import { type AttackedBackend, startAttackedBackend } from "./door/attacked-backend.js";
import type { FloodOrder, FloodReport } from "./door/flood-process.js";
import { FLOODS, type FloodName } from "./door/floods.js";
import { type HonestClients, startHonestClients, type Waited } from "./door/honest-clients.js";
import { type LoopDelays, measureLoop } from "./door/loop-delays.js";

/** How much of it. */
export interface DoorSize {
  readonly clients: number;
  readonly quietMs: number;
  readonly floodMs: number;
  /** Attackers have what cores the others leave, which on a busy machine are none. */
  readonly isMeasured: boolean;
}

/** What one flood did. */
export interface DoorReport {
  readonly flood: FloodName;
  readonly connections: number;
  readonly frames: number;
  readonly quiet: Waited;
  readonly flooded: Waited;
  /** How long the server's event loop lets wait: without what clients and machine add to it. */
  readonly quietLoop: LoopDelays;
  readonly floodedLoop: LoopDelays;
  /** Of the 99th percentiles; and of those once the flood is two seconds old. */
  readonly ratio: number;
  readonly steadyRatio: number;
  /** Of one core, by the server's process. */
  readonly quietCpuPercent: number;
  readonly floodedCpuPercent: number;
  /** Of its time, wanting a core and having none: what other programs did to the figures. */
  readonly quietWaitPercent: number;
  readonly floodedWaitPercent: number;
  readonly rssMiBMax: number;
  /** Sockets of attackers that the server held at once. */
  readonly heldMax: number;
}

const EVERYDAY: DoorSize = { clients: 50, quietMs: 4_000, floodMs: 8_000, isMeasured: true };
const FULL: DoorSize = { clients: 50, quietMs: 20_000, floodMs: 60_000, isMeasured: true };
/** Of the design: the backend's memory under attack. */
const RSS_MAX_MIB = 512;
const ENROLLED_ATTACKERS = 4;
/**
 * Attackers' networks, and how many connections each may have; and some that were accepted by the
 * system and are being closed.
 */
export const HELD_MAX = 8 * 64 + 16;
const REFUSALS_SHOWN = 5;
const LOOK_MS = 250;
/** A flood that does not end on its own ends with its process. */
const PATIENCE_MS = 30_000;
const ATTACKERS = fileURLToPath(new URL("./door/flood-process.ts", import.meta.url));

/** Floods at the door. `cases` is the number of honest clients. */
export const doorAttacks: AttackSuite = {
  name: "door",
  async run({ cases, isFull, onFacts }): Promise<AttackCounts> {
    const size = isFull === true ? FULL : EVERYDAY;
    const load = () => Math.round(10 * (loadavg()[0] ?? 0)) / 10;
    const { counts, refusals } = await attackDoor(
      { ...size, clients: cases ?? size.clients },
      (report) => onFacts?.({ ...report, load: load() }),
    );
    if (refusals.length > 0) onFacts?.({ refusals: refusals.slice(0, REFUSALS_SHOWN) });
    return counts;
  },
};

/** All floods, one after the other. */
export async function attackDoor(
  size: DoorSize,
  onReport: (report: DoorReport) => void,
): Promise<{ counts: AttackCounts; refusals: readonly string[] }> {
  const folder = mkdtempSync(join(tmpdir(), "heatpool-door-"));
  const ends: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
  const counts = { cases: 0, accepted: 0, plaintextBytes: 0, crashes: 0 };
  try {
    const backend = await startAttackedBackend(folder);
    ends.push(() => backend.stop());
    const shown = await enrolAll(backend, size.clients + ENROLLED_ATTACKERS);
    const enrolled = shown.slice(size.clients);
    const honest = await startHonestClients(backend, shown.slice(0, size.clients));
    ends.push(() => honest.close());
    const attackers = await startAttackers(size);
    ends.push(() => attackers.end());
    for (const flood of Object.keys(FLOODS) as FloodName[]) {
      const order = { name: flood, port: backend.port, forMs: size.floodMs, enrolled };
      const report = await measure({ backend, honest, attackers, order, quietMs: size.quietMs });
      onReport(report);
      counts.cases += report.connections;
      counts.accepted += Math.max(0, report.heldMax - HELD_MAX);
      counts.crashes += report.rssMiBMax > RSS_MAX_MIB ? 1 : 0;
      if (backend.hasExited()) break;
    }
    counts.crashes += honest.refusals.length + (backend.hasExited() ? 1 : 0);
    await honest.close();
    counts.crashes += (await backend.stop()) === 0 ? 0 : 1;
    return { counts, refusals: honest.refusals };
  } finally {
    for (const end of ends.reverse()) await end();
  }
}

/** A process of attackers. */
interface Attackers {
  attack(order: FloodOrder): Promise<FloodReport>;
  end(): void;
}

async function enrolAll(backend: AttackedBackend, count: number) {
  const all = [];
  for (let number = 0; number < count; number += 1) all.push(await backend.enrol());
  return all;
}

/** Quiet, then the flood. */
async function measure(parts: {
  readonly backend: AttackedBackend;
  readonly honest: HonestClients;
  readonly attackers: Attackers;
  readonly order: FloodOrder;
  readonly quietMs: number;
}): Promise<DoorReport> {
  const { backend, honest, attackers, order, quietMs } = parts;
  const start = backend.taken();
  const { delaysFile } = backend;
  const { done: quiet, loop: quietLoop } = await measureLoop(delaysFile, () =>
    honest.during(() => pause(quietMs)),
  );
  const before = backend.taken();
  let [rssMiBMax, heldMax] = [before.rssMiB, 0];
  const looking = setInterval(() => {
    const { rssMiB, openFiles } = backend.taken();
    rssMiBMax = Math.max(rssMiBMax, rssMiB);
    heldMax = Math.max(heldMax, openFiles - before.openFiles);
  }, LOOK_MS);
  let told: FloodReport = { connections: 0, frames: 0 };
  const { done: flooded, loop: floodedLoop } = await measureLoop(delaysFile, () =>
    honest.during(async () => {
      told = await attackers.attack(order);
    }),
  );
  clearInterval(looking);
  const after = backend.taken();
  return {
    flood: order.name,
    ...told,
    quiet: round(quiet),
    flooded: round(flooded),
    quietLoop,
    floodedLoop,
    ratio: Math.round((100 * flooded.p99Ms) / quiet.p99Ms) / 100,
    steadyRatio: Math.round((100 * flooded.steadyP99Ms) / quiet.p99Ms) / 100,
    quietCpuPercent: toPercent(before.cpuSeconds - start.cpuSeconds, quietMs),
    floodedCpuPercent: toPercent(after.cpuSeconds - before.cpuSeconds, order.forMs),
    quietWaitPercent: toPercent(before.waitedSeconds - start.waitedSeconds, quietMs),
    floodedWaitPercent: toPercent(after.waitedSeconds - before.waitedSeconds, order.forMs),
    rssMiBMax: Math.round(rssMiBMax),
    heldMax,
  };
}

/** Attackers that are ready, so that their start costs nobody anything while it is measured. */
async function startAttackers({ isMeasured }: DoorSize): Promise<Attackers> {
  const flags = ["--conditions=source", "--import", "tsx"];
  // All of its threads (util-linux, chrt(1)): a priority that a program sets is its main thread's.
  const idle = { execPath: "chrt", execArgv: ["--idle", "0", process.execPath, ...flags] };
  const child = fork(ATTACKERS, isMeasured ? idle : { execArgv: flags });
  const ended = once(child, "exit").then((): never => {
    throw new Error("the attackers ended");
  });
  ended.catch(() => undefined);
  const next = async () => {
    const [said] = (await Promise.race([once(child, "message"), ended])) as [FloodReport];
    return said;
  };
  await next();
  return {
    async attack(order) {
      const overdue = setTimeout(() => child.kill("SIGKILL"), order.forMs + PATIENCE_MS);
      child.send(order);
      return next().finally(() => clearTimeout(overdue));
    },
    end: () => child.kill("SIGKILL"),
  };
}

function toPercent(seconds: number, ms: number): number {
  return Math.round((100_000 * seconds) / ms);
}

function round({ answers, p50Ms, p99Ms, steadyP99Ms }: Waited): Waited {
  const tenths = (ms: number) => Math.round(10 * ms) / 10;
  return {
    answers,
    p50Ms: tenths(p50Ms),
    p99Ms: tenths(p99Ms),
    steadyP99Ms: tenths(steadyP99Ms),
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
