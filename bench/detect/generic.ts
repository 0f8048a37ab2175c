/** Data without roles: learn on rows known to be normal, score all, smoothing from each start on. */
import {
  addMoments,
  beginMoments,
  calibrateMoments,
  contributions,
  type MultivariateModel,
  scoreMoments,
  solveMoments,
  startMoments,
} from "#core/anomaly/multivariate.js";
import { cpuSeconds } from "./figures.js";

/** Rows of numbers, in the order of time. */
export interface GenericRows {
  readonly names: readonly string[];
  readonly rows: readonly Float64Array[];
  /** Rows that begin a stretch: a file, a day. */
  readonly starts: ReadonlySet<number>;
}

/** Scores per row, and the two channels that matter most. */
export interface GenericScores {
  readonly score: Float64Array;
  readonly named: (row: number) => readonly string[];
  readonly learnSeconds: number;
  readonly scoreSeconds: number;
}

/** Learns on the rows of `learn` (in the order of time) and scores every row. */
export function scoreGeneric(
  data: GenericRows,
  learn: readonly number[],
  share: number,
): GenericScores {
  const startedAt = cpuSeconds();
  const model = learnGeneric(data, learn, share);
  const learntAt = cpuSeconds();
  const size = data.names.length;
  const top = new Uint16Array(data.rows.length * 2);
  let state = startMoments(size);
  const score = Float64Array.from(data.rows, (row, index) => {
    if (data.starts.has(index)) state = startMoments(size);
    const value = scoreMoments(model, state, row);
    const [first, second] = topTwo(contributions(model, state));
    top[index * 2] = first;
    top[index * 2 + 1] = second;
    return value;
  });
  const nameAt = (place: number) => data.names[top[place] ?? 0] ?? "";
  return {
    score,
    named: (row) => [nameAt(row * 2), nameAt(row * 2 + 1)],
    learnSeconds: learntAt - startedAt,
    scoreSeconds: cpuSeconds() - learntAt,
  };
}

/** Scales come from the first learnt row: whatever the unit, sums stay near 1. */
function learnGeneric(
  { names, rows, starts }: GenericRows,
  learn: readonly number[],
  share: number,
): MultivariateModel {
  const size = names.length;
  const first = rows[learn[0] ?? 0] ?? new Float64Array(size);
  const centre = first.map((value) => (Number.isFinite(value) ? value : 0));
  const scales = { centre, spread: new Float64Array(size).fill(1) };
  const sums = beginMoments(size);
  for (const row of learn) addMoments(sums, scales, rows[row] ?? first);
  const calibration = function* () {
    for (const row of learn) {
      if (starts.has(row)) yield null;
      yield rows[row] ?? first;
    }
  };
  return calibrateMoments(solveMoments(sums, scales, share), calibration());
}

function topTwo(values: Float64Array): readonly [number, number] {
  let [first, second] = [0, values.length > 1 ? 1 : 0];
  for (let index = 0; index < values.length; index++) {
    const value = values[index] ?? 0;
    if (value > (values[first] ?? 0)) [first, second] = [index, first];
    else if (index !== first && value > (values[second] ?? 0)) second = index;
  }
  return [first, second];
}
