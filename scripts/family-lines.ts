/**
 * Rows of register tables and what a person decided about them → lines of a profile.
 *
 * Decisions are written one a line, in the order in which the profile has them:
 * `h1004 | hp_flow = temp_flow #1 | Vorlauftemperatur | Flow temperature | group: fast; min: -10`
 * - the row: first letter of its table (i, h, c, d) and its address; behind a name of a table file
 *   where there are several (`storage:h1`), and `@51` for a unit of its own
 * - an id, a metric, or both; `id ~ metric` has the metric's unit but serves it not; `#2` is the metric's priority; empty: an id made of the English name
 * - the German name and the English one; empty: as in the table
 * - further fields, with `;` between them; they replace what the row says, `-` leaves it out
 * A line that begins with `#` becomes a comment, an empty one is nothing; `~ i10150 i10151` names
 * rows that a stride of another line stands for.
 */
import { findMetric } from "#core/measurement/metrics.js";
import type { TableRow } from "./csv-register-table.js";
import { bilingual, quote, slug, sourceKeys, toLine } from "./profile-line.js";

/** One profile that is made of register tables. */
export interface Family {
  /** `lambda/eu-l` */
  readonly profile: string;
  /** Table files by the name that stands before a row; the empty name needs no colon. */
  readonly tables: Readonly<Record<string, string>>;
  /** Which rows belong to it, where a table is of several models. */
  readonly has?: (row: TableRow) => boolean;
  readonly sources: readonly (readonly [key: string, starts: string])[];
  /** What `defaults:` of the head says, so that lines need not. */
  readonly defaults: { readonly space: string; readonly encoding: string };
  /** Texts of codes in the other language. */
  readonly texts: Readonly<Record<string, string>>;
  /** The language of the tables' codes. */
  readonly language: "de" | "en";
  /** What stands before and behind the lines. */
  readonly head: string;
  readonly tail: string;
  /** As text, or made of the rows where they are many and regular. */
  readonly decisions: string | ((rows: Rows) => string);
}

/** Rows by their key: `h1004`. */
export type Rows = ReadonlyMap<string, TableRow>;

/** What `unit` of a table is in a unit of the catalogue. */
const CONVERSIONS: Readonly<Record<string, readonly [to: string, factor: number]>> = {
  W: ["kW", 0.001],
  Wh: ["kWh", 0.001],
  "l/h": ["l/min", 1 / 60],
  "‰": ["%", 0.1],
};

/** Plausible values of what is read locally alone, by unit. */
const LOCAL_BOUNDS: Readonly<Record<string, string>> = {
  "°C": "min: -60, max: 200",
  "%": "min: 0, max: 150",
};

/** Spellings of units that the format knows by another name. */
const UNIT_NAMES: Readonly<Record<string, string>> = { minute: "min", bool: "" };

/** Ids have at most 64 characters; a parameter may be longer than its braces. */
const ID_MAX = 60;

/**
 * The lines, each row decided at least once.
 *
 * @throws Error for a row without a decision and a decision without a row
 */
export function familyLines(family: Family, rows: Rows): string {
  const used = new Set<string>();
  const { decisions } = family;
  const lines = (typeof decisions === "string" ? decisions : decisions(rows))
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .flatMap((line) => {
      if (line.startsWith("#")) return [`  ${line}`];
      if (line.startsWith("~")) {
        for (const key of line.split(" ").slice(1)) used.add(key);
        return [];
      }
      const [at = "", name = "", de = "", en = "", more = ""] = line
        .split("|")
        .map((part) => part.trim());
      const [key = "", unitId] = at.split("@");
      const row = rows.get(key);
      if (row === undefined) throw new Error(`${family.profile}: no row ${key}`);
      used.add(key);
      return [lineOf({ row, unitId, name, de, en, more: fieldsOf(more) }, family)];
    });
  const forgotten = [...rows.keys()].filter((key) => !used.has(key));
  if (forgotten.length > 0) throw new Error(`${family.profile}: undecided ${forgotten.join()}`);
  return `${lines.join("\n")}\n`;
}

interface Decision {
  readonly row: TableRow;
  readonly unitId: string | undefined;
  readonly name: string;
  readonly de: string;
  readonly en: string;
  readonly more: ReadonlyMap<string, string>;
}

function fieldsOf(text: string): ReadonlyMap<string, string> {
  return new Map(
    text
      .split(";")
      .map((field) => field.trim())
      .filter((field) => field !== "")
      .map((field) => [field.slice(0, field.indexOf(":")), field] as const),
  );
}

