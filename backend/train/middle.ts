/** The middle of many, which a few liars cannot move far. */

/** Median absolute deviation of a normal distribution → its standard deviation. */
export const MAD_TO_SD = 1.4826;

/** Of those that are numbers; NaN where there is none. */
export function medianOf(values: readonly number[]): number {
  const sorted = values.filter((one) => !Number.isNaN(one)).sort((a, b) => a - b);
  const half = sorted.length / 2;
  if (sorted.length === 0) return Number.NaN;
  return ((sorted[Math.ceil(half) - 1] ?? 0) + (sorted[Math.floor(half)] ?? 0)) / 2;
}
