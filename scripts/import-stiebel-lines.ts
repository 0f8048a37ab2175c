/** Points of the ISG → lines of a profile. */
import type { TableRow } from "./csv-register-table.js";
import type { Point } from "./import-stiebel-rows.js";
import { bilingual, codesOf, quote, slug, sourceKeys, toLine } from "./profile-line.js";

/** What a person has decided about a register, by its space and address. */
export interface Decision {
  readonly id?: string;
  readonly metric?: string;
  readonly priority?: number;
  readonly also?: string;
  /** Another unit than the table's: W is read as kW. */
  readonly unit?: string;
  readonly scale?: string;
  /** A comment above the line. */
  readonly comment?: string;
  readonly extra?: readonly string[];
  /** Further lines of the same word: single bits. */
  readonly bits?: readonly string[];
}

/** What is particular to one of the two profiles. */
export interface Family {
  readonly decisions: Readonly<Record<string, Decision>>;
  readonly labels: ReadonlyMap<string, { readonly en: string; readonly de: string }>;
  readonly sources: readonly (readonly [key: string, starts: string])[];
  /** Controller in the angle brackets → its identification; empty where all are accepted alike. */
  readonly controllerIds: Readonly<Record<string, number>>;
  readonly circuits: readonly string[];
  readonly headings: readonly (readonly [space: string, address: number, text: string])[];
}

/** Leaves room for an address behind it; ids have at most 64 characters. */
const ID_MAX = 59;

/** Codes in German. */
const GERMAN: Readonly<Record<string, string>> = {
  "no fault": "kein Fehler",
  fault: "Fehler",
  OK: "OK",
  error: "Fehler",
  "error passive": "Fehler passiv",
  "bus off": "Bus aus",
  "physical error": "physikalischer Fehler",
  lock: "Sperre",
  normal: "Normalbetrieb",
  forced: "forcierter Betrieb",
  immediate: "Sofortbetrieb",
  LWZ: "LWZ",
  "LWZ x04 SOL": "LWZ x04 SOL",
  "LWZ R290": "LWZ R290",
  "WPM 3": "WPM 3",
  "WPM 3i": "WPM 3i",
  WPMsystem: "WPMsystem",
  emergency: "Notbetrieb",
  standby: "Bereitschaft",
  program: "Programmbetrieb",
  comfort: "Komfortbetrieb",
  eco: "Eco-Betrieb",
  DHW: "Warmwasserbetrieb",
  off: "aus",
  on: "ein",
  restart: "Neustart",
  "service key": "Servicetaste",
};

/** Words that act at once or fall back: Stiebel Eltron ISG, inputs of SG Ready. */
const WRITES: Readonly<Record<string, string>> = {
  Reset: "write: command",
  "Restart ISG": "write: command",
  "SG Ready Input #": "write: { kind: watchdog, rewriteSeconds: 30 }",
};

/** All lines with their headings. */
export function toLines(points: readonly Point[], family: Family): string {
  const groups = group(points, family);
  const headings = [...family.headings];
  const ids = new Set<string>();
  return groups
    .flatMap((members) => {
      const { row } = members[0];
      const at = headings.findIndex(
        ([space, address]) => space === row.table && address <= row.address,
      );
      const heading = at < 0 ? [] : headings.splice(at, 1).map(([, , text]) => `  # ${text}`);
      return [...heading, ...linesOf(members, family, ids)];
    })
    .map((line) => `${line}\n`)
    .join("");
}

type Group = readonly [Point, ...Point[]];

/** The same value of several circuits or heat pumps, where the addresses are regular. */
function group(points: readonly Point[], family: Family): readonly Group[] {
  const used = new Set<Point>();
  return points.flatMap((point) => {
    if (used.has(point)) return [];
    const run = runOf(point, points, family);
    for (const one of run) used.add(one);
    return [run];
  });
}

/** What follows `point` at equal distances; the distance must lead back to the first of all. */
function runOf(point: Point, points: readonly Point[], family: Family): Group {
  const values = valuesOf(point, family);
  const same = points.filter((one) => likeness(one) === likeness(point));
  const start = values.indexOf(point.repeated?.value ?? "");
  const second = same.find((one) => one.repeated?.value === values[start + 1]);
  if (start < 0 || second === undefined) return [point];
  const stride = second.row.address - point.row.address;
  const run = values.slice(start).flatMap((value, i) => {
    const address = point.row.address + i * stride;
    return same.filter((one) => one.row.address === address && one.repeated?.value === value);
  });
  const base = point.row.address - start * stride;
  const isKnown = points.some((one) => one.row.address === base && nameOf(one) === nameOf(point));
  return isKnown && stride > 0 ? [point, ...run.slice(1)] : [point];
}

