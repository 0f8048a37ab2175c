/**
 * The figures of training and scoring that have a target, in one line with the targets beside
 * them. It judges nothing: whoever reads it knows what else the machine was doing.
 */
import { loadavg } from "node:os";
import type { BenchLine, Facts } from "./harness.js";

/** What the cases of `training` came to; a case that could not run is left out. */
export interface TrainingLines {
  readonly cases: readonly BenchLine[];
  readonly fleet: Facts;
}

/** Prints the line. */
export function printTargets({ cases, fleet }: TrainingLines): void {
  const find = (name: string) => cases.find((line) => line.case === name);
  const home = find("score-at-home");
  const microseconds = home?.ours ?? Number.NaN;
  const figures = {
    hstScoreLearnPerSecond: { value: find("hst-score-learn")?.ours, atLeast: 210_000 },
    rowsScoredPerSecond: { value: find("normal-behaviour-score")?.ours, atLeast: 1_000_000 },
    snapshotAtHomeMs: { value: Number((microseconds / 1000).toPrecision(4)), atMost: 1 },
    deviceWithModelMiB: { value: home?.also?.deviceMiB, atMost: 2 },
    trainingPeakMiB: { value: fleet.peakMiB, atMost: 512 },
    mergedAgainstAtOnce: { value: fleet.mergedAgainstAtOnce, atMost: 1e-9 },
  };
  const load = Number((loadavg()[0] ?? Number.NaN).toPrecision(4));
  const line = { bench: "training", case: "targets", figures, node: process.version, load };
  console.log(JSON.stringify(line));
}
