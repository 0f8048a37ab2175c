/**
 * Half-space trees learning, and scoring then learning, against a forest with an object per node in
 * Python (`half-space-trees.py`), both behind a running minimum and maximum. The sums of the scores
 * of the rows that both have seen have to be equal to the bit.
 */
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { learnRows, scoreAndLearn } from "#core/anomaly/half-space-batch.js";
import { createHalfSpaceTrees } from "#core/anomaly/half-space-trees.js";
import { CHANNELS, generate } from "./gen.mjs";
import { type BenchLine, type BenchOptions, measure, skipCase } from "./harness.js";

/** What an air-source heat pump tells on most controllers. */
const FEATURES = [
  "temp_outside",
  "temp_heat_pump_flow",
  "temp_heat_pump_return",
  "temp_water_heater_top",
  "power_electric",
  "power_thermal",
  "cop_current",
  "pressure_high",
  "pressure_low",
  "fan_speed_rpm",
  "compressor_rpm",
];
/** The baseline's own names sort in the order of the columns, as these do. */
const COLUMNS = FEATURES.map((_, index) => `f${String(index).padStart(2, "0")}`);
/** Records of a round of ours, and of a round of the baseline, which is slower by far. */
const ROWS = 400_000;
const ROWS_SHORT = 40_000;
const BASELINE_ROWS = 10_000;
const BASELINE = fileURLToPath(new URL("half-space-trees.py", import.meta.url));
/** Houses the records come from. */
const SEEDS = [201, 202, 203, 105];

/** Prints the lines `hst-learn` and `hst-score-learn`. */
export async function measureHst(options: BenchOptions): Promise<BenchLine[]> {
  if (spawnSync("python3", ["--version"]).status !== 0) {
    for (const name of ["hst-learn", "hst-score-learn"]) skipCase("training", name, "python3");
    return [];
  }
  const rows = readRows(options.short ? ROWS_SHORT : ROWS);
  return [
    await measureCase(rows, { name: "hst-learn", isScoring: false }, options),
    await measureCase(rows, { name: "hst-score-learn", isScoring: true }, options),
  ];
}

async function measureCase(
  rows: Float64Array,
  { name, isScoring }: { name: string; isScoring: boolean },
  options: BenchOptions,
): Promise<BenchLine> {
  const count = rows.length / COLUMNS.length;
  const scores = new Float64Array(count);
  const baseline = startBaseline(rows, isScoring);
  try {
    return await measure(
      {
        bench: "training",
        case: name,
        unit: "records/s",
        better: "more",
        baseline: { name: "an object per node in Python", round: () => baseline.round() },
        ours: () => {
          const trees = createHalfSpaceTrees(COLUMNS, { isScaled: true });
          const before = cpuSeconds();
          if (isScoring) scoreAndLearn(trees, rows, scores);
          else learnRows(trees, rows);
          return count / (cpuSeconds() - before);
        },
        also: () => ({ records: count, comparedScores: baseline.check(scores) }),
      },
      options,
    );
  } finally {
    await baseline.stop();
  }
}

/** Block after block of the rows, round and round. */
function startBaseline(rows: Float64Array, isScoring: boolean) {
  const child = spawn("python3", [
    BASELINE,
    String(BASELINE_ROWS),
    ...(isScoring ? ["--score"] : []),
  ]);
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const blocks = Math.floor(rows.length / COLUMNS.length / BASELINE_ROWS);
  const sums: number[] = [];
  return {
    async round(): Promise<number> {
      const from = (sums.length % blocks) * BASELINE_ROWS * COLUMNS.length;
      const block = rows.subarray(from, from + BASELINE_ROWS * COLUMNS.length);
      child.stdin.write(new Uint8Array(block.buffer, block.byteOffset, block.byteLength));
      const [seconds, sum] = String((await answers.next()).value).split(" ");
      sums.push(Number(sum));
      return BASELINE_ROWS / Number(seconds);
    },
    /** Ours over the same first rows; how many scores were compared. */
    check(scores: Float64Array): number {
      if (!isScoring) return 0;
      const whole = sums.slice(0, blocks);
      for (const [block, expected] of whole.entries()) {
        let sum = 0;
        const from = block * BASELINE_ROWS;
        for (const score of scores.subarray(from, from + BASELINE_ROWS)) sum += score;
        if (sum !== expected) throw new Error(`block ${block}: scores ${sum}, not ${expected}`);
      }
      return whole.length * BASELINE_ROWS;
    },
    stop: () => stop(child),
  };
}

async function stop(child: ChildProcessWithoutNullStreams): Promise<void> {
  const ended = once(child, "exit");
  child.stdin.end();
  await ended;
}

/** One row after another of several houses. */
function readRows(count: number): Float64Array {
  const places = FEATURES.map((name) => CHANNELS.findIndex((channel) => channel.name === name));
  const rows = new Float64Array(count * FEATURES.length);
  const perHouse = count / SEEDS.length;
  for (const [house, seed] of SEEDS.entries()) {
    const { columns } = generate({ seed, days: Math.ceil(perHouse / 1_440) });
    for (let row = 0; row < perHouse; row++) {
      const to = (house * perHouse + row) * FEATURES.length;
      for (const [feature, place] of places.entries()) {
        rows[to + feature] = columns[place]?.[row] ?? Number.NaN;
      }
    }
  }
  return rows;
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
