/**
 * Register tables → profiles of iDM Navigator 2.0 and 10.
 *
 * Run once: the profiles are owned as data from then on and corrected by hand.
 * `tsx --conditions=source scripts/csv-import-registers.ts <registers folder> [output folder]`
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { readRegisterTable, type TableRow } from "./csv-register-table.js";
import { frameOf } from "./import-idm-frame.js";
import {
  DECISIONS,
  DECISIONS_2_0,
  DECISIONS_10,
  type Decision,
  GERMAN,
  HEADINGS,
  LOCAL_BOUNDS,
} from "./import-idm-names.js";
import { type Folded, foldRows } from "./import-strides.js";
import { quote } from "./profile-line.js";

/** Short keys of the sources, in the order in which they are listed. */
const SOURCES: readonly (readonly [key: string, starts: string])[] = [
  ["mc", "Xerolux/idm-metrics-collector"],
  ["kb", "kodebach/hacs-idm-heatpump"],
  ["xh", "Xerolux/idm-heatpump-hass"],
  ["rm", "ReneMronet/ha-idm-heatpump"],
  ["ny", "nymea/nymea-plugins-modbus"],
  ["ev", "evcc-io/evcc"],
];

/** Settings that lie between measured values: reading them along saves a request. */
const FAST_SETTINGS: readonly number[] = [1005, 1032, 1033, 1034];

/** What a name in the table says in brackets. */
export function stripNotes(name: string): string {
  return name.replace(/\s*(\[[^\]]*\]|\(Nav(igator)? 10\)|, Nav 10)/g, "").replace(/\s+\)/, ")");
}

function encodingOf(row: TableRow): string {
  // The manual's UCHAR: a word whose high byte is empty. What is above is not an answer.
  if (row.type === "enum" || row.type === "bitmask") return "uint8";
  return row.type;
}

function codesOf(row: TableRow): string | undefined {
  if (row.enumValues === "" || row.type === "bool") return undefined;
  const pairs = row.enumValues
    .replace(/^bitmask /, "")
    .split(";")
    .filter((pair) => !pair.includes("(sentinel)"))
    .map((pair) => {
      const [code = "", text = ""] = pair.split("=");
      const en = text.replace(/ ?\((Nav 2.0|kodebach.*)\)/, "");
      const de = GERMAN[en];
      if (de === undefined) throw new Error(`no German for: ${en}`);
      return de === en
        ? `${code}: ${quote(en)}`
        : `${code}: { de: ${quote(de)}, en: ${quote(en)} }`;
    });
  return `${row.type === "bitmask" ? "flags" : "codes"}: { ${pairs.join(", ")} }`;
}

function slug(name: string): string {
  const words = stripNotes(name).replace(/\([^)]*\)/g, "");
  return words
    .toLowerCase()
    .replace(/[^a-z0-9{}]+/g, "_")
    .replace(/^_|_$/g, "");
}

function writeOf(row: TableRow): string | undefined {
  if (row.nameEn.includes("[EEPROM]")) return "write: eeprom";
  if (row.nameEn.includes("[cyclic <=10 min]")) {
    return "write: { kind: watchdog, rewriteSeconds: 600 }";
  }
  if (row.nameEn.includes("write-only")) return "write: command";
  return row.access !== "r" && row.address < 100 ? "write: cyclic" : undefined;
}

function toLine({ row, stride, only, nameEn, nameDe }: Folded, decision: Decision): string {
  const isWriteOnly = row.nameEn.includes("write-only");
  const isZone = stride?.includes("zone") === true;
  const group = isZone || row.nameEn.includes("[EEPROM]") ? "group: slow" : undefined;
  const hasMetric = decision.metric !== undefined;
  const bounds = hasMetric ? undefined : LOCAL_BOUNDS[row.unit];
  const sources = SOURCES.filter(([, starts]) => row.sources.some((one) => one.startsWith(starts)));
  const fields = [
    `address: ${row.address}`,
    row.table === "input" ? undefined : `space: ${row.table}`,
    encodingOf(row) === "float32" ? undefined : `encoding: ${encodingOf(row)}`,
    stride === undefined ? undefined : `stride: ${stride}`,
    only === undefined ? undefined : `only: ${only}`,
    decision.id === undefined && hasMetric
      ? undefined
      : `id: ${quoteId(decision.id ?? slug(nameEn))}`,
    hasMetric ? `metric: ${quoteId(decision.metric ?? "")}` : undefined,
    decision.priority === undefined ? undefined : `priority: ${decision.priority}`,
    decision.also === undefined ? undefined : `also: ${decision.also}`,
    row.unit === "" ? undefined : `unit: ${quote(row.unit)}`,
    bounds,
    ...(decision.extra ?? []),
    FAST_SETTINGS.includes(row.address) ? undefined : group,
    row.access === "r" ? undefined : `access: ${isWriteOnly ? "w" : row.access}`,
    writeOf(row),
    `label: { de: ${quote(nameDe)}, en: ${quote(stripNotes(nameEn))} }`,
    codesOf(row),
    `source: [${sources.map(([key]) => key).join(", ")}]`,
  ];
  return `  - { ${fields.filter((field) => field !== undefined).join(", ")} }`;
}

function quoteId(id: string): string {
  return id.includes("{") ? JSON.stringify(id) : id;
}

function toProfile(rows: readonly TableRow[], own: Readonly<Record<number, Decision>>): string {
  const decisions = { ...DECISIONS, ...own };
  const headings = [...HEADINGS];
  const lines: string[] = [];
  for (const folded of foldRows(rows)) {
    const { address } = folded.row;
    let heading: string | undefined;
    while (headings[0] !== undefined && headings[0][0] <= address) heading = headings.shift()?.[1];
    if (heading !== undefined) lines.push(`  # ${heading}`);
    lines.push(toLine(folded, decisions[address] ?? {}));
  }
  return `${lines.join("\n")}\n`;
}

const [registers = "../shared/registers", output = "firmware-profiles/idm"] = process.argv.slice(2);
for (const [name, own] of [
  ["navigator-2.0", DECISIONS_2_0],
  ["navigator-10", DECISIONS_10],
] as const) {
  const rows = readRegisterTable(join(registers, `idm/${name}.csv`));
  const { head, tail } = frameOf(name);
  writeFileSync(join(output, `${name}.yaml`), `${head}${toProfile(rows, own)}${tail}`);
}
