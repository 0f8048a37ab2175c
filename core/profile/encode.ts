/**
 * Values to register words: the way back of `decode.ts`, for simulators and for tests of profiles.
 * Nothing in the daemon's polling path uses it, and nothing here can reach a device.
 */
import type { ProfileRegister, RegisterFormat } from "./profile.js";
import { toWords } from "./words.js";

/**
 * Words in wire order that decode to the representable value nearest to `value`, or `undefined`
 * when there are none: the value does not fit, or every pattern near it means "nothing there".
 *
 * @param value in the register's unit
 */
export function encodeRegister(value: number, register: ProfileRegister): number[] | undefined {
  const { format } = register;
  const { numerator, denominator, offset } = format.scale;
  const exact = ((value - offset) * denominator) / numerator;
  const raw = format.encoding === "float32" ? exact : Math.round(exact);
  for (const nudge of [0, 1, -1]) {
    const words = encodeRaw(raw + nudge, format);
    if (words !== undefined && !isAbsent(words, format)) return words;
  }
  return undefined;
}

function isAbsent(words: readonly number[], format: RegisterFormat): boolean {
  return format.absent.some((pattern) => pattern.every((word, i) => word === words[i]));
}

function encodeRaw(raw: number, format: RegisterFormat): number[] | undefined {
  if (format.encoding === "sum") return sumWords(raw, format.magnitudes);
  if (format.encoding === "bool" || format.encoding === "nonzero") {
    const isSet = (raw !== 0) !== format.isInverted;
    return [isSet ? 1 : 0, ...Array(format.words - 1).fill(0)];
  }
  const words = toWords(raw * 2 ** (format.bits?.first ?? 0), format);
  return words === undefined ? undefined : [...words];
}

/** The greatest magnitude takes what it can hold, the next the rest. */
function sumWords(raw: number, magnitudes: readonly number[]): number[] {
  const words: number[] = Array(magnitudes.length).fill(0);
  let rest = Math.max(0, raw);
  const descending = magnitudes.map((size, i) => ({ size, i })).sort((a, b) => b.size - a.size);
  descending.forEach(({ size, i }, rank) => {
    const isLast = rank === descending.length - 1;
    words[i] = Math.min(65535, isLast ? Math.round(rest / size) : Math.floor(rest / size));
    rest -= (words[i] ?? 0) * size;
  });
  return words;
}
