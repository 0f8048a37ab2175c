/**
 * Bit patterns of a register: encoding, scale, resolution and sentinels as raw words.
 *
 * Sentinels are turned into the words that travel, once, so that reading compares words and
 * nothing else. Enum codes and legal values are taken out of them here.
 */
import type { Metric } from "#core/measurement/metric.js";
import { asDecimal, coarser, toDecimal, toFraction } from "./decimal.js";
import type { Report } from "./fault-list.js";
import type { Encoding, RegisterFormat, Resolution, Scale } from "./profile.js";
import type { DefaultsText, RegisterText } from "./register-schema.js";
import { isText, toWords, type WordFormat } from "./words.js";

/** Encodings of a whole number in one or two words. */
const INTEGERS: readonly Encoding[] = ["int8", "uint8", "int16", "uint16", "int32", "uint32"];

/** Encodings whose value is 0 or 1. */
const YES_OR_NO: readonly Encoding[] = ["bool", "nonzero"];

/** The encoding in force. */
function encodingOf(text: RegisterText, defaults: DefaultsText): Encoding {
  if (text.bit !== undefined || text.bits !== undefined) return "bits";
  if (text.magnitudes !== undefined) return "sum";
  return text.encoding ?? defaults.encoding ?? "uint16";
}

/** The format of a register; faults are reported, and a format is returned all the same. */
export function compileFormat(
  text: RegisterText,
  defaults: DefaultsText,
  metric: Metric | undefined,
  at: { readonly path: readonly PropertyKey[]; readonly report: Report },
): RegisterFormat {
  const encoding = encodingOf(text, defaults);
  checkEncoding(text, encoding, at);
  const bits = text.bit === undefined ? text.bits : { first: text.bit, count: 1 };
  const shape: WordFormat = {
    encoding,
    wordOrder: text.wordOrder ?? defaults.wordOrder ?? "high-first",
    byteOrder: text.byteOrder ?? defaults.byteOrder ?? "high-first",
    bits,
    magnitudes: text.magnitudes ?? [],
  };
  const words = wordCount(text, encoding);
  const scale = compileScale(text, defaults, encoding, at);
  return {
    ...shape,
    bits,
    words,
    scale,
    resolution: compileResolution(text, defaults, { encoding, scale, metric }, at),
    ...compileSentinels(text, defaults, { shape, words }, at),
    isInverted: text.invert ?? false,
  };
}

type At = { readonly path: readonly PropertyKey[]; readonly report: Report };

function wordCount(text: RegisterText, encoding: Encoding): number {
  if (isText(encoding)) return text.words ?? 1;
  if (encoding === "sum") return text.magnitudes?.length ?? 1;
  return encoding === "int32" || encoding === "uint32" || encoding === "float32" ? 2 : 1;
}

function checkEncoding(text: RegisterText, encoding: Encoding, { path, report }: At): void {
  const wrong = (key: string, message: string) => report([...path, key], message);
  if (text.encoding !== undefined && text.encoding !== encoding) {
    wrong("encoding", `is ${text.encoding}, but bit, bits and magnitudes make it ${encoding}`);
  }
  if (encoding === "bits" && text.bit === undefined && text.bits === undefined) {
    wrong("encoding", "bits needs bit: or bits: { first, count }");
  }
  if (text.bits !== undefined && text.bits.first + text.bits.count > 16) {
    wrong("bits", "a word has 16 bits");
  }
  if (encoding === "sum" && text.magnitudes === undefined) {
    wrong("encoding", "sum needs magnitudes: what one of each word is worth");
  }
  if (isText(encoding) && text.words === undefined) {
    wrong("encoding", `${encoding} needs words: how many`);
  }
  if (!isText(encoding) && text.words !== undefined) {
    wrong("words", `only a string states its words; ${encoding} knows them`);
  }
  if (text.invert === true && !YES_OR_NO.includes(encoding) && text.bit === undefined) {
    wrong("invert", "only a bool or a single bit can be inverted");
  }
}

function compileScale(
  text: RegisterText,
  defaults: DefaultsText,
  encoding: Encoding,
  { path, report }: At,
): Scale {
  const isPlain =
    YES_OR_NO.includes(encoding) ||
    encoding === "bits" ||
    isText(encoding) ||
    text.codes !== undefined ||
    text.flags !== undefined;
  if (isPlain && (text.scale !== undefined || text.offset !== undefined)) {
    const key = text.scale === undefined ? "offset" : "scale";
    report([...path, key], "codes, flags, bits and texts are not scaled");
  }
  const written = text.scale ?? (isPlain ? 1 : defaults.scale) ?? 1;
  const fraction = toFraction(written);
  if (fraction === undefined) {
    const place = text.scale === undefined ? ["defaults", "scale"] : [...path, "scale"];
    report(place, `${written} is no exact scale; write a decimal like 0.1 or a fraction like 1/60`);
  }
  return { ...(fraction ?? { numerator: 1, denominator: 1 }), offset: text.offset ?? 0 };
}

