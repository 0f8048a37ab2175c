/**
 * Residuals over time: two exponential sums per part, half-lives 6 h and 72 h of wall clock.
 *
 * `M = S1 / sqrt(psi S2 + S3² + 4)`: S1 sums standardised residuals, S2 what chance alone would
 * sum up to, S3 what does not average out (the machine's own level, the day, the tolerance). So
 * few rows, or rows far from what was learnt, weigh little.
 */
/** Numbers per part: S1, S2, S3 of the fast monitor, then of the slow one. */
export const SUMS_PER_PART = 6;
/** Place of the slow monitor's sums. */
export const SLOW = 3;

/** Half-life 6 h and 72 h, per cell. */
const KEEP_FAST = 0.9904191474668262;
const KEEP_SLOW = 0.9991980680382416;
/** A longer gap makes the past meaningless: three days. */
const GAP_CELLS_MAX = 864;
/** Rows of evidence worth of doubt that every monitor starts with. */
export const DOUBT = 4;

/**
 * Writes what the monitors keep of their sums over `cells` cells into the head of a block, for the
 * row that comes then; a long gap they forget.
 */
export function fade(numbers: Float64Array, sums: Float64Array, cells: number): void {
  if (cells > GAP_CELLS_MAX) sums.fill(0);
  const gone = cells > GAP_CELLS_MAX ? 0 : cells;
  const fast = gone === 1 ? KEEP_FAST : power(KEEP_FAST, gone);
  const slow = gone === 1 ? KEEP_SLOW : power(KEEP_SLOW, gone);
  numbers[0] = fast;
  numbers[1] = slow;
  numbers[2] = fast * fast;
  numbers[3] = slow * slow;
}

/** The monitor whose sums stand at `at`. */
export function monitorAt(sums: Float64Array, at: number, psi: number): number {
  const held = sums[at + 2] ?? 0;
  return (sums[at] ?? 0) / Math.sqrt(psi * (sums[at + 1] ?? 0) + held * held + 4);
}

/** After an event has ended: the slow monitor knows no more than the fast one. */
export function restartSlow(sums: Float64Array, part: number): void {
  const at = part * SUMS_PER_PART;
  sums.copyWithin(at + SLOW, at, at + SLOW);
}

/** `base ** exponent` for whole exponents, the same on every engine. */
export function power(base: number, exponent: number): number {
  let result = 1;
  for (let left = exponent, square = base; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) result *= square;
    square *= square;
  }
  return result;
}
