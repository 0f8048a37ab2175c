/**
 * Ways to change bytes: single bits and bytes, cuts, insertions, moved parts, and the fields of a
 * protobuf message. An edit is plain data from fast-check, so a seed repeats it exactly.
 */
import fc from "fast-check";

/** A change of bytes; places are shares of the length, so that it fits any input. */
export type Edit =
  | { readonly kind: "flip"; readonly at: number; readonly bit: number }
  | { readonly kind: "set"; readonly at: number; readonly bytes: readonly number[] }
  | { readonly kind: "cut"; readonly at: number }
  | { readonly kind: "insert"; readonly at: number; readonly bytes: readonly number[] }
  | { readonly kind: "remove"; readonly at: number; readonly count: number }
  | { readonly kind: "repeat"; readonly at: number; readonly to: number; readonly count: number }
  | { readonly kind: "field"; readonly at: number; readonly value: bigint; readonly way: FieldWay };

/** What becomes of a field of a message. */
type FieldWay = "value" | "remove" | "repeat" | "rename" | "empty" | "shorten";

const share = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const byte = fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), fc.nat({ max: 255 }));
const few = fc.array(byte, { minLength: 1, maxLength: 6 });
const count = fc.integer({ min: 1, max: 12 });
/** Numbers at which something changes: widths of varints, limits of the format, signs. */
const number = fc.oneof(
  fc.constantFrom(0n, 1n, 2n, 127n, 128n, 255n, 256n, 1999n, 2000n, 2001n, 60_000n, 256_000n),
  fc.constantFrom(2n ** 31n - 1n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.bigInt({ min: 0n, max: 4_096n }),
);

/** One edit. */
const edits: fc.Arbitrary<Edit> = fc.oneof(
  { weight: 6, arbitrary: edit("flip", { at: share, bit: fc.nat({ max: 7 }) }) },
  { weight: 4, arbitrary: edit("set", { at: share, bytes: few }) },
  { weight: 1, arbitrary: edit("cut", { at: share }) },
  { weight: 2, arbitrary: edit("insert", { at: share, bytes: few }) },
  { weight: 2, arbitrary: edit("remove", { at: share, count }) },
  { weight: 1, arbitrary: edit("repeat", { at: share, to: share, count }) },
  {
    weight: 8,
    arbitrary: edit("field", {
      at: share,
      value: number,
      way: fc.constantFrom<FieldWay[]>(
        ...(["value", "value", "value", "remove", "repeat", "rename", "empty", "shorten"] as const),
      ),
    }),
  },
);

function edit<Kind extends Edit["kind"]>(
  kind: Kind,
  of: {
    [K in Exclude<keyof Extract<Edit, { kind: Kind }>, "kind">]: fc.Arbitrary<
      Extract<Edit, { kind: Kind }>[K]
    >;
  },
): fc.Arbitrary<Edit> {
  return fc.record({ kind: fc.constant(kind), ...of }) as unknown as fc.Arbitrary<Edit>;
}

/** Mostly one edit, now and then several. */
const changes = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(edits) },
  { weight: 1, arbitrary: fc.array(edits, { minLength: 2, maxLength: 4 }) },
);

/** As many changes as wished, by seed. */
export function sampleChanges(seed: number, cases: number): Edit[][] {
  return fc.sample(changes, { seed, numRuns: cases });
}

/** The bytes with the edits made, in their order; `bytes` stays as it is. */
export function applyEdits(bytes: Uint8Array, all: readonly Edit[]): Uint8Array {
  return all.reduce((now, one) => applyEdit(now, one), bytes);
}

function applyEdit(bytes: Uint8Array, change: Edit): Uint8Array {
  const at = Math.floor(change.at * bytes.length);
  switch (change.kind) {
    case "flip": {
      const copy = Uint8Array.from(bytes);
      if (at < copy.length) copy[at] = (copy[at] as number) ^ (1 << change.bit);
      return copy;
    }
    case "set": {
      const copy = Uint8Array.from(bytes);
      for (const [k, one] of change.bytes.entries()) if (at + k < copy.length) copy[at + k] = one;
      return copy;
    }
    case "cut":
      return bytes.slice(0, at);
    case "insert":
      return join(bytes.subarray(0, at), Uint8Array.from(change.bytes), bytes.subarray(at));
    case "remove":
      return join(bytes.subarray(0, at), bytes.subarray(at + change.count));
    case "repeat": {
      const to = Math.floor(change.to * bytes.length);
      return join(bytes.subarray(0, to), bytes.subarray(at, at + change.count), bytes.subarray(to));
    }
    case "field":
      return changeField(bytes, change);
  }
}

