/**
 * Inputs that are almost good: one of a corpus, changed a little or a lot. The same seed makes the
 * same inputs.
 */

/** Makes inputs. */
export interface Mutator {
  next(): Buffer;
}

/** No reader takes more than a few hundred kilobytes from a corpus like ours. */
const INPUT_BYTES_MAX = 256 * 1024;
const CHANGES_MAX = 6;
const SLICE_MAX = 64;
/** At the edges of numbers, and what ends texts and numbers. */
const EDGES = [0x00, 0x01, 0x7f, 0x80, 0xff, 0x22, 0x5c, 0x7b, 0x5d, 0x2c, 0x0a, 0x3a];
const WORDS = [
  ...["9007199254740993", "-1", "1e999", "NaN", "null", "true", "{}", "[]", '"', "\\u0000"],
  ...["__proto__", "\n  - ", ": ", "&a ", "*a", "!!js/function ", "<<: *a", "../", "%2e", "AAAA"],
].map((word) => Buffer.from(word));

type Change = (bytes: Buffer, below: (bound: number) => number) => Buffer;

const CHANGES: readonly Change[] = [
  (bytes, below) => set(bytes, below(bytes.length), below(256)),
  (bytes, below) => {
    const at = below(bytes.length);
    return set(bytes, at, (bytes[at] ?? 0) ^ (1 << below(8)));
  },
  (bytes, below) => set(bytes, below(bytes.length), EDGES[below(EDGES.length)] ?? 0),
  (bytes, below) => bytes.subarray(0, below(bytes.length)),
  (bytes, below) => {
    const at = below(bytes.length);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + below(SLICE_MAX))]);
  },
  (bytes, below) => insert(bytes, below(bytes.length + 1), WORDS[below(WORDS.length)]),
  (bytes, below) => {
    const at = below(bytes.length);
    return insert(bytes, below(bytes.length + 1), bytes.subarray(at, at + 1 + below(SLICE_MAX)));
  },
  (bytes, below) =>
    insert(
      bytes,
      below(bytes.length + 1),
      Buffer.from(Array.from({ length: 1 + below(SLICE_MAX) }, () => below(256))),
    ),
  /** A number in a text becomes another. */
  (bytes, below) => {
    const text = bytes.toString("latin1");
    const numbers = [...text.matchAll(/\d+/g)];
    const one = numbers[below(numbers.length)];
    if (one === undefined) return bytes;
    const other = WORDS[below(4)]?.toString("latin1") ?? "";
    return Buffer.from(
      text.slice(0, one.index) + other + text.slice(one.index + one[0].length),
      "latin1",
    );
  },
];

/** @param random uniform in [0, 1) */
export function createMutator(corpus: readonly Buffer[], random: () => number): Mutator {
  const below = (bound: number) => Math.floor(random() * Math.max(1, bound));
  const pick = () => corpus[below(corpus.length)] ?? Buffer.alloc(0);
  return {
    next() {
      let bytes = pick();
      // Two of them joined, now and then.
      if (random() < 0.1) {
        const other = pick();
        bytes = Buffer.concat([
          bytes.subarray(0, below(bytes.length)),
          other.subarray(below(other.length)),
        ]);
      }
      for (let left = 1 + below(CHANGES_MAX); left > 0; left--)
        bytes = CHANGES[below(CHANGES.length)]?.(bytes, below) ?? bytes;
      return bytes.subarray(0, INPUT_BYTES_MAX);
    },
  };
}

function set(bytes: Buffer, at: number, value: number): Buffer {
  const changed = Buffer.from(bytes);
  if (at < changed.length) changed[at] = value;
  return changed;
}

function insert(bytes: Buffer, at: number, piece: Buffer = Buffer.alloc(0)): Buffer {
  return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)]);
}