function lineOf(decision: Decision, family: Family): string {
  const { row, unitId, more } = decision;
  const en = decision.en || plainName(row.nameEn);
  const de = decision.de || row.nameDe;
  if (de === "") throw new Error(`${family.profile}: no German for ${row.nameEn}`);
  const [name = "", like] = decision.name.split("~").map((part) => part.trim());
  const { id, metric, priority } = namesOf(name, en);
  const { unit, scale } = quantityOf(row, like ?? metric);
  const encoding = encodingOf(row);
  const codes = more.has("codes") ? undefined : codesOf(row, family);
  const own: Readonly<Record<string, string | undefined>> = {
    address: `address: ${row.address}`,
    space: row.table === family.defaults.space ? undefined : `space: ${row.table}`,
    unitId: unitId === undefined ? undefined : `unitId: ${unitId}`,
    encoding: encoding === family.defaults.encoding ? undefined : `encoding: ${encoding}`,
    id: id === undefined ? undefined : `id: ${quoteId(id)}`,
    metric: metric === undefined ? undefined : `metric: ${quoteId(metric)}`,
    priority: priority === undefined ? undefined : `priority: ${priority}`,
    scale: scale === "1" ? undefined : `scale: ${scale}`,
    unit: unit === "" ? undefined : `unit: ${quote(unit)}`,
    min: metric === undefined && !isScaleless(row) ? LOCAL_BOUNDS[unit] : undefined,
    group: row.access === "r" ? undefined : "group: slow",
    access: row.access === "r" ? undefined : `access: ${row.access}`,
    label: `label: ${bilingual({ de, en })}`,
    codes,
    source: `source: [${sourceKeys(row, family.sources).join(", ")}]`,
  };
  const keys = [
    ...new Set([...Object.keys(own).slice(0, -3), ...more.keys(), "label", "codes", "source"]),
  ];
  return toLine(
    keys.map((key) => {
      const field = more.get(key) ?? own[key];
      return field === `${key}: -` ? undefined : field;
    }),
  );
}

/** `hp_flow = temp_flow #2` */
function namesOf(text: string, en: string) {
  const [names = "", priority] = text.split("#").map((part) => part.trim());
  const [id = "", metric] = names.split("=").map((part) => part.trim());
  const own = id === "" && (metric === undefined || priority !== undefined) ? slug(en, ID_MAX) : id;
  return { id: own === "" ? undefined : own, metric, priority };
}

/** What a name in the table says in brackets is a field of its own, or a comment. */
export function plainName(name: string): string {
  return name.replace(/\s*\[[^\]]*\]/g, "");
}

/** Codes and flags fill a word; what a table calls bool may be any value but 0. */
export function encodingOf({ type, unit, enumValues, words }: TableRow): string {
  if (unit === "bool") return "bool";
  if (type === "bool" && enumValues.includes("other=")) return "nonzero";
  if (words === 3) return type === "int16" ? "version" : "sum";
  return type === "enum" || type === "bitmask" ? "uint16" : type;
}

function isScaleless({ type }: TableRow): boolean {
  return type === "enum" || type === "bitmask" || type === "bool";
}

function quantityOf(row: TableRow, metric: string | undefined) {
  const unit = UNIT_NAMES[row.unit] ?? row.unit;
  const wanted = findMetric((metric ?? "").replace("{circuit}", "a"))?.unit;
  const [to, factor] = CONVERSIONS[unit] ?? [unit, 1];
  if (wanted === undefined || wanted === unit || wanted !== to) {
    return { unit, scale: `${row.scale}` };
  }
  const scaled = Number((row.scale * factor).toPrecision(12));
  const isDecimal = factor !== 1 / 60;
  return { unit: to, scale: isDecimal ? `${scaled}` : `1/${Math.round(60 / row.scale)}` };
}

/** `0=off;1=on` or `Operating mode: 0: Off 1: On`, as code and text. */
export function pairsOf({ enumValues, type }: TableRow): readonly (readonly [string, string])[] {
  if (type !== "enum" && type !== "bitmask") return [];
  if (enumValues.includes("=")) {
    return enumValues.split(";").map((pair) => {
      const [code = "", text = ""] = pair.split("=");
      return [code, text.trim()];
    });
  }
  // Of a bit mask, 0 is no bit.
  const text = type === "bitmask" ? enumValues.replace(/ 0: .*$/, "") : enumValues;
  return Array.from(text.matchAll(/(\d+): (.+?)(?= \d+: |$)/g), ([, code = "", text = ""]) => [
    code,
    text,
  ]);
}

function codesOf(row: TableRow, family: Family): string | undefined {
  const pairs = pairsOf(row).map(([code, text]) => {
    const other = family.texts[text];
    if (other === undefined) throw new Error(`${family.profile}: no other language for: ${text}`);
    const both = family.language === "en" ? { de: other, en: text } : { de: text, en: other };
    return `${code}: ${both.de === both.en ? quote(both.en) : bilingual(both)}`;
  });
  if (pairs.length === 0) return undefined;
  return `${row.type === "bitmask" ? "flags" : "codes"}: { ${pairs.join(", ")} }`;
}

function quoteId(id: string): string {
  return id.includes("{") ? JSON.stringify(id) : id;
}
