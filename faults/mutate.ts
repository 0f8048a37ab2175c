/**
 * Bad input: every field and byte of every request, block, record and file changed. What is taken in
 * spite of it has to mean what the sound bytes mean; nothing may crash, hang or swell.
 *
 * Cases run in processes of their own: one that hangs is ended and named, one that dies is counted.
 */
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { CASES_PER_SEED } from "./mutate-job.js";
import { addTally, createTally, inParallel, type Request, seedsOf, type Tally } from "./suite.js";

const SEEDS_USUAL = 50;
const WORKERS = 2;
/** Seeds that one process works on. */
const SEEDS_AT_ONCE = 50;
/** A thousand cases take a fraction of a second; a process that is silent for longer hangs. */
const SILENCE_MAX_MS = 180_000;
const HEAP_MAX_MIB = 512;
const WORKER = fileURLToPath(new URL("mutate-worker.ts", import.meta.url));

interface Portion {
  readonly seed: number;
  readonly cases: number;
}

/** Answers `--seeds`, a thousand cases each, or `--cases`. */
export async function run(request: Request): Promise<Tally> {
  const all = createTally();
  const folder = await mkdtemp(join(tmpdir(), "heatpool-mutate-"));
  let lane = 0;
  try {
    await inParallel(portions(request), WORKERS, async (portion) => {
      await runWorker(portion, await mkdtemp(join(folder, `${lane++}-`)), all);
      request.note(`${all.runs} cases, ${all.failures.length} failures`);
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return all;
}

function* portions(request: Request): Generator<Portion> {
  if (request.cases !== undefined) {
    const step = SEEDS_AT_ONCE * CASES_PER_SEED;
    for (let from = 0; from < request.cases; from += step) {
      const cases = Math.min(step, request.cases - from);
      yield { seed: request.seed + from / CASES_PER_SEED, cases };
    }
    return;
  }
  for (const seed of seedsOf(request, SEEDS_USUAL)) yield { seed, cases: CASES_PER_SEED };
}

async function runWorker({ seed, cases }: Portion, folder: string, tally: Tally): Promise<void> {
  const options = [
    "--conditions=source",
    "--import",
    "tsx",
    `--max-old-space-size=${HEAP_MAX_MIB}`,
  ];
  const args = [...options, WORKER, `${seed}`, `${cases}`, folder];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  let complaint = "";
  child.stderr.on("data", (text) => {
    complaint = (complaint + text).slice(-2000);
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), SILENCE_MAX_MS);
  let done = 0;
  createInterface(child.stdout).on("line", (line) => {
    addTally(tally, JSON.parse(line) as Tally);
    done++;
    timer.refresh();
  });
  const code = await new Promise<string | number>((resolve) => {
    child.once("close", (status, signal) => resolve(signal ?? status ?? -1));
  });
  clearTimeout(timer);
  if (code === 0) return;
  tally.crashes++;
  const repeat = `npm run -s faults -- mutate --seed ${seed + done} --seeds 1`;
  tally.failures.push(
    `seed ${seed + done}: the process ended with ${code}: ${complaint}; ${repeat}`,
  );
}
