/**
 * Shapes of JSON that programs write for programs: closed, every value within its bounds, the first
 * fault with its place. For what a daemon has to read while it runs: a schema library stays in its
 * memory for good, 6 MB of 40. What people write is checked by schemas, which explain more.
 */
import { HeatpoolError } from "#core/errors.js";

/** Takes a value as it is, or refuses it. @param at its place, for the message */
export type Shape<T> = (value: unknown, at: string) => T;

/** A field that may be left out. */
export interface Optional<T> {
  readonly optional: Shape<T>;
}

type Fields = Readonly<Record<string, Shape<unknown> | Optional<unknown>>>;
type RequiredKeys<F> = { [K in keyof F]: F[K] extends Shape<unknown> ? K : never }[keyof F];
/** What a record of these fields is. */
type RecordOf<F> = {
  readonly [K in RequiredKeys<F>]: F[K] extends Shape<infer T> ? T : never;
} & {
  readonly [K in Exclude<keyof F, RequiredKeys<F>>]?: F[K] extends Optional<infer T> ? T : never;
};
/** What a shape gives. */
export type ShapeOf<S> = S extends Shape<infer T> ? T : never;

/** A finite number. */
export function number(min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY) {
  return (value: unknown, at: string): number => {
    const isFine = typeof value === "number" && Number.isFinite(value);
    if (!isFine || value < min || value > max) throw refused(at, `number of ${min} to ${max}`);
    return value;
  };
}

export function whole(min: number) {
  return (value: unknown, at: string): number => {
    if (!Number.isSafeInteger(value) || (value as number) < min) {
      throw refused(at, `whole number of at least ${min}`);
    }
    return value as number;
  };
}

export function text(pattern: RegExp, longest: number) {
  return (value: unknown, at: string): string => {
    if (typeof value !== "string" || value.length > longest || !pattern.test(value)) {
      throw refused(at, `text like ${pattern.source}`);
    }
    return value;
  };
}

export const flag: Shape<boolean> = (value, at) => {
  if (typeof value !== "boolean") throw refused(at, "true or false");
  return value;
};

/** One of these values. */
export function oneOf<const T extends string | number>(allowed: readonly T[]): Shape<T> {
  return (value, at) => {
    const found = allowed.find((one) => one === value);
    if (found === undefined) throw refused(at, `one of ${allowed.join(", ")}`);
    return found;
  };
}

export function list<T>(of: Shape<T>, most: number, least = 0): Shape<readonly T[]> {
  return (value, at) => {
    if (!Array.isArray(value) || value.length > most || value.length < least) {
      throw refused(at, `list of ${least} to ${most}`);
    }
    return value.map((one, k) => of(one, `${at}.${k}`));
  };
}

export function optional<T>(of: Shape<T>): Optional<T> {
  return { optional: of };
}

/** Exactly these fields. */
export function record<F extends Fields>(fields: F): Shape<RecordOf<F>> {
  return (value, at) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw refused(at, "record");
    }
    const given = value as Readonly<Record<string, unknown>>;
    const unknown = Object.keys(given).find((name) => !Object.hasOwn(fields, name));
    if (unknown !== undefined) throw refused(`${at}.${unknown}`, "known field");
    const read: Record<string, unknown> = {};
    for (const [name, field] of Object.entries(fields)) {
      const one = Object.hasOwn(given, name) ? given[name] : undefined;
      if (typeof field === "function") read[name] = field(one, `${at}.${name}`);
      else if (one !== undefined) read[name] = field.optional(one, `${at}.${name}`);
    }
    return read as RecordOf<F>;
  };
}

function refused(at: string, wanted: string): HeatpoolError {
  return new HeatpoolError("INVALID_ARGUMENT", `${at}: no ${wanted}`);
}
