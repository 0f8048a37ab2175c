/**
 * What one installation costs the backend in a small fleet and in one ten times as large: taking
 * its hour in, its part of a release of statistics, its memory, its idle stream, and a question.
 * The baseline is the small fleet; a ratio near 1 says that the cost does not grow. Beside it stands
 * what the runtime takes for the same with nothing of ours: a server of grpc-js alone, a bare Map.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { cpuSecondsOf } from "./earlier-server.js";
import { type BenchOptions, measure, skipCase } from "./harness.js";
import { makeLoad, openIdle } from "./ingest-load.js";
import { startBareServer, startIngestServer } from "./ingest-process.js";
import { isPackaged } from "./program-bed.js";

/** Installations; streams are fewer, because their other ends live on this machine too. */
const SIZES = { few: 1_000, many: 10_000, fewStreams: 300, manyStreams: 3_000 };
const SIZES_SHORT = { few: 100, many: 1_000, fewStreams: 50, manyStreams: 500 };

const TASKS = [
  { task: "ingest", what: "an hour of 60 rows taken in", unit: "us CPU/installation" },
  { task: "release", what: "a release of statistics", unit: "us CPU/installation" },
  { task: "eligibility", what: "a question about eligibility", unit: "us CPU/question" },
  { task: "asked", what: "that question with its bytes", unit: "us CPU/question" },
  { task: "map", what: "a look into a bare map", unit: "us CPU/question" },
  { task: "averages", what: "a question about averages", unit: "us CPU/question" },
  { task: "memory", what: "memory of the fleet", unit: "kB/installation" },
] as const;

/** Streams set up at once, and the time in which the server settles. */
const AT_ONCE = 50;
const SETTLE_MS = 2_000;

/** See `Bench` in the harness. */
export async function run(options: BenchOptions): Promise<void> {
  if (!isPackaged()) return skipCase("growth", "backend", "npm run build");
  const sizes = options.short ? SIZES_SHORT : SIZES;
  const folder = mkdtempSync(join(tmpdir(), "heatpool-bench-"));
  const few = startPool(join(folder, "few"), sizes.few);
  const many = startPool(join(folder, "many"), sizes.many);
  try {
    for (const { task, what, unit } of TASKS) {
      await measure(
        {
          bench: "growth",
          case: `${what}, ${sizes.many} installations`,
          unit,
          better: "less",
          baseline: { name: `${sizes.few} installations`, round: () => few.ask(task) },
          ours: () => many.ask(task),
          cpuSeconds: () => cpuSecondsOf(many.pid),
        },
        options,
      );
    }
    await measure(
      {
        bench: "growth",
        case: `a question about eligibility, ${sizes.many} installations, beside the floor`,
        unit: "us CPU/question",
        better: "less",
        baseline: { name: "a look into a bare map", round: () => many.ask("map") },
        ours: () => many.ask("eligibility"),
        cpuSeconds: () => cpuSecondsOf(many.pid),
      },
      options,
    );
  } finally {
    await Promise.all([few.stop(), many.stop()]);
    rmSync(folder, { recursive: true, force: true });
  }
  await compareStreams(sizes, options);
}

/** Resident memory of the server per idle stream. */
async function compareStreams(sizes: typeof SIZES, options: BenchOptions): Promise<void> {
  const { fewStreams, manyStreams } = sizes;
  await measure(
    {
      bench: "growth",
      case: `an idle stream over TLS, ${manyStreams} of them`,
      unit: "KiB/stream",
      better: "less",
      baseline: { name: `${fewStreams} streams`, round: () => measureStreams(fewStreams) },
      ours: () => measureStreams(manyStreams),
    },
    options,
  );
  await measure(
    {
      bench: "growth",
      case: `an idle stream over TLS, ${manyStreams} of them, beside the floor`,
      unit: "KiB/stream",
      better: "less",
      baseline: {
        name: "a bare grpc-js server",
        round: () => measureStreams(manyStreams, startBareServer),
      },
      ours: () => measureStreams(manyStreams),
    },
    options,
  );
}

async function measureStreams(count: number, start = startIngestServer): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "heatpool-bench-"));
  const server = await start(folder);
  const { table } = makeLoad(1, 1, 1);
  const closings: (() => void)[] = [];
  try {
    const open = async (streams: number) => {
      for (let from = 0; from < streams; from += AT_ONCE) {
        const some = Math.min(AT_ONCE, streams - from);
        closings.push(
          ...(await Promise.all(Array.from({ length: some }, () => openIdle(table, server)))),
        );
      }
      await pause(SETTLE_MS);
    };
    // The first streams also pay for code and buffers that all share.
    await open(AT_ONCE);
    const before = residentKiB(server.child.pid);
    await open(count);
    return (residentKiB(server.child.pid) - before) / count;
  } finally {
    for (const close of closings) close();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function residentKiB(pid: number | undefined): number {
  return Number(/^Rss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1]);
}

/** A fleet in a process of its own. */
function startPool(folder: string, installations: number) {
  const args = ["--expose-gc", "--conditions=source", "--import", "tsx", "bench/growth-pool.ts"];
  const child = spawn(process.execPath, [...args, folder, String(installations)], {
    cwd: new URL("..", import.meta.url),
    stdio: ["pipe", "pipe", "inherit"],
  });
  const gone = once(child, "exit");
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    pid: child.pid,
    async ask(task: string): Promise<number> {
      child.stdin.write(`${task}\n`);
      const { value, done } = await answers.next();
      if (done === true) throw new Error(`the pool ended before it answered ${task}`);
      return Number(value);
    },
    async stop() {
      child.stdin.end();
      await gone;
    },
  };
}
