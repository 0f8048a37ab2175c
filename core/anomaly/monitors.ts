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

/** Lets `cells` cells go by without evidence. */
export function fade(sums: Float64Array, cells: number): void {
  if (cells > GAP_CELLS_MAX) {
    sums.fill(0);
    return;
  }
  const fast = cells === 1 ? KEEP_FAST : power(KEEP_FAST, cells);
  const slow = cells === 1 ? KEEP_SLOW : power(KEEP_SLOW, cells);
  const fast2 = fast * fast;
  const slow2 = slow * slow;
  for (let at = 0; at < sums.length; at += SUMS_PER_PART) {
    sums[at] = (sums[at] ?? 0) * fast;
    sums[at + 1] = (sums[at + 1] ?? 0) * fast2;
    sums[at + 2] = (sums[at + 2] ?? 0) * fast;
    sums[at + 3] = (sums[at + 3] ?? 0) * slow;
    sums[at + 4] = (sums[at + 4] ?? 0) * slow2;
    sums[at + 5] = (sums[at + 5] ?? 0) * slow;
  }
}

/** Adds one row of evidence: standardised residual and what does not average out. */
export function addEvidence(sums: Float64Array, part: number, e: number, g: number): void {
  const at = part * SUMS_PER_PART;
  sums[at] = (sums[at] ?? 0) + e;
  sums[at + 1] = (sums[at + 1] ?? 0) + 1;
  sums[at + 2] = (sums[at + 2] ?? 0) + g;
  sums[at + 3] = (sums[at + 3] ?? 0) + e;
  sums[at + 4] = (sums[at + 4] ?? 0) + 1;
  sums[at + 5] = (sums[at + 5] ?? 0) + g;
}

/** The monitor whose sums stand at `at`. */
export function monitorAt(sums: Float64Array, at: number, psi: number): number {
  const held = sums[at + 2] ?? 0;
  return (sums[at] ?? 0) / Math.sqrt(psi * (sums[at + 1] ?? 0) + held * held + DOUBT);
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