/** Stated, or what the scale of a whole number can tell apart, but not finer than the catalogue. */
function compileResolution(
  text: RegisterText,
  defaults: DefaultsText,
  of: { readonly encoding: Encoding; readonly scale: Scale; readonly metric: Metric | undefined },
  { path, report }: At,
): Resolution | undefined {
  if (text.resolution !== undefined) {
    const stated = toDecimal(text.resolution);
    if (stated === undefined) report([...path, "resolution"], "must be a decimal like 0.1");
    return stated;
  }
  const catalogue = of.metric?.resolution;
  if (YES_OR_NO.includes(of.encoding) || of.encoding === "bits")
    return { multiplier: 1, decimals: 0 };
  const isWhole = INTEGERS.includes(of.encoding) || of.encoding === "sum";
  const step = isWhole && Number.isInteger(of.scale.offset) ? asDecimal(of.scale) : undefined;
  const magnitudes = of.encoding === "sum" ? (text.magnitudes ?? []) : [];
  const isFine = magnitudes.some((magnitude) => !Number.isInteger(magnitude));
  if (step !== undefined && !isFine && divides(of.scale.offset, step)) {
    return catalogue === undefined ? step : coarser(step, catalogue);
  }
  if (catalogue !== undefined) return catalogue;
  return defaults.resolution === undefined ? undefined : toDecimal(defaults.resolution);
}

/** Whether an offset keeps values on multiples of the step. */
function divides(offset: number, { multiplier, decimals }: Resolution): boolean {
  return Number.isInteger((offset * 10 ** decimals) / multiplier);
}

function compileSentinels(
  text: RegisterText,
  defaults: DefaultsText,
  { shape, words }: { readonly shape: WordFormat; readonly words: number },
  { path, report }: At,
): Pick<RegisterFormat, "absent" | "absentInAnyWord" | "isNanAbsent"> {
  const { encoding } = shape;
  const isOwn = text.absent !== undefined;
  const written = text.absent ?? defaultSentinels(defaults, encoding);
  const place = isOwn ? [...path, "absent"] : ["defaults", "absent"];
  const absent: (readonly number[])[] = [];
  const absentInAnyWord: number[] = [];
  for (const sentinel of written) {
    if (sentinel === "nan") {
      if (encoding !== "float32") report(place, `${encoding} knows no nan`);
    } else if (encoding === "sum" && typeof sentinel === "number") {
      absentInAnyWord.push(sentinel & 0xffff);
      if (!Number.isInteger(sentinel) || sentinel < -0x8000 || sentinel > 0xffff) {
        report(place, `sentinel ${sentinel} does not fit a word`);
      }
    } else {
      const wire = typeof sentinel === "number" ? toWords(sentinel, shape) : sentinel;
      if (wire === undefined) report(place, `sentinel ${sentinel} does not fit ${encoding}`);
      else if (wire.length !== words) {
        const what = `sentinel [${wire.join(", ")}] has ${wire.length} word(s)`;
        report(place, `${what}, ${encoding} has ${words}`);
      } else absent.push(wire);
    }
  }
  const legal = legalWords(text, shape, { path, report });
  return {
    absent: absent.filter((wire) => !legal.has(wire.join())),
    absentInAnyWord,
    isNanAbsent: written.includes("nan"),
  };
}

/** Enum codes and legal values win over sentinels. */
function legalWords(text: RegisterText, shape: WordFormat, { path, report }: At): Set<string> {
  const legal = new Set<string>();
  for (const raw of text.legal ?? []) {
    const wire = toWords(raw, shape);
    if (wire === undefined) report([...path, "legal"], `${raw} does not fit ${shape.encoding}`);
    else legal.add(wire.join());
  }
  for (const code of Object.keys(text.codes ?? {})) {
    const wire = toWords(Number(code), shape);
    if (wire === undefined) report([...path, "codes", code], `does not fit ${shape.encoding}`);
    else legal.add(wire.join());
  }
  return legal;
}

function defaultSentinels(defaults: DefaultsText, encoding: Encoding) {
  const { absent } = defaults;
  if (absent === undefined) return [];
  if (!Array.isArray(absent)) return absent[encoding] ?? [];
  return encoding === (defaults.encoding ?? "uint16") ? absent : [];
}
