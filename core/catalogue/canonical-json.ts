/**
 * JSON in its one canonical form: what is signed, and the only form in which metadata is carried.
 *
 * Members sorted, no white space, integers in decimal, printable ASCII without escapes but `\"` and
 * `\\`. Two texts of one value cannot both be canonical, so a changed byte is a changed value.
 *
 * Source: OLPC "Canonical JSON", as TUF 1.0.31 section 4.2 names it; restricted to ASCII, where its
 * order of characters and ours are the same.
 */
import { HeatpoolError } from "#core/errors.js";

/** Metadata nests less than ten deep. */
const DEPTH_MAX = 16;
const PRINTABLE = /^[\x20-\x7e]*$/;

/** @throws HeatpoolError `CATALOGUE_REFUSED` a value that has no canonical form */
export function canonicalJson(value: unknown): string {
  return write(value, 0);
}

/**
 * Reads text that is in canonical form.
 *
 * @throws HeatpoolError `CATALOGUE_REFUSED` it is not
 */
export function parseCanonicalJson(text: string): unknown {
  if (!PRINTABLE.test(text)) throw refuse("characters beyond printable ASCII");
  const value = parse(text);
  if (canonicalJson(value) !== text) throw refuse("not in canonical form");
  return value;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new HeatpoolError("CATALOGUE_REFUSED", "not JSON", { cause });
  }
}

function write(value: unknown, depth: number): string {
  if (depth > DEPTH_MAX) throw refuse(`nested more than ${DEPTH_MAX} deep`);
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "string") return writeText(value);
  if (typeof value === "number") return writeNumber(value);
  if (Array.isArray(value)) return `[${value.map((one) => write(one, depth + 1)).join(",")}]`;
  if (typeof value === "object") return writeObject(value, depth);
  throw refuse(`a ${typeof value}`);
}

function writeObject(value: object, depth: number): string {
  const members = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  const texts = members.map(([name, one]) => {
    // Libraries build objects by assignment, where this name would set the prototype.
    if (name === "__proto__") throw refuse("a member called __proto__");
    return `${writeText(name)}:${write(one, depth + 1)}`;
  });
  return `{${texts.join(",")}}`;
}

function writeText(text: string): string {
  if (!PRINTABLE.test(text)) throw refuse("characters beyond printable ASCII");
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}

function writeNumber(value: number): string {
  if (!Number.isSafeInteger(value) || Object.is(value, -0)) throw refuse(`the number ${value}`);
  return String(value);
}

function refuse(what: string): HeatpoolError {
  return new HeatpoolError("CATALOGUE_REFUSED", `canonical JSON: ${what}`);
}