function valuesOf({ repeated }: Point, { circuits }: Family): readonly string[] {
  if (repeated === undefined) return [];
  return repeated.parameter === "circuit" ? circuits : ["2", "3", "4", "5", "6"];
}

function likeness(point: Point): string {
  const { row, controllers, repeated, isSum } = point;
  const sources = row.sources.map((one) => one.slice(0, 4));
  const shape = [repeated?.parameter, isSum, row.table, row.unit, row.scale, row.type];
  return [nameOf(point), controllers, ...shape, sources].join("|");
}

/** The name with its numbers, but not those of the heat pump or circuit. */
function nameOf({ key, numbers, repeated }: Point): string {
  const name = key === "HP Water Rate" ? "HP Water Flow Rate" : key;
  const whole = name === "Hot Gas" ? "Hot Gas Temperature" : name;
  return repeated?.parameter === "heat_pump" ? `${whole} ${numbers.join()}` : whole;
}

function linesOf(members: Group, family: Family, ids: Set<string>): readonly string[] {
  const [point] = members;
  const { row } = point;
  const decision = family.decisions[`${row.table} ${row.address}`] ?? {};
  const comment = decision.comment === undefined ? [] : [`  # ${decision.comment}`];
  const bits = (decision.bits ?? []).map((bit) => toLine([`address: ${row.address}`, bit]));
  return [...comment, lineOf(members, decision, family, ids), ...bits];
}

function lineOf(members: Group, decision: Decision, family: Family, ids: Set<string>): string {
  const [point] = members;
  const { row, repeated, isSum } = point;
  const isRepeated = members.length > 1;
  const label = labelOf(point, isRepeated, family);
  const unit = decision.unit ?? row.unit;
  const isScaled = row.scale !== 1 && row.type !== "bool";
  const scale = decision.scale ?? (isScaled ? `${row.scale}` : undefined);
  const write = WRITES[point.key];
  const start = isRepeated ? startOf(members, family) : row.address;
  return toLine([
    `address: ${start}`,
    row.table === "input" ? undefined : `space: ${row.table}`,
    isSum ? "magnitudes: [1, 1000]" : encodingOf(row, decision),
    isRepeated ? strideOf(members, family) : undefined,
    decision.metric === undefined || (decision.priority ?? 1) > 1
      ? `id: ${quoted(decision.id ?? idOf(label.en, members, ids))}`
      : undefined,
    decision.metric === undefined
      ? undefined
      : `metric: ${quoted(filled(decision.metric, point, isRepeated))}`,
    decision.priority === undefined ? undefined : `priority: ${decision.priority}`,
    decision.also === undefined ? undefined : `also: ${decision.also}`,
    scale === undefined ? undefined : `scale: ${scale}`,
    unit === "" ? undefined : `unit: ${quote(unit)}`,
    isSlow(row) ? "group: slow" : undefined,
    ...(decision.extra ?? []),
    row.access === "r" ? undefined : `access: ${row.access}`,
    write,
    whenOf(point, isRepeated ? undefined : repeated, family),
    `label: ${bilingual(label)}`,
    row.enumValues === "" || row.type === "bitmask" ? undefined : `codes: ${codesOf(row, GERMAN)}`,
    `source: [${sourceKeys(row, family.sources).join(", ")}]`,
  ]);
}

/** int16 is the default. */
function encodingOf({ type }: TableRow, { extra }: Decision): string | undefined {
  if (type === "int16" || extra?.some((field) => field.startsWith("bits:")) === true)
    return undefined;
  return `encoding: ${type === "bool" ? "bool" : "uint16"}`;
}

/** Settings, energies and efficiencies change slowly, and states of the ISG never. */
function isSlow({ table, address }: TableRow): boolean {
  return (
    table === "holding" ||
    (address >= 3000 && address < 4000 && !(address >= 3679 && address <= 3684))
  );
}

