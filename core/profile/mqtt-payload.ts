/**
 * Payloads → values: which part, what its text means, and whether it means nothing at all. Strict:
 * an exception's text in place of a number is no number. No payload makes these functions throw.
 */
import { type Decoded, round } from "./decode.js";
import type { Extractor, MqttPoint, PointFormat } from "./mqtt-profile.js";

/** One message's payload; JSON is parsed at most once, however many points look into it. */
export interface Payload {
  readonly text: string;
  /** `undefined` when the text is no JSON object or list. */
  json(): object | undefined;
}

/** What a place holds. */
export type Scalar = string | number | boolean | null;

const ABSENT: Decoded = { quality: "absent", value: undefined, exact: undefined };
const IMPLAUSIBLE: Decoded = { quality: "implausible", value: undefined, exact: undefined };

/** Decimal numbers as programs print them; no hexadecimal, no spaces, no thousands. */
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$/;

/** Wraps a payload's text. */
export function toPayload(text: string): Payload {
  const trimmed = text.trim();
  let parsed: { readonly value: object | undefined } | undefined;
  return {
    text: trimmed,
    json() {
      parsed ??= { value: parseObject(trimmed) };
      return parsed.value;
    },
  };
}

/** The scalar at a place; `undefined` when this payload has none there. */
export function extract(payload: Payload, extractor: Extractor): Scalar | undefined {
  switch (extractor.kind) {
    case "whole":
      return payload.json() === undefined ? unquote(payload.text) : undefined;
    case "field":
      if (payload.json() !== undefined) return undefined;
      return payload.text.split(";")[extractor.index]?.trim();
    case "path":
      return follow(payload.json(), extractor.keys);
  }
}

/** A scalar → a value: absent texts, number, sentinels, scale, rounding, bounds; in that order. */
export function decodeScalar(
  scalar: Scalar,
  point: Pick<MqttPoint, "format" | "min" | "max">,
): Decoded {
  const { format } = point;
  const isNothing =
    scalar === null ||
    scalar === "" ||
    (typeof scalar === "string" && format.absentTexts.includes(scalar.toLowerCase()));
  if (isNothing) {
    const { nothingMeans } = format;
    if (nothingMeans === undefined) return ABSENT;
    return { quality: "good", value: nothingMeans, exact: nothingMeans };
  }
  const raw = toNumber(scalar, format);
  if (raw === undefined || format.absent.includes(raw)) return ABSENT;
  const exact = (raw * format.scale.numerator) / format.scale.denominator + format.scale.offset;
  const value = round(exact, format.resolution);
  if (value === undefined || value < point.min || value > point.max) return IMPLAUSIBLE;
  return { quality: "good", value, exact };
}

/** `undefined`: this is no number and no known word. */
export function toNumber(scalar: Exclude<Scalar, null>, { rule }: PointFormat): number | undefined {
  if (rule.kind === "text") return undefined;
  if (rule.kind === "words" && typeof scalar !== "number") {
    const word = String(scalar).toLowerCase();
    const known = rule.words.get(word) ?? prefixed(word, rule.prefixes);
    if (known !== undefined) return known;
  }
  if (typeof scalar === "boolean") return undefined;
  const number = typeof scalar === "number" ? scalar : parseNumber(scalar);
  if (number === undefined || !Number.isFinite(number)) return undefined;
  if (rule.kind === "words") return Number.isInteger(number) ? number : undefined;
  const isUpward = rule.isFractionUpward && number < 0;
  return isUpward ? 2 * Math.trunc(number) - number : number;
}

function parseNumber(text: string): number | undefined {
  return NUMBER.test(text) ? Number(text) : undefined;
}

/** Letters before a hexadecimal number. */
function prefixed(word: string, prefixes: ReadonlyMap<string, number>): number | undefined {
  const [, letters = "", digits = ""] = /^([a-z]{1,4}?)([0-9a-f]{1,4})$/.exec(word) ?? [];
  const base = prefixes.get(letters);
  return base === undefined ? undefined : base + Number.parseInt(digits, 16);
}

/** Only objects and lists; a bare `17` or `"off"` is a whole payload. */
function parseObject(text: string): object | undefined {
  if (text[0] !== "{" && text[0] !== "[") return undefined;
  try {
    return JSON.parse(text) as object;
  } catch {
    return undefined;
  }
}

function unquote(text: string): string {
  return text.length > 1 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text;
}

function follow(start: object | undefined, keys: readonly (string | number)[]): Scalar | undefined {
  let found: unknown = start;
  for (const key of keys) {
    if (typeof found !== "object" || found === null || !Object.hasOwn(found, key)) return undefined;
    found = (found as Record<string | number, unknown>)[key];
  }
  if (found === null || typeof found === "string") return found;
  return typeof found === "number" || typeof found === "boolean" ? found : undefined;
}
