/** Small dense matrices, row by row in flat arrays. Sums run in one fixed order. */

/** Lower factor of a positive definite matrix; `undefined` when it is not one. */
export function cholesky(
  matrix: Float64Array,
  size: number,
  lower: Float64Array = new Float64Array(size * size),
): Float64Array | undefined {
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i * size + j] ?? 0;
      for (let k = 0; k < j; k++) sum -= (lower[i * size + k] ?? 0) * (lower[j * size + k] ?? 0);
      if (i !== j) lower[i * size + j] = sum / (lower[j * size + j] ?? 0);
      else if (!(sum > 0) || !Number.isFinite(sum)) return undefined;
      else lower[i * size + i] = Math.sqrt(sum);
    }
  }
  return lower;
}

/** Solves `L L' x = right` for the factor of `cholesky`. */
export function solveFactored(
  lower: Float64Array,
  right: ArrayLike<number>,
  size: number,
  x: Float64Array = new Float64Array(size),
): Float64Array {
  for (let i = 0; i < size; i++) {
    let sum = right[i] ?? 0;
    for (let k = 0; k < i; k++) sum -= (lower[i * size + k] ?? 0) * (x[k] ?? 0);
    x[i] = sum / (lower[i * size + i] ?? 0);
  }
  for (let i = size - 1; i >= 0; i--) {
    let sum = x[i] ?? 0;
    for (let k = i + 1; k < size; k++) sum -= (lower[k * size + i] ?? 0) * (x[k] ?? 0);
    x[i] = sum / (lower[i * size + i] ?? 0);
  }
  return x;
}

/** Inverse from the factor of `cholesky`. */
export function invertFactored(
  lower: Float64Array,
  size: number,
  inverse: Float64Array = new Float64Array(size * size),
): Float64Array {
  const unit = new Float64Array(size);
  const x = new Float64Array(size);
  for (let column = 0; column < size; column++) {
    unit.fill(0);
    unit[column] = 1;
    solveFactored(lower, unit, size, x);
    for (let row = 0; row < size; row++) inverse[row * size + column] = x[row] ?? 0;
  }
  return inverse;
}

/** `x' M y` of the leading `size` x `size` block of a matrix with rows of `stride`. */
export function bilinear(
  matrix: Float64Array,
  stride: number,
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  size: number,
): number {
  let total = 0;
  for (let i = 0; i < size; i++) {
    let row = 0;
    for (let j = 0; j < size; j++) row += (matrix[i * stride + j] ?? 0) * (y[j] ?? 0);
    total += row * (x[i] ?? 0);
  }
  return total;
}

/**
 * Sum of products, four at a time: one long sum waits for itself at every step. The order is part
 * of the result's last bit, so it is fixed.
 */
export function dot(
  left: Float64Array,
  leftAt: number,
  right: Float64Array,
  rightAt: number,
  count: number,
): number {
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  let i = 0;
  for (; i + 3 < count; i += 4) {
    a += (left[leftAt + i] ?? 0) * (right[rightAt + i] ?? 0);
    b += (left[leftAt + i + 1] ?? 0) * (right[rightAt + i + 1] ?? 0);
    c += (left[leftAt + i + 2] ?? 0) * (right[rightAt + i + 2] ?? 0);
    d += (left[leftAt + i + 3] ?? 0) * (right[rightAt + i + 3] ?? 0);
  }
  for (; i < count; i++) a += (left[leftAt + i] ?? 0) * (right[rightAt + i] ?? 0);
  return a + b + (c + d);
}

/** Largest eigenvalue sweeps before a symmetric matrix of this size has long converged. */
const SWEEPS_MAX = 30;

/** Eigenvalues and eigenvectors (columns of `vectors`) of a symmetric matrix, by Jacobi. */
export function eigenSymmetric(
  matrix: Float64Array,
  size: number,
): { values: Float64Array; vectors: Float64Array } {
  const a = matrix.slice();
  const vectors = new Float64Array(size * size);
  for (let i = 0; i < size; i++) vectors[i * size + i] = 1;
  for (let sweep = 0; sweep < SWEEPS_MAX; sweep++) {
    let rest = 0;
    for (let i = 0; i < size; i++)
      for (let j = i + 1; j < size; j++) rest += (a[i * size + j] ?? 0) ** 2;
    if (rest < 1e-24) break;
    for (let i = 0; i < size; i++)
      for (let j = i + 1; j < size; j++) rotate(a, vectors, size, i, j);
  }
  return { values: Float64Array.from({ length: size }, (_, i) => a[i * size + i] ?? 0), vectors };
}

/** One Jacobi rotation that makes `a[p][q]` zero. */
function rotate(a: Float64Array, vectors: Float64Array, size: number, p: number, q: number): void {
  const off = a[p * size + q] ?? 0;
  if (off === 0) return;
  const theta = ((a[q * size + q] ?? 0) - (a[p * size + p] ?? 0)) / (2 * off);
  const sign = theta < 0 ? -1 : 1;
  const t = sign / (sign * theta + Math.sqrt(theta * theta + 1));
  const c = 1 / Math.sqrt(t * t + 1);
  const s = t * c;
  const turn = (m: Float64Array, left: number, right: number) => {
    const [x, y] = [m[left] ?? 0, m[right] ?? 0];
    m[left] = c * x - s * y;
    m[right] = s * x + c * y;
  };
  for (let k = 0; k < size; k++) turn(a, k * size + p, k * size + q);
  for (let k = 0; k < size; k++) turn(a, p * size + k, q * size + k);
  for (let k = 0; k < size; k++) turn(vectors, k * size + p, k * size + q);
}
