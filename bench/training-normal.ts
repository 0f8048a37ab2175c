/**
 * What the normal-behaviour model costs: rows a second learnt and scored, merging, solving, bytes,
 * a machine's month of one-minute readings, memory. Rows are those of a seeded, made-up machine.
 */
import { encodeArtefact } from "#core/anomaly/artefact.js";
import { CHANNEL_COUNT, type ChannelId, channelIndex } from "#core/anomaly/channel.js";
import { planFor } from "#core/anomaly/feature-plan.js";
import { gridPolls } from "#core/anomaly/grid.js";
import { readNormal } from "#core/anomaly/normal-behaviour.js";
import { startNormal } from "#core/anomaly/normal-state.js";
import { createRowBlock, MODES, type RowBlock, rowsOf } from "#core/anomaly/operating-row.js";
import { makeRows } from "#core/anomaly/row-maker.js";
import { solveNormal } from "#core/anomaly/solve-normal.js";
import {
  beginStatistics,
  learnRows,
  mergeStatistics,
  type Statistics,
} from "#core/anomaly/statistics.js";
import { type BenchLine, type BenchOptions, measure } from "./harness.js";

const CHANNELS: readonly ChannelId[] = [
  "outdoor",
  "flow",
  "return",
  "tank",
  "power",
  "cop",
  "high",
  "low",
  "fan",
  "frequency",
];
const HEATING = MODES.indexOf("heating");
const FIRST_CELL = 5_788_800;
const ROWS = 200_000;
const ROWS_SHORT = 20_000;
const MACHINES = 30;
const MONTH_MINUTES = 30 * 1440;
const plan = planFor(new Set(CHANNELS));

/** Prints the lines of the normal-behaviour model. */
export async function measureNormal(options: BenchOptions): Promise<BenchLine[]> {
  const before = peakMiB();
  const count = options.short ? ROWS_SHORT : ROWS;
  const rows = heatingRows(count);
  const perSecond = (work: () => unknown) => () => count / seconds(work);
  const plain = { name: "plain sum over the same rows", round: perSecond(() => sumAll(rows)) };
  const begin = beginStatistics(plan);
  const learn = () => learnRows(plan, begin, rowsOf(rows));
  const line = { bench: "training", better: "more", unit: "rows/s" } as const;
  const learning = await measure(
    { ...line, case: "normal-behaviour-learn", baseline: plain, ours: perSecond(learn) },
    options,
  );
  const statistics = learn();
  const model = solveNormal(plan, [{ installationId: "a", statistics }]);
  const score = () => {
    const reader = readNormal(model, startNormal(model));
    let highest = 0;
    for (const row of rowsOf(rows)) {
      reader.read(row);
      highest = Math.max(highest, reader.score);
    }
    return highest;
  };
  const scoring = await measure(
    { ...line, case: "normal-behaviour-score", baseline: plain, ours: perSecond(score) },
    options,
  );
  await measureModels(statistics, options);
  await measureMonth(options, before);
  return [learning, scoring];
}

async function measureModels(statistics: Statistics, options: BenchOptions): Promise<void> {
  const rate = { bench: "training", better: "more", unit: "1/s" } as const;
  const copy = () => statistics.sums.map((part) => part.slice());
  const baseline = { name: "copy of the same sums", round: () => 100 / seconds(repeat(100, copy)) };
  const merge = () => mergeStatistics(statistics, statistics);
  await measure(
    { ...rate, case: "merge", baseline, ours: () => 100 / seconds(repeat(100, merge)) },
    options,
  );
  const machines = Array.from({ length: MACHINES }, (_, index) => ({
    installationId: `machine-${index}`,
    statistics,
  }));
  const solve = () => solveNormal(plan, machines);
  await measure({ ...rate, case: "solve", baseline, ours: () => 1 / seconds(solve) }, options);
  const artefact = { heatPumpModel: "bench", model: solve() };
  const round = () => JSON.stringify(artefact.model).length;
  await measure(
    {
      bench: "training",
      case: "artefact",
      unit: "bytes",
      better: "less",
      baseline: { name: "JSON of the same model", round },
      ours: () => encodeArtefact(artefact).length,
    },
    options,
  );
}

