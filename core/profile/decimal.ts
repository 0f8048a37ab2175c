/** Exact decimal fractions: what people write as 0.1 stays one tenth. */
import type { Resolution, Scale } from "./profile.js";

/** More digits than any register has. */
const DECIMALS_MAX = 9;

/** A number as multiplier / 10 ** decimals; `undefined` when it needs more than 9 decimals. */
export function toDecimal(value: number): Resolution | undefined {
  for (let decimals = 0; decimals <= DECIMALS_MAX; decimals++) {
    const multiplier = Math.round(value * 10 ** decimals);
    if (!Number.isSafeInteger(multiplier)) return undefined;
    if (multiplier / 10 ** decimals === value) return { multiplier, decimals };
  }
  return undefined;
}

/** `0.1` or `1/60` as a fraction; `undefined` for 0, not finite or too fine. */
export function toFraction(written: number | string): Omit<Scale, "offset"> | undefined {
  if (typeof written === "number") {
    const decimal = toDecimal(written);
    if (decimal === undefined || decimal.multiplier === 0) return undefined;
    return { numerator: decimal.multiplier, denominator: 10 ** decimal.decimals };
  }
  const [numerator = 0, denominator = 0] = written.split("/").map(Number);
  if (!Number.isSafeInteger(numerator) || !Number.isSafeInteger(denominator)) return undefined;
  return numerator === 0 || denominator === 0 ? undefined : { numerator, denominator };
}

/** A fraction as a decimal; `undefined` for one like 1/60. */
export function asDecimal({ numerator, denominator }: Omit<Scale, "offset">) {
  const decimals = Math.log10(denominator);
  return Number.isInteger(decimals) ? { multiplier: Math.abs(numerator), decimals } : undefined;
}

/** The larger step of two. */
export function coarser(a: Resolution, b: Resolution): Resolution {
  const digits = Math.max(a.decimals, b.decimals);
  return inUnitsOf(a, digits) >= inUnitsOf(b, digits) ? a : b;
}

/** The largest step that both are multiples of. */
export function commonResolution(a: Resolution, b: Resolution): Resolution {
  const decimals = Math.max(a.decimals, b.decimals);
  let [left, right] = [inUnitsOf(a, decimals), inUnitsOf(b, decimals)];
  while (right !== 0) [left, right] = [right, left % right];
  return { multiplier: left, decimals };
}

function inUnitsOf({ multiplier, decimals }: Resolution, digits: number): number {
  return multiplier * 10 ** (digits - decimals);
}
