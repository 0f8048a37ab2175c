/**
 * A guess at the order of words and bytes, from values that make no sense in the profile's order.
 * Firmware updates have turned the order round before (Lambda 1.1.3), and NIBE lets people choose it.
 */
import { decodeRegister } from "./decode.js";
import type { Order, ProfileRegister } from "./profile.js";

/** Another order in which more values make sense. */
export interface OrderGuess {
  readonly wordOrder: Order;
  readonly byteOrder: Order;
  /** Values of two words that were looked at. */
  readonly values: number;
  /** How many make sense as the profile has it, and as guessed. */
  readonly sensibleAsStated: number;
  readonly sensibleAsGuessed: number;
}

/** What a device measures is 0, or neither dust nor astronomy. */
const SMALLEST = 1e-3;
const LARGEST = 1e7;
/** Fewer values are an accident. */
const VALUES_MIN = 3;

/** A better order, or `undefined` when the profile's own is as good as any. */
export function guessOrder(
  registers: readonly ProfileRegister[],
  wordsById: ReadonlyMap<string, readonly number[]>,
): OrderGuess | undefined {
  const seen = registers.flatMap((register) => {
    const words = wordsById.get(register.id);
    if (words === undefined || !isPair(register) || !tells(words, register)) return [];
    return [{ register, words }];
  });
  const [first] = seen;
  if (first === undefined || seen.length < VALUES_MIN) return undefined;
  const { wordOrder, byteOrder } = first.register.format;
  const count = (isWordSwapped: boolean, isByteSwapped: boolean): number =>
    seen.filter(({ register, words }) =>
      isSensible(words, turned(register, isWordSwapped, isByteSwapped)),
    ).length;
  const asStated = count(false, false);
  const others = (
    [
      [true, false],
      [false, true],
      [true, true],
    ] as const
  ).map(([words, bytes]) => ({ words, bytes, sensible: count(words, bytes) }));
  const [best] = others.sort((a, b) => b.sensible - a.sensible);
  const isBetter = best !== undefined && best.sensible - asStated > seen.length / 2;
  if (!isBetter) return undefined;
  return {
    wordOrder: best.words ? other(wordOrder) : wordOrder,
    byteOrder: best.bytes ? other(byteOrder) : byteOrder,
    values: seen.length,
    sensibleAsStated: asStated,
    sensibleAsGuessed: best.sensible,
  };
}

function isPair({ format }: ProfileRegister): boolean {
  return ["int32", "uint32", "float32"].includes(format.encoding);
}

/** Zeros look the same in every order, and so does nothing. */
function tells(words: readonly number[], { format }: ProfileRegister): boolean {
  const isAbsent = format.absent.some((pattern) => pattern.every((word, i) => word === words[i]));
  return !isAbsent && words.some((word) => word !== 0);
}

function turned(
  register: ProfileRegister,
  isWordSwapped: boolean,
  isByteSwapped: boolean,
): ProfileRegister {
  const { format } = register;
  return {
    ...register,
    format: {
      ...format,
      absent: [],
      wordOrder: isWordSwapped ? other(format.wordOrder) : format.wordOrder,
      byteOrder: isByteSwapped ? other(format.byteOrder) : format.byteOrder,
    },
  };
}

function other(order: Order): Order {
  return order === "high-first" ? "low-first" : "high-first";
}

function isSensible(words: readonly number[], register: ProfileRegister): boolean {
  const { exact } = decodeRegister(words, register);
  if (exact === undefined) return false;
  const size = Math.abs(exact);
  return size === 0 || (size >= SMALLEST && size <= LARGEST);
}
