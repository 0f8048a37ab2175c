/**
 * How a figure is measured: baseline and ours alternate (A B A B …) in one run on one machine, the
 * medians are compared, and everything needed to judge the figure stands beside it in one JSON
 * line. A bench is no test: it has no threshold, and checks only that what it measures is right.
 */
import { loadavg } from "node:os";

/** What the command line asks of a bench. */
export interface BenchOptions {
  /** Few short rounds: shows that the bench works, not how fast anything is. */
  readonly short: boolean;
  /** `detect`: folder with the data, which sets, and whether each fault is shown. */
  readonly data?: string | undefined;
  readonly sets?: string | undefined;
  readonly perFault?: boolean | undefined;
  /** `training`: installations of the fleet, which alone is measured then. */
  readonly installations?: number | undefined;
}

/** A module `bench/<name>.ts` exports `run` of this type. */
export type Bench = (options: BenchOptions) => Promise<void>;

/** One round of one side: does the work and says its figure in the unit of the case. */
export type Round = () => Promise<number> | number;

/** Two things compared in one figure. */
export interface BenchCase {
  readonly bench: string;
  readonly case: string;
  /** `requests/s`, `bytes/reading`, … */
  readonly unit: string;
  /** Whether more of the unit is better or less; the ratio is above 1 where ours is better. */
  readonly better: "more" | "less";
  readonly baseline: {
    readonly name: string;
    readonly round: Round;
    /** The real one cannot run here: its figure is derived, and the line says so. */
    readonly estimated?: boolean;
  };
  readonly ours: Round;
  /** More than the usual rounds, for short ones on a machine that others use too. */
  readonly rounds?: number;
  /** CPU-seconds used so far by the process that is measured; our own when not given. */
  readonly cpuSeconds?: () => number;
  /** What else the rounds have shown, asked for when they are over. */
  readonly also?: () => Facts | Promise<Facts>;
}

/** Further figures of a case, by name. */
export type Facts = Readonly<Record<string, number | string>>;

/** The line that a case prints; its keys are the same for every bench. */
export interface BenchLine {
  readonly bench: string;
  readonly case: string;
  readonly unit: string;
  readonly baseline: { readonly name: string; readonly value: number };
  /** Left out where the baseline ran. */
  readonly estimated?: true;
  readonly ours: number;
  /** Above 1: ours is better. */
  readonly ratio: number;
  readonly rounds: number;
  /** (max - min) / median, of the side where it is larger. */
  readonly spread: number;
  /** CPU-seconds of one round of ours, median. */
  readonly cpu: number;
  readonly node: string;
  /** One-minute load average before and after. */
  readonly load: readonly [number, number];
  /** Left out where a case has no more to say. */
  readonly also?: Facts;
}

/** Fewer rounds would make the median a matter of luck. */
const ROUNDS = 5;
/** Enough to have seen both sides alternate. */
const ROUNDS_SHORT = 2;

/** Measures one case after one round of warm-up each, prints its line and returns it. */
export async function measure(what: BenchCase, options: BenchOptions): Promise<BenchLine> {
  const rounds = options.short ? ROUNDS_SHORT : Math.max(ROUNDS, what.rounds ?? ROUNDS);
  const cpuSeconds = what.cpuSeconds ?? ownCpuSeconds;
  const loadBefore = currentLoad();
  await what.baseline.round();
  await what.ours();
  const baseline: number[] = [];
  const ours: number[] = [];
  const cpu: number[] = [];
  for (let round = 0; round < rounds; round++) {
    baseline.push(await what.baseline.round());
    const before = cpuSeconds();
    ours.push(await what.ours());
    cpu.push(cpuSeconds() - before);
  }
  const [theirs, mine] = [median(baseline), median(ours)];
  const line: BenchLine = {
    bench: what.bench,
    case: what.case,
    unit: what.unit,
    baseline: { name: what.baseline.name, value: round4(theirs) },
    ...(what.baseline.estimated === true && { estimated: true }),
    ours: round4(mine),
    ratio: round4(what.better === "more" ? mine / theirs : theirs / mine),
    rounds,
    spread: round4(Math.max(spread(baseline), spread(ours))),
    cpu: round4(median(cpu)),
    node: process.version,
    load: [loadBefore, currentLoad()],
    ...(what.also !== undefined && { also: await what.also() }),
  };
  console.log(JSON.stringify(line));
  return line;
}

/** Prints that a case could not run here and what to install for it. */
export function skipCase(bench: string, name: string, missing: string): void {
  console.log(JSON.stringify({ bench, case: name, skipped: missing, node: process.version }));
}

/** The middle of `values`; of an even number, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return ((low ?? Number.NaN) + (high ?? Number.NaN)) / 2;
}

function spread(values: readonly number[]): number {
  return (Math.max(...values) - Math.min(...values)) / median(values);
}

function ownCpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

function currentLoad(): number {
  return round4(loadavg()[0] ?? Number.NaN);
}

/** Four significant digits are more than any of these figures deserves. */
function round4(value: number): number {
  return Number(value.toPrecision(4));
}
