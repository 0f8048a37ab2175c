/**
 * From the sums of installations to a normal-behaviour model: one common relation per part, an
 * offset per machine that is estimated and thrown away, and the variances that say how far a
 * machine may be from the relation without being ill.
 */
import type { FeaturePlan } from "./feature-plan.js";
import { featureCount, localCount } from "./features.js";
import { bilinear, cholesky, invertFactored, solveFactored } from "./linear-algebra.js";
import { worthOf } from "./local-fit.js";
import {
  type Contribution,
  FACTOR_UNCALIBRATED,
  LIMIT_UNCALIBRATED,
  type NormalModel,
  type PartModel,
  roundPart,
  silentPart,
} from "./normal-model.js";
import {
  DAYS,
  layoutOf,
  PER_DAY,
  PER_DAY2,
  ROWS,
  type Statistics,
  SUMS,
  unpack,
} from "./statistics.js";

/** Nobody holds more than this share of a model, unless there are few. */
const SHARE_MAX = 0.15;
const SHARE_OF_EQUALS_MAX = 1.5;
/** Offsets and relation settle within a few rounds. */
const ROUNDS = 6;
/** Keeps directions that were never seen small. */
const RIDGE = 1e-3;
const RIDGE_CONSTANT = 1e-9;
/** A matrix that is not positive definite gets ten times the ridge, this often. */
const RIDGE_TRIES = 5;
const VARIANCE_MIN = 1e-8;
const PSI_MAX = 30;
/** A relation with fewer rows or days than this is a guess. */
const ROWS_MIN = 60;
const DAYS_MIN = 3;

/** One installation's sums of one part, unpacked. */
interface PartSums {
  readonly rows: number;
  readonly days: number;
  readonly perDay: number;
  readonly perDay2: number;
  /** Σ w w', Σ v v', Σ v v'/n over features and target. */
  readonly byRow: Float64Array;
  readonly byDay: Float64Array;
  readonly byDayCount: Float64Array;
  weight: number;
  offset: number;
}

/** The model of these contributions, uncalibrated; their order does not matter. */
export function solveNormal(
  plan: FeaturePlan,
  contributions: readonly Contribution<Statistics>[],
): NormalModel {
  const inOrder = [...contributions].sort((a, b) => (a.installationId < b.installationId ? -1 : 1));
  const parts = plan.parts.map((_, index) => {
    const sums = inOrder.flatMap(({ statistics }) => {
      const part = statistics.sums[index];
      return part === undefined || (part[ROWS] ?? 0) < 1 ? [] : [openSums(part)];
    });
    return roundPart(solvePart(plan, index, sums));
  });
  return { plan, parts, factor: Math.fround(FACTOR_UNCALIBRATED) };
}

/** How far each machine lies from a model, per part: its own level, NaN where it has no rows. */
export function offsetsOf(model: NormalModel, statistics: Statistics): Float64Array {
  return Float64Array.from(model.parts, (part, index) => {
    const packed = statistics.sums[index];
    if (packed === undefined || (packed[ROWS] ?? 0) < 1 || !part.isUsable) return Number.NaN;
    return offsetOf(openSums(packed), part.beta);
  });
}

/** What an installation's own sums say about the local features of each part. */
export function informationOf(model: NormalModel, statistics: Statistics): Float64Array[] {
  return model.parts.map((part, index) => {
    const local = part.between.length;
    const information = new Float64Array(local * local);
    const packed = statistics.sums[index];
    if (packed === undefined || !part.isUsable) return information;
    const { byRow, rows, days } = openSums(packed);
    const width = part.beta.length + 1;
    const perRow = (worthOf(part.rho * rows, days) * part.rho) / part.rowVariance;
    for (let i = 0; i < local; i++)
      for (let j = 0; j < local; j++)
        information[i * local + j] = Math.fround((byRow[i * width + j] ?? 0) * perRow);
    return information;
  });
}

function openSums(packed: Float64Array): PartSums {
  const size = sizeOf(packed.length);
  const layout = layoutOf(size);
  return {
    rows: packed[ROWS] ?? 0,
    days: packed[DAYS] ?? 0,
    perDay: packed[PER_DAY] ?? 0,
    perDay2: packed[PER_DAY2] ?? 0,
    byRow: unpack(packed, layout.rows, layout.width),
    byDay: unpack(packed, layout.days, layout.width),
    byDayCount: unpack(packed, layout.days + layout.packed, layout.width),
    weight: 1,
    offset: 0,
  };
}

function sizeOf(length: number): number {
  const packed = (length - SUMS) / 3;
  return Math.round((Math.sqrt(8 * packed + 1) - 1) / 2) - 1;
}

