/**
 * The variances of a part: of a row around the relation, of a day, and between machines.
 */
import { bilinear, cholesky, solveFactored } from "./linear-algebra.js";
import { type PartSums, weighted } from "./part-sums.js";

const VARIANCE_MIN = 1e-8;
const PSI_MAX = 30;

/** Variance of a row and of a day, and by how much rows of a day hang together. */
export interface Noise {
  readonly row: number;
  readonly day: number;
  readonly psi: number;
}

/** Noise of these machines around the relation `beta`. */
export function noiseOf(
  machines: readonly PartSums[],
  beta: Float64Array,
  size: number,
  rows: number,
): Noise {
  const width = size + 1;
  let square = 0;
  let byDay = 0;
  let byDayCount = 0;
  for (const { weight, offset, ...sums } of machines) {
    const theta = Float64Array.from({ length: width }, (_, i) =>
      i === size ? 1 : -(beta[i] ?? 0),
    );
    theta[0] = (theta[0] ?? 0) - offset;
    square += weight * bilinear(sums.byRow, width, theta, theta, width);
    byDay += weight * bilinear(sums.byDay, width, theta, theta, width);
    byDayCount += weight * bilinear(sums.byDayCount, width, theta, theta, width);
  }
  const row = Math.max(VARIANCE_MIN, square / rows);
  const h2 = weighted(machines, (machine) => machine.perDay2);
  const h1 = weighted(machines, (machine) => machine.perDay);
  const days = weighted(machines, (machine) => machine.days);
  const [within, day] = splitVariance(h2, h1, days, byDayCount, byDay);
  return { row, day, psi: Math.min(PSI_MAX, Math.max(1, within / row)) };
}

/** Solves `[h2 h1; h1 D] [within; day] = [a; b]` with neither below 0. */
function splitVariance(
  h2: number,
  h1: number,
  days: number,
  a: number,
  b: number,
): readonly [within: number, day: number] {
  const determinant = h2 * days - h1 * h1;
  if (determinant > 1e-12 * h2 * days) {
    const within = (a * days - b * h1) / determinant;
    const day = (h2 * b - h1 * a) / determinant;
    if (within >= 0 && day >= 0) return [within, day];
    if (within < 0) return [0, Math.max(0, b / days)];
  }
  return [Math.max(0, a / h2), 0];
}

/** Variances between machines of the first features, never quite 0. */
export function betweenOf(
  machines: readonly PartSums[],
  beta: Float64Array,
  size: number,
  local: number,
  noise: Noise,
  rho: number,
): Float64Array {
  const width = size + 1;
  const count = machines.length;
  const meanOffset = machines.reduce((sum, { offset }) => sum + offset, 0) / count;
  const spread = machines.reduce((sum, { offset }) => sum + (offset - meanOffset) ** 2, 0) / count;
  const hold = 0.2 / (noise.row + noise.day + spread);
  const squares = new Float64Array(local);
  for (const { byRow } of machines) {
    const matrix = new Float64Array(local * local);
    const right = new Float64Array(local);
    for (let i = 0; i < local; i++) {
      for (let j = 0; j < local; j++)
        matrix[i * local + j] = (rho / noise.row) * (byRow[i * width + j] ?? 0);
      matrix[i * local + i] = (matrix[i * local + i] ?? 0) + hold;
      let rest = byRow[i * width + size] ?? 0;
      for (let j = 0; j < size; j++) rest -= (byRow[i * width + j] ?? 0) * (beta[j] ?? 0);
      right[i] = (rho / noise.row) * rest;
    }
    const lower = cholesky(matrix, local);
    if (lower === undefined) continue;
    const deviation = solveFactored(lower, right, local);
    for (let i = 0; i < local; i++) squares[i] = (squares[i] ?? 0) + (deviation[i] ?? 0) ** 2;
  }
  // Deviations are measured from their own mean, and the next machine differs from that mean as well.
  const few = count < 2 ? 1 : ((count + 0.5) / (count - 0.5)) * (1 + 1 / count);
  return squares.map((square) => (few * (square + 0.5 * (noise.row + noise.day))) / (count + 0.5));
}
