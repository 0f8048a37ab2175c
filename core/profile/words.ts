/**
 * Bits of register words: words to raw numbers and back. No scale, no meaning.
 *
 * Source: Modbus Application Protocol V1.1b3, section 4.2 (bytes of a word are big-endian); which
 * word of a two-word value comes first is the manufacturer's choice, e.g. the low one on an IDM
 * Navigator 2.0.
 */
import type { Encoding, Order } from "./profile.js";

/** What the bit pattern needs to be known. */
export interface WordFormat {
  readonly encoding: Encoding;
  readonly wordOrder: Order;
  readonly byteOrder: Order;
  readonly bits: { readonly first: number; readonly count: number } | undefined;
  readonly magnitudes: readonly number[];
}

const WORD_MAX = 0xffff;

/** Whether it is a 16-bit word. */
export function isWord(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= WORD_MAX;
}

/** The raw number of valid words; `undefined` when these words encode none. */
export function toRaw(wire: readonly number[], format: WordFormat): number | undefined {
  const words = inOrder(wire, format);
  const [high = 0] = words;
  switch (format.encoding) {
    case "int8":
      return toInt8(high);
    case "uint8":
      return high <= 0xff ? high : undefined;
    case "int16":
      return (high << 16) >> 16;
    case "uint16":
      return high;
    case "bool":
      return high <= 1 ? high : undefined;
    case "nonzero":
      return high === 0 ? 0 : 1;
    case "bits":
      return (high >>> (format.bits?.first ?? 0)) & (2 ** (format.bits?.count ?? 16) - 1);
    case "int32":
      return toUint32(words) | 0;
    case "uint32":
      return toUint32(words) >>> 0;
    case "float32":
      return toFloat32(words);
    case "sum":
      return words.reduce((sum, word, i) => sum + word * (format.magnitudes[i] ?? 0), 0);
    case "string":
    case "version":
      return undefined;
  }
}

/** Whether words of this encoding are a text, not a number. */
export function isText(encoding: Encoding): boolean {
  return encoding === "string" || encoding === "version";
}

/**
 * The text of a string's words: ASCII, first character in the first byte, without padding. Of a
 * version: its words with dots between them, `3.90.1`.
 */
export function toText(wire: readonly number[], format: WordFormat): string {
  if (format.encoding === "version") return inOrder(wire, format).join(".");
  const codes = inOrder(wire, format).flatMap((word) => [word >>> 8, word & 0xff]);
  const text = String.fromCharCode(...codes.filter((code) => code >= 0x20 && code < 0x7f));
  return text.trim();
}

/** Wire words of a raw number; `undefined` when the type cannot hold it. */
export function toWords(raw: number, format: WordFormat): readonly number[] | undefined {
  const words = toOrderedWords(raw, format.encoding);
  return words === undefined ? undefined : inOrder(words, format);
}

/** Smallest and greatest raw number of the integer encodings. */
const RANGES: Partial<Record<Encoding, readonly [number, number]>> = {
  int8: [-0x80, 0x7f],
  uint8: [0, 0xff],
  int16: [-0x8000, 0x7fff],
  uint16: [0, WORD_MAX],
  bool: [0, WORD_MAX],
  nonzero: [0, WORD_MAX],
  bits: [0, WORD_MAX],
  int32: [-0x80000000, 0x7fffffff],
  uint32: [0, 0xffffffff],
};

function toOrderedWords(raw: number, encoding: Encoding): readonly number[] | undefined {
  const view = new DataView(new ArrayBuffer(4));
  if (encoding === "float32") {
    view.setFloat32(0, raw);
    return [view.getUint16(0), view.getUint16(2)];
  }
  const range = RANGES[encoding];
  if (range === undefined || !Number.isInteger(raw) || raw < range[0] || raw > range[1]) {
    return undefined;
  }
  view.setUint32(0, raw >>> 0);
  if (encoding === "int8") return [raw & 0xff];
  if (encoding === "int32" || encoding === "uint32") return [view.getUint16(0), view.getUint16(2)];
  return [view.getUint16(2)];
}

/** Both devices are seen: one that extends the sign to 16 bits and one that leaves zeros. */
function toInt8(word: number): number | undefined {
  const signed = (word << 24) >> 24;
  return word <= 0xff || word === (signed & WORD_MAX) ? signed : undefined;
}

function toUint32([high = 0, low = 0]: readonly number[]): number {
  return ((high << 16) | low) >>> 0;
}

function toFloat32(words: readonly number[]): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, toUint32(words));
  return view.getFloat32(0);
}

/** High word and high byte first, or back again: swapping twice is nothing. */
function inOrder(words: readonly number[], { encoding, wordOrder, byteOrder }: WordFormat) {
  const isPair = encoding === "int32" || encoding === "uint32" || encoding === "float32";
  const ordered = isPair && wordOrder === "low-first" ? [...words].reverse() : words;
  if (byteOrder === "high-first") return ordered;
  return ordered.map((word) => ((word & 0xff) << 8) | (word >>> 8));
}