function solvePart(plan: FeaturePlan, index: number, machines: PartSums[]): PartModel {
  const silent = silentPart(plan, index);
  const part = plan.parts[index];
  if (part === undefined || machines.length === 0) return silent;
  const size = featureCount(part);
  setWeights(machines);
  const rows = weighted(machines, (machine) => machine.rows);
  const days = weighted(machines, (machine) => machine.days);
  if (rows < ROWS_MIN || days < DAYS_MIN) return silent;
  const lower = factorOf(machines, size, rows);
  if (lower === undefined) return silent;
  const beta = settle(machines, lower, size, rows);
  const noise = noiseOf(machines, beta, size, rows);
  const rho = 1 / (noise.psi + ((rows / days) * noise.day) / noise.row);
  return {
    isUsable: true,
    beta,
    rowVariance: noise.row,
    dayVariance: noise.day,
    psi: noise.psi,
    rho,
    between: betweenOf(machines, beta, size, localCount(part), noise, rho),
    leverage: packLeverage(invertFactored(lower, size), size, rows),
    limitFast: LIMIT_UNCALIBRATED,
    limitSlow: LIMIT_UNCALIBRATED,
  };
}

/** Lowers weights until nobody holds more than the cap of what counts. */
function setWeights(machines: readonly PartSums[]): void {
  const cap = Math.max(SHARE_MAX, SHARE_OF_EQUALS_MAX / machines.length);
  for (const machine of machines) machine.weight = 1;
  for (let round = 0; round < machines.length && cap < 1; round++) {
    const total = weighted(machines, (machine) => machine.rows);
    const largest = machines.reduce((a, b) => (a.weight * a.rows >= b.weight * b.rows ? a : b));
    const held = largest.weight * largest.rows;
    if (held <= cap * total * (1 + 1e-12)) break;
    const rest = total - held;
    for (const machine of machines)
      if (machine.weight * machine.rows > (cap / (1 - cap)) * rest)
        machine.weight = ((cap / (1 - cap)) * rest) / machine.rows;
  }
}

function weighted(machines: readonly PartSums[], of: (machine: PartSums) => number): number {
  return machines.reduce((sum, machine) => sum + machine.weight * of(machine), 0);
}

/** Factor of Σ w A + N R. */
function factorOf(
  machines: readonly PartSums[],
  size: number,
  rows: number,
): Float64Array | undefined {
  const width = size + 1;
  for (let tries = 0, ridge = 1; tries <= RIDGE_TRIES; tries++, ridge *= 10) {
    const matrix = new Float64Array(size * size);
    for (const machine of machines)
      for (let i = 0; i < size; i++)
        for (let j = 0; j < size; j++) {
          const value = machine.weight * (machine.byRow[i * width + j] ?? 0);
          matrix[i * size + j] = (matrix[i * size + j] ?? 0) + value;
        }
    for (let i = 0; i < size; i++) {
      const at = i * size + i;
      matrix[at] = (matrix[at] ?? 0) + rows * ridge * (i === 0 ? RIDGE_CONSTANT : RIDGE);
    }
    const lower = cholesky(matrix, size);
    if (lower !== undefined) return lower;
  }
  return undefined;
}

/** Relation and offsets in turn. */
function settle(
  machines: readonly PartSums[],
  lower: Float64Array,
  size: number,
  rows: number,
): Float64Array {
  const width = size + 1;
  let beta: Float64Array = new Float64Array(size);
  for (const machine of machines) machine.offset = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const right = new Float64Array(size);
    for (const { weight, offset, byRow } of machines)
      for (let i = 0; i < size; i++) {
        const pull = (byRow[i * width + size] ?? 0) - offset * (byRow[i * width] ?? 0);
        right[i] = (right[i] ?? 0) + weight * pull;
      }
    beta = solveFactored(lower, right, size);
    for (const machine of machines) machine.offset = offsetOf(machine, beta);
    const mean = weighted(machines, (machine) => machine.rows * machine.offset) / rows;
    for (const machine of machines) machine.offset -= mean;
  }
  return beta;
}

function offsetOf({ byRow, rows }: PartSums, beta: Float64Array): number {
  const size = beta.length;
  let expected = 0;
  for (let i = 0; i < size; i++) expected += (byRow[i] ?? 0) * (beta[i] ?? 0);
  return ((byRow[size] ?? 0) - expected) / rows;
}

interface Noise {
  readonly row: number;
  readonly day: number;
  readonly psi: number;
}

function noiseOf(
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
function betweenOf(
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

function packLeverage(inverse: Float64Array, size: number, rows: number): Float64Array {
  const packed = new Float64Array((size * (size + 1)) / 2);
  let next = 0;
  for (let i = 0; i < size; i++)
    for (let j = i; j < size; j++)
      packed[next++] = rows * (inverse[i * size + j] ?? 0) * (i === j ? 1 : 2);
  return packed;
}
