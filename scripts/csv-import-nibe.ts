/**
 * Register tables → profile of the NIBE S series.
 *
 * Run once: the profile is owned as data from then on and corrected by hand.
 * `tsx --conditions=source scripts/csv-import-nibe.ts <registers folder> [output folder]`
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { readCsv, readRegisterTable, type TableRow } from "./csv-register-table.js";
import { DECISIONS, type Decision, GERMAN, HEADINGS } from "./import-nibe-decisions.js";
import { EXPORTS, HEAD, TAIL } from "./import-nibe-frame.js";
import { bilingual, codesOf, quote, slug, toLine } from "./profile-line.js";

/** Leaves room for an address behind it; ids have at most 64 characters. */
const ID_MAX = 58;

/** Position numbers of components and names of accessories behind a name, one or two of them. */
const CODES =
  /(?:\s*\((?:(?:E[BP]|B[TPEF]|GP|QN|AZ|S|ECS)\d[^()]*|OPT|EME|SPA|RMU|RH|HMP|ERS \d)\))+$/;

/** Spellings of the tables. */
const UNITS: Readonly<Record<string, string>> = { DM: "K·min", days: "d", "l/m": "l/min" };

const [registers = "../shared/registers", output = "firmware-profiles/nibe"] =
  process.argv.slice(2);
const german = new Map(
  readCsv(join(import.meta.dirname, "csv-nibe-german.csv")).map(({ en = "", de = "" }) => [en, de]),
);

function modelsOf(row: TableRow): readonly string[] {
  const files = /\{([^}]*)\}/.exec(row.sources.join(" "))?.[1]?.split(",") ?? [];
  return Object.entries(EXPORTS)
    .filter(([, file]) => files.includes(file))
    .map(([key]) => key);
}

/** The name without the models that the second table puts behind it. */
function englishOf({ nameEn }: TableRow): string {
  return nameEn.replace(/\s*\[[^\]]*\]$/, "").replace(/\s+/g, " ");
}

function germanOf(en: string): string {
  const codes = CODES.exec(en)?.[0] ?? "";
  const name = en.slice(0, en.length - codes.length);
  const text = german.get(name.replace(/\d+/g, "#"));
  if (text === undefined) throw new Error(`no German for "${name.replace(/\d+/g, "#")}"`);
  const numbers = name.match(/\d+/g) ?? [];
  const whole = text.replace(/#/g, () => numbers.shift() ?? "");
  return `${whole}${codes.replace("dew", "Taupunkt")}`;
}

/** What an installation must have for the register. */
function whenOf(row: TableRow, models: readonly string[]): string | undefined {
  const number = /(?<!^)\bclim(?:ate|\.) system (\d)/.exec(row.nameEn)?.[1];
  const circuit = number === undefined ? undefined : "abcdefgh"[Number(number) - 1];
  const isEverywhere = models.length === Object.keys(EXPORTS).length;
  const parameters = [
    isEverywhere ? undefined : `model: [${models.join(", ")}]`,
    circuit === undefined ? undefined : `circuit: [${circuit}]`,
  ].filter((one) => one !== undefined);
  return parameters.length === 0 ? undefined : `when: { parameter: { ${parameters.join(", ")} } }`;
}

function scaleOf({ scale }: TableRow): string | undefined {
  if (scale === 1) return undefined;
  return Math.abs(scale - 1 / 60) < 1e-9 ? "scale: 1/60" : `scale: ${scale}`;
}

function sourceOf(row: TableRow, models: readonly string[]): string | undefined {
  const isMore = row.sources.some((one) => one.startsWith("evcc"));
  const isDefault = models.length === Object.keys(EXPORTS).length && !isMore;
  return isDefault ? undefined : `source: [${[...models, ...(isMore ? ["ev"] : [])].join(", ")}]`;
}

function lineOf(row: TableRow, decision: Decision, ids: Set<string>): string {
  const models = modelsOf(row);
  const en = englishOf(row);
  const unit = decision.unit ?? UNITS[row.unit] ?? row.unit;
  const encoding = row.type === "enum" ? "uint16" : row.type;
  const needsId = decision.metric === undefined || (decision.priority ?? 1) > 1;
  const isFast = decision.metric !== undefined && decision.group === undefined;
  return toLine([
    `address: ${row.address}`,
    row.table === "input" ? undefined : `space: ${row.table}`,
    encoding === "uint16" ? undefined : `encoding: ${encoding}`,
    needsId ? `id: ${decision.id ?? idOf(en, row, ids)}` : undefined,
    decision.metric === undefined ? undefined : `metric: ${decision.metric}`,
    decision.priority === undefined ? undefined : `priority: ${decision.priority}`,
    decision.also === undefined ? undefined : `also: ${decision.also}`,
    scaleOf(row),
    unit === "" ? undefined : `unit: ${quote(unit)}`,
    isFast ? "group: fast" : undefined,
    ...(decision.extra ?? []),
    row.access === "r" ? undefined : `access: ${row.access}`,
    whenOf(row, models),
    `label: ${bilingual({ en, de: row.nameDe || germanOf(en) })}`,
    row.enumValues === "" ? undefined : `codes: ${codesOf(row, GERMAN)}`,
    sourceOf(row, models),
  ]);
}

function idOf(en: string, row: TableRow, ids: Set<string>): string {
  const id = slug(en, ID_MAX);
  const own = ids.has(id) ? `${id}_${row.address}` : id;
  ids.add(own);
  return own;
}

/** Inputs first, then holdings, each by address. */
function toLines(rows: readonly TableRow[]): readonly string[] {
  const ids = new Set<string>();
  const sorted = [...rows].sort((a, b) =>
    a.table === b.table ? a.address - b.address : a.table === "input" ? -1 : 1,
  );
  const headings = [...HEADINGS];
  return sorted.flatMap((row) => {
    const decision = DECISIONS[`${row.table} ${row.address}`] ?? {};
    const isAt = headings[0]?.[0] === row.table && headings[0][1] <= row.address;
    const heading = isAt ? headings.splice(0, 1).map(([, , text]) => `  # ${text}`) : [];
    const comment = decision.comment === undefined ? [] : [`  # ${decision.comment}`];
    return [...heading, ...comment, lineOf(row, decision, ids)];
  });
}

const rows = ["common", "model-specific"].flatMap((name) =>
  readRegisterTable(join(registers, `nibe/s-series-${name}.csv`)),
);
const lines = toLines(rows);
writeFileSync(join(output, "s-series.yaml"), `${HEAD}${lines.join("\n")}\n${TAIL}`);
