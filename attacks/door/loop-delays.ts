/** What `loop-probe.mjs` wrote: how long the attacked program's event loop let others wait. */
import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";

/** Of every piece that was sent to it between two times, however it was served. */
export interface LoopDelays {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** Longer than between two writes of the probe. */
const SETTLED_MS = 600;

/** @param work what is done meanwhile */
export async function measureLoop<T>(
  file: string,
  work: () => Promise<T>,
): Promise<{ done: T; loop: LoopDelays }> {
  const fromMs = Date.now();
  const done = await work();
  const toMs = Date.now();
  await pause(SETTLED_MS);
  const delays = readLines(file)
    .filter(({ atMs }) => atMs >= fromMs && atMs < toMs + SETTLED_MS)
    .flatMap(({ delaysMs }) => delaysMs)
    .sort((one, other) => one - other);
  const quantile = (share: number): number =>
    Math.round(10 * (delays[Math.floor((delays.length - 1) * share)] ?? Number.NaN)) / 10;
  return { done, loop: { p50Ms: quantile(0.5), p99Ms: quantile(0.99), maxMs: quantile(1) } };
}

function readLines(file: string): { atMs: number; delaysMs: number[] }[] {
  try {
    const lines = readFileSync(file, "utf8").split("\n");
    return lines.filter((line) => line !== "").map((line) => JSON.parse(line));
  } catch {
    // The program has not lived long enough to write.
    return [];
  }
}
