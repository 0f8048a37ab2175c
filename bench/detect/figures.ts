/** What a set of data says of the detector, and a score that knows nothing beside it. */
import { vusPr } from "./vus-pr.js";

/** Figures of one set; those that a set cannot give are left out. */
export interface SetFigures {
  readonly vusPr: number;
  /** The same measure of a random and of a constant score. */
  readonly random: number;
  readonly constant: number;
  readonly falseAlarmsPerMonth?: number;
  readonly falseAlarms?: number;
  readonly recall?: number;
  readonly share?: number;
  readonly delayHours?: number;
  readonly topTwo?: number;
  readonly events: number;
  readonly machineMonths?: number;
  /** CPU-seconds of learning with calibration; CPU-microseconds of scoring a row. */
  readonly learnSeconds: number;
  readonly scoreMicroseconds: number;
  /** Events by name, for `--per-fault`. */
  readonly perFault?: Readonly<Record<string, readonly string[]>>;
  readonly [more: string]: unknown;
}

/** What a score that is to be judged looks like. */
export interface ScoredRows {
  readonly score: Float64Array;
  readonly isEvent: Uint8Array;
}

/** Same seed, same figures. */
export const SEED = 20261121;

/** VUS-PR of the detector, of chance and of a constant: means over stretches judged apart. */
export function judgeScores(
  stretches: readonly ScoredRows[],
  widthMax: number,
): Pick<SetFigures, "vusPr" | "random" | "constant"> {
  const random = chanceFrom(SEED);
  const mean = (of: (rows: ScoredRows) => ArrayLike<number>) =>
    stretches.reduce((sum, rows) => sum + vusPr(of(rows), rows.isEvent, widthMax), 0) /
    stretches.length;
  return {
    vusPr: mean(({ score }) => score),
    random: mean(({ score }) => score.map(() => random())),
    constant: mean(({ score }) => score.map(() => 1)),
  };
}

/** CPU-seconds of this process. */
export function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Numbers in [0, 1) from a seed: a 32-bit xorshift. */
function chanceFrom(seed: number): () => number {
  let state = seed | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
