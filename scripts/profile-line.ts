/** One line of a profile: `- { address: 506, metric: temp_outdoor, … }`, and how texts stand in it. */
import type { TableRow } from "./csv-register-table.js";

/** Words of flow mappings that need no quotes. */
const PLAIN = /^[\p{L}°€(][^,[\]{}:#"'&*!|>%@`]*$/u;
const SPECIAL = /^(true|false|null|yes|no|on|off|~)$/i;

/** The text as it stands in a flow mapping. */
export function quote(text: string): string {
  return PLAIN.test(text) && !SPECIAL.test(text) ? text : JSON.stringify(text);
}

/** A text in both languages, or the one that serves for both. */
export function bilingual({ de, en }: { readonly de: string; readonly en: string }): string {
  return `{ de: ${quote(de)}, en: ${quote(en)} }`;
}

/** The line, without the fields that have nothing to say. */
export function toLine(fields: readonly (string | undefined)[]): string {
  return `  - { ${fields.filter((field) => field !== undefined).join(", ")} }`;
}

/** Small letters, digits and underscores, at most `most` of them. Braces of parameters stay. */
export function slug(name: string, most: number): string {
  const words = name.toLowerCase().replace(/[^a-z0-9{}]+/g, "_");
  return words.slice(0, most).replace(/^_+|_+$/g, "");
}

/** `0=off;1=on` as codes with German from `german`; a text that is not there is an error. */
export function codesOf(row: TableRow, german: Readonly<Record<string, string>>): string {
  const pairs = row.enumValues.split(";").map((pair) => {
    const [code = "", en = ""] = pair.split("=");
    const de = german[en];
    if (de === undefined) throw new Error(`no German for: ${en}`);
    const key = code.startsWith("-") ? JSON.stringify(code) : code;
    return `${key}: ${de === en ? quote(en) : bilingual({ de, en })}`;
  });
  return `{ ${pairs.join(", ")} }`;
}

/** The keys of those sources that a row names, in the order of `keys`. */
export function sourceKeys(
  row: TableRow,
  keys: readonly (readonly [key: string, starts: string])[],
): readonly string[] {
  return keys
    .filter(([, starts]) => row.sources.some((one) => one.startsWith(starts)))
    .map(([key]) => key);
}
