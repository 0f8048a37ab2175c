/**
 * Memory of the packaged daemon, with the flags of its unit file, beside a Node process that does
 * nothing: at rest (a poll each 10 s, stream to the backend open), and after 3,000 polls. Time runs
 * faster in the second one while it polls; the program, its sockets and its disk are real.
 *
 * Source: proc(5): `smaps_rollup`. `Pss` shares the program text among all Node processes that run,
 * so it depends on how many there are; `Rss` does not.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { type BenchOptions, type Facts, measure, median, skipCase } from "./harness.js";
import {
  isPackaged,
  type ProgramBed,
  type RunningDaemon,
  readUnit,
  startProgramBed,
} from "./program-bed.js";

/** How much is done; a short run shows only that it works. */
interface Plan {
  readonly polls: number;
  readonly restSeconds: number;
  /** Further polls of the last round, for the slope. */
  readonly slopePolls: number;
}
const PLAN: Plan = { polls: 3_000, restSeconds: 60, slopePolls: 20_000 };
const PLAN_SHORT: Plan = { polls: 300, restSeconds: 5, slopePolls: 300 };

/** Polls each second of a time that runs so many times faster; then a poll each 10 s. */
const FAST_PACE = 50;
const REST_PACE = 0.1;
const SAMPLES = 5;
const LOOK_MS = 250;

interface Memory {
  readonly rss: number;
  readonly pss: number;
}

/** What one round has shown. */
interface Round {
  readonly bare: Memory;
  readonly atRest: Memory;
  readonly afterPolls: Memory;
}

/** See `Bench` in the harness. */
export async function run(options: BenchOptions): Promise<void> {
  if (!isPackaged()) return skipCase("memory", "daemon", "npm run build");
  const plan = options.short ? PLAN_SHORT : PLAN;
  const bed = await startProgramBed();
  const rounds: Round[] = [];
  const facts: Record<string, number | string> = { flags: readUnit().flags.join(" ") };
  try {
    const wanted = 1 + (options.short ? 2 : 5);
    while (rounds.length < wanted) {
      const slopePolls = rounds.length === wanted - 1 ? plan.slopePolls : 0;
      rounds.push(await runRound(bed, { ...plan, slopePolls }, facts));
    }
  } finally {
    await bed.stop();
  }
  for (const key of ["rss", "pss"] as const) {
    const cases = { "at rest": "atRest", [`after ${plan.polls} polls`]: "afterPolls" } as const;
    for (const [name, of] of Object.entries(cases)) {
      await tell(`${key.toUpperCase()} ${name}`, rounds, { key, of, facts }, options);
    }
  }
}

/** Prints a case whose rounds are over. */
async function tell(
  name: string,
  rounds: readonly Round[],
  { key, of, facts }: { key: keyof Memory; of: "atRest" | "afterPolls"; facts: Facts },
  options: BenchOptions,
): Promise<void> {
  const bare = rounds.map((round) => round.bare[key]);
  const ours = rounds.map((round) => round[of][key]);
  const times = (median(ours.slice(1)) / median(bare.slice(1))).toFixed(2);
  await measure(
    {
      bench: "memory",
      case: name,
      unit: "MB",
      better: "less",
      baseline: { name: "node -e 'setInterval(()=>{},1e9)'", round: next(bare) },
      ours: next(ours),
      also: () => ({ timesBare: Number(times), ...facts }),
    },
    options,
  );
}

/** Hands out values one by one. */
function next(values: readonly number[]): () => number {
  const left = [...values];
  return () => left.shift() ?? Number.NaN;
}

async function runRound(
  bed: ProgramBed,
  plan: Plan,
  facts: Record<string, number | string>,
): Promise<Round> {
  const bare = await measureBare();
  const [atRest, afterPolls] = await Promise.all([
    measureAtRest(bed, plan),
    measureAfterPolls(bed, plan, facts),
  ]);
  return { bare, atRest, afterPolls };
}

async function measureBare(): Promise<Memory> {
  const child = spawn(process.execPath, ["-e", "setInterval(()=>{},1e9)"], { stdio: "ignore" });
  const gone = once(child, "exit");
  await pause(1000);
  const memory = await sample(child.pid ?? 0);
  child.kill("SIGKILL");
  await gone;
  return memory;
}

async function measureAtRest(bed: ProgramBed, plan: Plan): Promise<Memory> {
  const daemon = await bed.startDaemon({ pollSeconds: 10 });
  try {
    await pause(plan.restSeconds * 1000);
    await checkWell(daemon);
    return await sample(daemon.pid);
  } finally {
    await daemon.stop();
  }
}

async function measureAfterPolls(
  bed: ProgramBed,
  plan: Plan,
  facts: Record<string, number | string>,
): Promise<Memory> {
  const paces = [FAST_PACE, REST_PACE, FAST_PACE, REST_PACE];
  const daemon = await bed.startDaemon({ pollSeconds: 1, sealSeconds: 60, paces });
  const pollAndRest = async (polls: number) => {
    daemon.nextPace();
    await untilPolled(daemon, polls);
    daemon.nextPace();
    await pause(plan.restSeconds * 1000);
    await checkWell(daemon);
    return await sample(daemon.pid);
  };
  try {
    const after = await pollAndRest(plan.polls);
    if (plan.slopePolls > 0) {
      const later = await pollAndRest(plan.polls + plan.slopePolls);
      const perThousand = ((later.rss - after.rss) * 1e3) / (plan.slopePolls / 1e3);
      Object.assign(facts, {
        slopePolls: plan.slopePolls,
        slopeKbPer1000Polls: Number(perThousand.toFixed(1)),
      });
    }
    return after;
  } finally {
    await daemon.stop();
  }
}

async function untilPolled(daemon: RunningDaemon, polls: number): Promise<void> {
  for (;;) {
    const { devices } = await daemon.status();
    if ((devices[0]?.polls ?? 0) >= polls) return;
    await pause(LOOK_MS);
  }
}

/** Polls succeed, the stream is open, and nothing is unaccounted for. */
async function checkWell(daemon: RunningDaemon): Promise<void> {
  const { uplink, backlog, devices } = await daemon.status();
  const { polls = 0, failedPolls = 0 } = devices[0] ?? {};
  assert.ok(failedPolls < polls / 20, `${failedPolls} of ${polls} polls failed`);
  assert.equal(uplink?.isOnline, true, "the stream is open");
  assert.equal(backlog?.unaccounted, 0, "unaccounted snapshots");
}

/** Megabytes of a process, the median of a few looks. */
async function sample(pid: number): Promise<Memory> {
  const looks: Memory[] = [];
  while (looks.length < SAMPLES) {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
    const read = (name: string) =>
      (Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)?.[1]) * 1024) / 1e6;
    looks.push({ rss: read("Rss"), pss: read("Pss") });
    await pause(LOOK_MS);
  }
  return {
    rss: median(looks.map((one) => one.rss)),
    pss: median(looks.map((one) => one.pss)),
  };
}
