/**
 * The schedule: each job waits for its own time, so that a long one keeps no other waiting.
 *
 * Times come from patterns, and from a wall clock that may step: it is looked at every few minutes,
 * and nothing runs by a clock that is not known to be right. With several processes only the one
 * that leads runs jobs.
 */
import { Cron } from "croner";
import type { Clock } from "#core/clock.js";
import { HeatpoolError } from "#core/errors.js";
import type { Job, JobRun, JobState, RunFacts, Schedule } from "./schedule.js";

/** What the schedule works with. */
export interface ScheduleDeps {
  readonly jobs: readonly Job[];
  readonly clock: Clock;
  /** Where runs are recorded. */
  readonly store: {
    record(name: string): Promise<Uint8Array | undefined>;
    putRecord(name: string, bytes: Uint8Array): Promise<void>;
  };
  /** Whether this process is the one that runs jobs; left out: it is alone. */
  readonly mayLead?: () => Promise<boolean>;
  /** Told after every run. */
  readonly onRun?: (run: JobRun) => void;
  /** What a job threw. */
  readonly onFault: (fault: unknown, job: string) => void;
}

/** The clock may step: it is looked at this often. A run that failed is tried again after it. */
const LOOK_MS = 10 * 60_000;
/** Runs of a job that are kept. */
const RUNS_MAX = 32;
const DETAIL_CHARS_MAX = 400;

/** Where a job stands, as it is kept. */
interface Kept {
  /** The newest time that needs no run any more. */
  readonly settledDueMs: number;
  readonly runs: readonly JobRun[];
}

interface Work {
  readonly job: Job;
  readonly cron: Cron;
  kept: Kept;
  isRunning: boolean;
}

/** Reads back how the jobs stand. @throws HeatpoolError `CONFIG_INVALID` a pattern is none */
export async function createSchedule(deps: ScheduleDeps): Promise<Schedule> {
  const works: Work[] = [];
  for (const job of deps.jobs) {
    const kept = await readKept(deps, job);
    works.push({ job, cron: parsePattern(job), kept, isRunning: false });
  }
  const find = (name: string): Work => {
    const work = works.find((one) => one.job.name === name);
    if (work !== undefined) return work;
    const names = works.map((one) => one.job.name).join(", ");
    throw new HeatpoolError("NOT_FOUND", `no job ${JSON.stringify(name.slice(0, 64))}`, {
      hint: `There are: ${names}.`,
    });
  };
  return {
    states: () => works.map((work) => toState(work)),
    async runNow(name) {
      const work = find(name);
      if (work.isRunning) throw new HeatpoolError("UNAVAILABLE", `${name} runs already`);
      return await runOnce(deps, work, 0, new AbortController().signal);
    },
    async live(signal) {
      await Promise.all(works.map((work) => runAtTimes(deps, work, signal)));
    },
  };
}

function toState({ job, cron, kept, isRunning }: Work): JobState {
  const nextDueMs = dueAfter(cron, kept.settledDueMs);
  return { name: job.name, pattern: job.pattern, nextDueMs, isRunning, runs: kept.runs };
}

async function runAtTimes(deps: ScheduleDeps, work: Work, signal: AbortSignal): Promise<void> {
  const { clock } = deps;
  while (!signal.aborted) {
    const nowMs = clock.nowMs();
    const dueMs = dueAfter(work.cron, work.kept.settledDueMs);
    const isDue = nowMs >= dueMs && clock.isSynced() && !work.isRunning;
    if (!isDue) {
      await clock.sleep(
        Math.max(1, Math.min(LOOK_MS, dueMs > nowMs ? dueMs - nowMs : LOOK_MS)),
        signal,
      );
      continue;
    }
    const isDone = (await mayLead(deps)) && (await runDue(deps, work, signal));
    if (!isDone) await clock.sleep(LOOK_MS, signal);
  }
}