async function measureMonth(options: BenchOptions, before: number): Promise<void> {
  const minutes = options.short ? MONTH_MINUTES / 10 : MONTH_MINUTES;
  const polls = monthOfPolls(minutes);
  const begin = beginStatistics(plan);
  const learn = () => learnRows(plan, begin, rowsOf(makeRows(gridPolls(polls))));
  const round = () =>
    seconds(() => polls.columns.map((column) => Float64Array.from(column).sort()));
  await measure(
    {
      bench: "training",
      case: "machine-month",
      unit: "s",
      better: "less",
      baseline: { name: "sorting the same columns", round },
      ours: () => seconds(learn),
    },
    options,
  );
  await measure(
    {
      bench: "training",
      case: "peak-memory",
      unit: "MiB",
      better: "less",
      baseline: { name: "this process before it learnt", round: () => before },
      ours: peakMiB,
    },
    options,
  );
}

/** Rows of a machine that always heats: the hardest mode, with all its parts. */
function heatingRows(count: number): RowBlock {
  const block = createRowBlock(count);
  for (let row = 0; row < count; row++) {
    block.cells[row] = FIRST_CELL + row;
    block.modes[row] = HEATING;
    block.steady[row] = 1;
    fill(block.values, row * CHANNEL_COUNT, row);
  }
  return block;
}

function fill(values: Float64Array, at: number, row: number): void {
  const wave = (length: number) => Math.sin((row * 2 * Math.PI) / length);
  const outdoor = 4 + 5 * wave(288) + 6 * wave(9_000);
  const load = 50 - outdoor + 6 * wave(47);
  const noise = ((row * 7919) % 997) / 997 - 0.5;
  const set = (id: ChannelId, value: number) => {
    values[at + channelIndex(id)] = value;
  };
  set("outdoor", outdoor);
  set("to24", 4 + 6 * wave(9_000));
  set("flow", 34 - 0.4 * outdoor + noise);
  set("return", 30 - 0.4 * outdoor + 0.3 * noise);
  set("tank", 48 + noise);
  set("power", load / 50 + 0.02 * noise);
  set("cop", 4 + 0.08 * outdoor + 0.2 * noise);
  set("thermal", (load / 50) * (4 + 0.08 * outdoor));
  set("high", 11 - 0.1 * outdoor + 0.1 * noise);
  set("low", 4.5 + 0.1 * outdoor + 0.1 * noise);
  set("fan", load + noise);
  set("frequency", load);
}

function monthOfPolls(minutes: number) {
  const scratch = new Float64Array(CHANNEL_COUNT);
  const columns = CHANNELS.map(() => new Float64Array(minutes));
  const atMs = new Float64Array(minutes);
  for (let minute = 0; minute < minutes; minute++) {
    fill(scratch, 0, minute / 5);
    atMs[minute] = FIRST_CELL * 300_000 + minute * 60_000;
    for (const [index, id] of CHANNELS.entries()) {
      const column = columns[index];
      if (column !== undefined) column[minute] = scratch[channelIndex(id)] ?? Number.NaN;
    }
  }
  const modes = new Uint8Array(minutes).fill(HEATING);
  return { atMs, channels: CHANNELS.map(channelIndex), columns, modes };
}

function sumAll(rows: RowBlock): number {
  let sum = 0;
  for (const value of rows.values) if (!Number.isNaN(value)) sum += value;
  return sum;
}

/** The most memory this process has held. */
function peakMiB(): number {
  return Math.round(process.resourceUsage().maxRSS / 1024);
}

function repeat(times: number, work: () => unknown): () => void {
  return () => {
    for (let round = 0; round < times; round++) work();
  };
}

/** CPU-seconds of one call. */
function seconds(work: () => unknown): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return Math.max(1e-6, (user + system) / 1e6);
}
