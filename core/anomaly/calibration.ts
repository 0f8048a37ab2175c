/**
 * Where alarms begin: limits from machines that the model has not seen, by extreme values.
 *
 * The largest deviation of each week is what a Gumbel distribution describes; its two numbers come
 * from probability-weighted moments. A limit is the level that a healthy machine passes once in so
 * many weeks.
 */

/** Fewer weeks say too little about extremes. */
export const WEEKS_MIN = 12;
/** Weeks between two chance crossings: of one monitor, of the whole score. */
export const MONITOR_WEEKS = 104;
export const SCORE_WEEKS = 8.7;

/** Natural logarithms and Euler's constant as literals: engines differ in the last digit. */
const LN_2 = Math.LN2;
const EULER = 0.5772;

/** Level that weekly maxima pass once in `weeks`; `undefined` when there are too few of them. */
export function levelOf(maxima: readonly number[], weeks: number): number | undefined {
  const count = maxima.length;
  if (count < WEEKS_MIN) return undefined;
  const sorted = [...maxima].sort((a, b) => a - b);
  let b0 = 0;
  let b1 = 0;
  sorted.forEach((value, index) => {
    b0 += value / count;
    b1 += (value * index) / (count - 1) / count;
  });
  const scale = (2 * b1 - b0) / LN_2;
  const location = b0 - EULER * scale;
  return location + scale * naturalLog(weeks);
}

/** From so many machines on no single one may set a limit; of fewer each is needed. */
const BOUND_MACHINES_MIN = 10;
/** A limit lies at most this share above what it would be without any one machine. */
const RAISED_MAX = 0.1;

/** As `levelOf` over the maxima of all machines, but no single machine raises it by more than a tenth. */
export function boundedLevelOf(
  machines: readonly (readonly number[])[],
  weeks: number,
): number | undefined {
  const level = levelOf(machines.flat(), weeks);
  const known = machines.filter((maxima) => maxima.length > 0);
  if (level === undefined || known.length < BOUND_MACHINES_MIN) return level;
  let bounded = level;
  for (const one of known) {
    const without = levelOf(known.filter((other) => other !== one).flat(), weeks);
    if (without !== undefined) bounded = Math.min(bounded, (1 + RAISED_MAX) * without);
  }
  return bounded;
}

/** ln x by its series, from + - * / alone. */
function naturalLog(x: number): number {
  let rest = x;
  let halvings = 0;
  while (rest > 1.5) {
    rest /= 2;
    halvings++;
  }
  const t = (rest - 1) / (rest + 1);
  let sum = 0;
  for (let power = t, k = 1; k < 60; k += 2, power *= t * t) sum += power / k;
  return halvings * LN_2 + 2 * sum;
}
