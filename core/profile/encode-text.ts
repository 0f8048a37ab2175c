/** Texts to register words: the way back of `decodeText`, for simulators. */
import type { RegisterFormat } from "./profile.js";

const WORD_MAX = 0xffff;

/**
 * Words in wire order that decode to `text`, or to its beginning where it does not fit whole;
 * `undefined` for a register that holds a number.
 */
export function encodeText(text: string, format: RegisterFormat): number[] | undefined {
  const words = Array.from({ length: format.words }, (_, at) => wordAt(text, at, format));
  const isText = words.every((word) => word !== undefined);
  if (!isText) return undefined;
  if (format.byteOrder === "high-first") return words;
  return words.map((word) => ((word & 0xff) << 8) | (word >>> 8));
}

function wordAt(text: string, at: number, { encoding }: RegisterFormat): number | undefined {
  if (encoding !== "string") return undefined;
  const code = (index: number): number => text.charCodeAt(index) & 0x7f || 0;
  return ((code(2 * at) << 8) | code(2 * at + 1)) & WORD_MAX;
}
