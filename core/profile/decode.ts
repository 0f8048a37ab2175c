/**
 * Register words to values. With `readings.ts` the only place that knows what devices mean.
 *
 * No words of a device make these functions throw: what is not a value is `absent` or
 * `implausible`. A value is rounded once, here; everything behind holds the same number.
 */
import type { ProfileRegister, RegisterFormat, Resolution } from "./profile.js";
import { isText, isWord, toRaw, toText } from "./words.js";

/** What words turned out to be. `value` is defined exactly when quality is `good`. */
export interface Decoded {
  readonly quality: "good" | "absent" | "implausible";
  /** Rounded to the register's resolution. */
  readonly value: number | undefined;
  /** Before rounding; metrics are derived of these. */
  readonly exact: number | undefined;
}

const ABSENT: Decoded = { quality: "absent", value: undefined, exact: undefined };
const IMPLAUSIBLE: Decoded = { quality: "implausible", value: undefined, exact: undefined };

/**
 * Decodes the words of one register: sentinels on the raw words first, then bits, scale, rounding
 * and bounds. A text has no number and is absent; see `decodeText`.
 */
export function decodeRegister(words: readonly number[], register: ProfileRegister): Decoded {
  const { format } = register;
  if (words.length !== format.words || !words.every(isWord)) return IMPLAUSIBLE;
  if (isAbsent(words, format)) return ABSENT;
  const raw = toRaw(words, format);
  if (raw === undefined) return isText(format.encoding) ? ABSENT : IMPLAUSIBLE;
  if (Number.isNaN(raw) && format.isNanAbsent) return ABSENT;
  const exact = toExact(raw, format);
  const value = round(exact, format.resolution);
  if (value === undefined || value < register.min || value > register.max) return IMPLAUSIBLE;
  return { quality: "good", value, exact };
}

/** The text of a string register, or `undefined` when there is none. */
export function decodeText(
  words: readonly number[],
  { format }: ProfileRegister,
): string | undefined {
  if (!isText(format.encoding) || words.length !== format.words) return undefined;
  if (!words.every(isWord) || isAbsent(words, format)) return undefined;
  return toText(words, format) || undefined;
}

/** Whether a value is further from the last one than the register's largest step. */
export function isTooSteep(
  register: ProfileRegister,
  value: number,
  previous: number | undefined,
): boolean {
  return (
    register.maxStep !== undefined &&
    previous !== undefined &&
    Math.abs(value - previous) > register.maxStep
  );
}

/**
 * The nearest multiple of multiplier / 10 ** decimals, as one exact product and one division
 * (3 * 0.1 is not 0.3). Without a resolution the number itself, never -0; `undefined` for what is
 * no number or too large to be a multiple exactly.
 */
export function round(value: number, resolution: Resolution | undefined): number | undefined {
  if (!Number.isFinite(value)) return undefined;
  if (resolution === undefined) return value + 0;
  const { multiplier, decimals } = resolution;
  const steps = Math.round((value * 10 ** decimals) / multiplier);
  if (!Number.isSafeInteger(steps * multiplier)) return undefined;
  return (steps * multiplier) / 10 ** decimals + 0;
}

function isAbsent(words: readonly number[], format: RegisterFormat): boolean {
  return (
    format.absent.some((absent) => absent.every((word, i) => word === words[i])) ||
    words.some((word) => format.absentInAnyWord.includes(word))
  );
}

function toExact(raw: number, { scale, isInverted }: RegisterFormat): number {
  const upright = isInverted ? 1 - raw : raw;
  return (upright * scale.numerator) / scale.denominator + scale.offset;
}