function strideStep([first, second]: Group): number {
  return (second?.row.address ?? 0) - first.row.address;
}

/** Where the first value of the parameter is or would be. */
function startOf(members: Group, family: Family): number {
  const [first] = members;
  const before = valuesOf(first, family).indexOf(first.repeated?.value ?? "");
  return first.row.address - before * strideStep(members);
}

function strideOf(members: Group, family: Family): string {
  const [first] = members;
  const parameter = first.repeated?.parameter ?? "";
  const only = members.map((one) => quote(one.repeated?.value ?? ""));
  const isAll = members.length === valuesOf(first, family).length;
  const some = isAll ? "" : `, only: { ${parameter}: [${only.join(", ")}] }`;
  return `stride: { ${parameter}: ${strideStep(members)} }${some}`;
}

function labelOf(
  { key, numbers, repeated, remark, row }: Point,
  isRepeated: boolean,
  family: Family,
) {
  const label = family.labels.get(key);
  if (label === undefined) throw new Error(`no label for "${key}" (${row.address} ${row.nameEn})`);
  const value = repeated?.value ?? "";
  const marker = (name: string) => (isRepeated ? `{${name.toUpperCase()}}` : value.toUpperCase());
  const isPumpOne = /\bHP ?1\b/.test(row.nameEn) && repeated === undefined;
  const number = isPumpOne ? "1" : marker("heat_pump");
  const isAll = row.nameEn.includes("all heat pumps");
  const prefix = (circuit: string, pump: string, all: string) => {
    if (repeated?.parameter === "circuit") return `${circuit} ${marker("circuit")}: `;
    return repeated !== undefined || isPumpOne ? `${pump} ${number}: ` : isAll ? `${all}: ` : "";
  };
  const written = (text: string) => {
    const rest = [...numbers];
    return text.replace(/#/g, () => rest.shift() ?? "");
  };
  const note = (word: string) => {
    if (remark === undefined) return "";
    return remark.startsWith("LWZ") ? ` (${word} ${remark})` : ` (${remark})`;
  };
  const en = `${prefix("Circuit", "Heat pump", "All heat pumps")}${written(label.en)}`;
  const de = `${prefix("Heizkreis", "Wärmepumpe", "Alle Wärmepumpen")}${written(label.de)}`;
  const german = (text: string) =>
    text
      .replace(/with cooling( capacity)?/, "mit Kühlung")
      .replace(/with solar capa(bil|c)ity/, "mit Solar")
      .replace("fraction", "Bruchteil")
      .replace("whole", "Ganze");
  return {
    en: `${en.charAt(0).toUpperCase()}${en.slice(1)}${note("only")}`,
    de: `${de.charAt(0).toUpperCase()}${de.slice(1)}${german(note("nur"))}`,
  };
}

function idOf(en: string, members: Group, ids: Set<string>): string {
  // Braces and the name in them become one character.
  const id = slug(en.replace(/ \(only .*\)$/, ""), en.includes("{HEAT_PUMP}") ? 69 : ID_MAX);
  const values = members.map((one) => one.repeated?.value ?? "");
  const isTaken = values.some((value) => ids.has(`${id} ${value}`));
  for (const value of values) ids.add(`${id} ${value}`);
  return isTaken ? `${id}_${members[0].row.address}` : id;
}

function filled(metric: string, { repeated }: Point, isRepeated: boolean): string {
  return isRepeated ? metric : metric.replace("{circuit}", repeated?.value ?? "");
}

function quoted(id: string): string {
  return id.includes("{") ? JSON.stringify(id) : id;
}

function whenOf(
  { controllers }: Point,
  alone: Point["repeated"],
  { controllerIds }: Family,
): string | undefined {
  const all = Object.keys(controllerIds);
  const ids = controllers.flatMap((name) => controllerIds[name] ?? []);
  const isGated = all.length > 0 && controllers.length < all.length;
  const value = quote(alone?.value ?? "");
  const conditions = [
    alone === undefined ? undefined : `parameter: { ${alone.parameter}: [${value}] }`,
    isGated ? `register: { controller: { oneOf: [${ids.sort().join(", ")}] } }` : undefined,
  ].filter((one) => one !== undefined);
  return conditions.length === 0 ? undefined : `when: { ${conditions.join(", ")} }`;
}