/** A field of a message, or of a message within it. */
interface Field {
  /** Where its tag begins, its value begins, and what follows it begins. */
  readonly start: number;
  readonly value: number;
  readonly end: number;
  readonly tag: number;
  /** Where the length of each message around it stands, outermost first. */
  readonly within: readonly {
    readonly start: number;
    readonly end: number;
    readonly tag: number;
  }[];
}

const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;
const FIXED32 = 5;
const DEPTH_MAX = 4;

/** In bytes that are no message a bit changes instead. */
function changeField(bytes: Uint8Array, { at, value, way }: Extract<Edit, { kind: "field" }>) {
  const fields = listFields(bytes, 0, bytes.length, []);
  const field = fields?.[Math.floor(at * (fields.length || 1))];
  if (field === undefined) return applyEdit(bytes, { kind: "flip", at, bit: Number(value & 7n) });
  const whole = bytes.subarray(field.start, field.end);
  const content = contentOf(bytes, field);
  const write = (part: Uint8Array) => replace(bytes, field, part);
  if (way === "remove") return write(new Uint8Array(0));
  if (way === "repeat") return write(join(whole, whole));
  if (way === "rename") {
    const tag = ((Number(value & 31n) + 1) << 3) | (field.tag & 7);
    return write(join(varint(BigInt(tag)), bytes.subarray(field.value, field.end)));
  }
  if ((field.tag & 7) === LENGTH) {
    const left = way === "empty" ? 0 : Math.floor(Number(value % 4_096n) % (content.length + 1));
    return write(lengthField(field.tag, content.subarray(0, left)));
  }
  return write(join(varint(BigInt(field.tag)), plainValue(field.tag & 7, value)));
}

function listFields(
  bytes: Uint8Array,
  from: number,
  to: number,
  within: Field["within"],
): Field[] | undefined {
  const fields: Field[] = [];
  for (let at = from; at < to; ) {
    const start = at;
    const tag = readVarint(bytes, at, to);
    if (tag === undefined || tag.value < 8n || tag.value > 2n ** 14n) return undefined;
    const value = tag.next;
    const kind = Number(tag.value & 7n);
    const end = endOf(bytes, value, to, kind);
    if (end === undefined) return undefined;
    const field = { start, value, end, tag: Number(tag.value), within };
    fields.push(field);
    if (kind === LENGTH && within.length < DEPTH_MAX) {
      const inner = readVarint(bytes, value, to)?.next ?? end;
      const outer = [...within, { start, end, tag: field.tag }];
      if (inner < end) fields.push(...(listFields(bytes, inner, end, outer) ?? []));
    }
    at = end;
  }
  return fields;
}

function endOf(bytes: Uint8Array, at: number, to: number, kind: number): number | undefined {
  const read = readVarint(bytes, at, to);
  const end =
    kind === VARINT
      ? read?.next
      : kind === LENGTH
        ? read && read.next + Number(read.value)
        : { [FIXED64]: at + 8, [FIXED32]: at + 4 }[kind];
  return end === undefined || end > to ? undefined : end;
}

function contentOf(bytes: Uint8Array, { value, end, tag }: Field): Uint8Array {
  if ((tag & 7) !== LENGTH) return bytes.subarray(value, end);
  return bytes.subarray(readVarint(bytes, value, end)?.next ?? end, end);
}

/** Puts `part` where the field was and mends the lengths of the messages around it. */
function replace(bytes: Uint8Array, field: Field, part: Uint8Array): Uint8Array {
  let now = part;
  let [start, end] = [field.start, field.end];
  for (const outer of [...field.within].reverse()) {
    const value = readVarint(bytes, outer.start, outer.end)?.next ?? outer.start;
    const begin = readVarint(bytes, value, outer.end)?.next ?? value;
    now = lengthField(
      outer.tag,
      join(bytes.subarray(begin, start), now, bytes.subarray(end, outer.end)),
    );
    [start, end] = [outer.start, outer.end];
  }
  return join(bytes.subarray(0, start), now, bytes.subarray(end));
}

function lengthField(tag: number, content: Uint8Array): Uint8Array {
  return join(varint(BigInt(tag)), varint(BigInt(content.length)), content);
}

function plainValue(kind: number, value: bigint): Uint8Array {
  if (kind === VARINT) return varint(value);
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, value));
  return kind === FIXED32 ? bytes.subarray(0, 4) : bytes;
}

function varint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Uint8Array.from([...bytes, Number(rest)]);
}

function readVarint(bytes: Uint8Array, at: number, to: number) {
  let value = 0n;
  for (let k = 0; k < 10 && at + k < to; k++) {
    const one = bytes[at + k] as number;
    value |= BigInt(one & 0x7f) << BigInt(7 * k);
    if (one < 0x80) return { value, next: at + k + 1 };
  }
  return undefined;
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