async function mayLead({ mayLead: ask, onFault }: ScheduleDeps): Promise<boolean> {
  try {
    return (await ask?.()) ?? true;
  } catch (fault) {
    onFault(fault, "leader");
    return false;
  }
}

/** Of several times that were missed, only the last is made up for. */
async function runDue(deps: ScheduleDeps, work: Work, signal: AbortSignal): Promise<boolean> {
  const dueMs = lastDue(work.cron, work.kept.settledDueMs, deps.clock.nowMs());
  const run = await runOnce(deps, work, dueMs, signal);
  return run.outcome === "done";
}

async function runOnce(
  deps: ScheduleDeps,
  work: Work,
  dueMs: number,
  signal: AbortSignal,
): Promise<JobRun> {
  const { clock, onFault, onRun } = deps;
  const startedAtMs = clock.nowMs();
  const startedMonotonicMs = clock.monotonicMs();
  work.isRunning = true;
  let result: Pick<JobRun, "outcome" | "detail">;
  try {
    result = { outcome: "done", detail: describe(await work.job.run(signal)) };
  } catch (fault) {
    if (!signal.aborted) onFault(fault, work.job.name);
    const why = fault instanceof Error ? fault.message : String(fault);
    result = { outcome: "failed", detail: why.slice(0, DETAIL_CHARS_MAX) };
  }
  const durationMs = Math.round(clock.monotonicMs() - startedMonotonicMs);
  const run = { job: work.job.name, dueMs, startedAtMs, durationMs, ...result };
  const settledDueMs =
    run.outcome === "done" ? Math.max(work.kept.settledDueMs, dueMs) : work.kept.settledDueMs;
  work.kept = { settledDueMs, runs: [...work.kept.runs, run].slice(-RUNS_MAX) };
  work.isRunning = false;
  await keep(deps, work).catch((fault: unknown) => onFault(fault, work.job.name));
  onRun?.(run);
  return run;
}

function describe(facts: RunFacts): string {
  const text = Object.entries(facts).map(([name, value]) => `${name} ${value}`);
  return text.join(", ").slice(0, DETAIL_CHARS_MAX);
}

function parsePattern({ name, pattern }: Job): Cron {
  try {
    return new Cron(pattern, { timezone: "Etc/UTC", mode: "5-part", paused: true });
  } catch (cause) {
    throw new HeatpoolError("CONFIG_INVALID", `${name}: ${JSON.stringify(pattern)} is no time`, {
      cause,
      hint: "Five fields: minute, hour, day of month, month, weekday; e.g. `15 3 * * *`.",
    });
  }
}

/** The first time after `afterMs`. */
function dueAfter(cron: Cron, afterMs: number): number {
  return cron.nextRun(new Date(afterMs))?.getTime() ?? Number.POSITIVE_INFINITY;
}

/** The last time up to `nowMs`, where one came after `afterMs`. */
function lastDue(cron: Cron, afterMs: number, nowMs: number): number {
  const [last] = cron.previousRuns(1, new Date(nowMs + 1000));
  return Math.max(last?.getTime() ?? afterMs, afterMs);
}

function recordName({ name }: Job): string {
  return `jobs/${name}`;
}

async function readKept({ store, clock }: ScheduleDeps, job: Job): Promise<Kept> {
  const bytes = await store.record(recordName(job));
  if (bytes !== undefined) return JSON.parse(Buffer.from(bytes).toString("utf8")) as Kept;
  // As if it had run just now, or as if every time before had been missed. Written down at once: a
  // restart must not put off what is due meanwhile.
  const kept = { settledDueMs: job.atFirstStart ? 0 : clock.nowMs(), runs: [] };
  await keep({ store }, { job, kept });
  return kept;
}

async function keep(
  { store }: Pick<ScheduleDeps, "store">,
  { job, kept }: Pick<Work, "job" | "kept">,
): Promise<void> {
  await store.putRecord(recordName(job), Buffer.from(JSON.stringify(kept), "utf8"));
}
