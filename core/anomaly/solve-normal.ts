/**
 * From the sums of installations to a normal-behaviour model: one common relation per part, an
 * offset per machine that is estimated and thrown away, and the variances that say how far a
 * machine may be from the relation without being ill.
 */
import type { FeaturePlan } from "./feature-plan.js";
import { featureCount, localCount } from "./features.js";
import { cholesky, invertFactored, solveFactored } from "./linear-algebra.js";
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
import { offsetOf, openSums, type PartSums, weighted } from "./part-sums.js";
import { betweenOf, noiseOf } from "./solve-variance.js";
import { ROWS, type Statistics } from "./statistics.js";

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
/** A relation with fewer rows or days than this is a guess. */
const ROWS_MIN = 60;
const DAYS_MIN = 3;

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

function packLeverage(inverse: Float64Array, size: number, rows: number): Float64Array {
  const packed = new Float64Array((size * (size + 1)) / 2);
  let next = 0;
  for (let i = 0; i < size; i++)
    for (let j = i; j < size; j++)
      packed[next++] = rows * (inverse[i * size + j] ?? 0) * (i === j ? 1 : 2);
  return packed;
}
