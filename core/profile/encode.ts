/**
 * Values to register words: the way back of `decode.ts`, for simulators and for tests of profiles.
 * Nothing in the daemon's polling path uses it, and nothing here can reach a device.
 */
import type { ProfileRegister, RegisterFormat } from "./profile.js";

/**
 * Words in wire order that decode to the representable value nearest to `value`, or `undefined`
 * when every word pattern near it means "nothing there".
 *
 * @param value in the register's unit
 */
export function encodeRegister(value: number, register: ProfileRegister): number[] | undefined {
  const { format } = register;
  const { numerator, denominator, offset } = format.scale;
  const raw = ((value - offset) * denominator) / numerator;
  for (const nudge of [0, 1, -1]) {
    const words = encodeRaw(raw + nudge, format);
    if (!isAbsent(words, format)) return words;
  }
  return undefined;
}

function isAbsent(words: readonly number[], format: RegisterFormat): boolean {
  return format.absent.some((pattern) => pattern.every((word, i) => word === words[i]));
}

function encodeRaw(raw: number, format: RegisterFormat): number[] {
  switch (format.encoding) {
    case "bool":
    case "nonzero":
      return [(raw !== 0) === format.isInverted ? 0 : 1, ...zeros(format.words - 1)];
    case "bits": {
      const first = format.bits?.first ?? 0;
      const count = format.bits?.count ?? 16;
      const mask = 2 ** count - 1;
      return toWords((clamp(raw, 0, mask) * 2 ** first) >>> 0, format);
    }
    case "float32":
      return orderWords(floatWords(raw), format);
    case "sum":
      return sumWords(raw, format.magnitudes);
    case "string":
    case "version":
      return zeros(format.words);
    default:
      return toWords(clamp(raw, ...integerBounds(format.encoding)), format);
  }
}

function integerBounds(
  encoding: "int8" | "uint8" | "int16" | "uint16" | "int32" | "uint32",
): [number, number] {
  const bits = Number(/\d+/.exec(encoding)?.[0]);
  return encoding.startsWith("u") ? [0, 2 ** bits - 1] : [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1];
}

function clamp(raw: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, Math.round(raw)));
}

/** An integer as words, the high one first, then in the register's order. */
function toWords(raw: number, format: RegisterFormat): number[] {
  const words = zeros(format.words);
  let rest = raw < 0 ? raw + 2 ** (16 * format.words) : raw;
  for (let i = format.words - 1; i >= 0; i--) {
    words[i] = rest % 65536;
    rest = Math.floor(rest / 65536);
  }
  return orderWords(words, format);
}

function floatWords(raw: number): number[] {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, raw);
  return [view.getUint16(0), view.getUint16(2)];
}

function orderWords(words: number[], format: RegisterFormat): number[] {
  const ordered = format.wordOrder === "low-first" ? words.toReversed() : words;
  if (format.byteOrder === "high-first") return ordered;
  return ordered.map((word) => ((word & 0xff) << 8) | (word >> 8));
}

/** The greatest magnitude takes what it can hold, the next the rest. */
function sumWords(raw: number, magnitudes: readonly number[]): number[] {
  const words = zeros(magnitudes.length);
  let rest = Math.max(0, raw);
  const descending = magnitudes.map((size, i) => ({ size, i })).sort((a, b) => b.size - a.size);
  descending.forEach(({ size, i }, rank) => {
    const isLast = rank === descending.length - 1;
    const share = isLast ? Math.round(rest / size) : Math.floor(rest / size);
    words[i] = Math.min(65535, share);
    rest -= (words[i] ?? 0) * size;
  });
  return words;
}

function zeros(count: number): number[] {
  return Array.from({ length: count }, () => 0);
}
