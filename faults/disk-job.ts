/**
 * Work on a disk that is watched and can fail: runs in a process of its own with the shim loaded,
 * so that a process that dies (LevelDB may end it) costs one seed and is counted.
 */
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { buildShim, canBuildShim, type Disk } from "./disk-shim.js";
import { addTally, createTally, inParallel, type Request, seedsOf, type Tally } from "./suite.js";

/** Where a job works. */
export interface Workshop {
  /** Everything below is watched. */
  readonly folder: string;
  readonly disk: Disk;
  /** Where traces go; not watched. */
  readonly traceFile: string;
}

/** One seed of a suite. A module `faults/<name>-job.ts` exports `work` of this type. */
export type DiskJob = (seed: number, workshop: Workshop) => Promise<Tally>;

const WORKERS = 2;
/** Seeds that one process works on; its end is looked at in between. */
const SEEDS_AT_ONCE = 20;
const WORKER = fileURLToPath(new URL("disk-worker.ts", import.meta.url));

/** Runs `name`'s job for the seeds of a request. */
export async function runDiskJobs(
  name: string,
  request: Request,
  seedsUsual: number,
): Promise<Tally> {
  const all = createTally();
  if (!canBuildShim()) {
    request.note(`${name}: not run: needs Linux and a C compiler (apt-get install gcc libc6-dev)`);
    return all;
  }
  const place = await mkdtemp(join(tmpdir(), `heatpool-${name}-`));
  try {
    const library = buildShim(place);
    const seeds = seedsOf(request, seedsUsual);
    await inParallel(portions(seeds), WORKERS, async (portion) => {
      const folder = await mkdtemp(join(place, "disk-"));
      let left = portion;
      while (left.length > 0) {
        const one = createTally();
        left = await runWorker({ name, library, folder, seeds: left }, one);
        addTally(all, one);
        // A long run tells at once what it found.
        for (const failure of one.failures) request.note(failure);
      }
      await rm(folder, { recursive: true, force: true });
      request.note(`${all.runs} runs, ${all.failures.length} failures`);
    });
  } finally {
    await rm(place, { recursive: true, force: true });
  }
  return all;
}

function* portions(seeds: Iterable<number>): Generator<number[]> {
  let portion: number[] = [];
  for (const seed of seeds) {
    portion.push(seed);
    if (portion.length < SEEDS_AT_ONCE) continue;
    yield portion;
    portion = [];
  }
  if (portion.length > 0) yield portion;
}

/** Works on seeds until they are done or the process died. Returns what is left. */
async function runWorker(
  {
    name,
    library,
    folder,
    seeds,
  }: Record<"name" | "library" | "folder", string> & {
    seeds: readonly number[];
  },
  tally: Tally,
): Promise<number[]> {
  const args = ["--conditions=source", "--import", "tsx", WORKER, name, folder, seeds.join()];
  const child = spawn(process.execPath, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, LD_PRELOAD: library, HEATPOOL_DISK: folder, UV_USE_IO_URING: "0" },
  });
  let complaint = "";
  child.stderr.on("data", (text) => {
    complaint = (complaint + text).slice(-2000);
  });
  let done = 0;
  createInterface(child.stdout).on("line", (line) => {
    addTally(tally, JSON.parse(line) as Tally);
    done++;
  });
  const code = await new Promise<string | number>((resolve) => {
    child.once("close", (status, signal) => resolve(signal ?? status ?? -1));
  });
  if (code === 0 && done === seeds.length) return [];
  const seed = seeds[done] ?? 0;
  tally.crashes++;
  const repeat = `npm run -s faults -- ${name} --seed ${seed} --seeds 1`;
  tally.failures.push(`seed ${seed}: the process ended with ${code}: ${complaint}; ${repeat}`);
  return seeds.slice(done + 1);
}
