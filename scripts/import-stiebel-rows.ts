/**
 * Rows of the ISG tables → points: what the abbreviations of a name mean, which two rows are one
 * energy, which rows are the same value of several heat pumps or circuits.
 */
import type { TableRow } from "./csv-register-table.js";

/** A value of the ISG, before it is a line. */
export interface Point {
  readonly row: TableRow;
  /** `CONSUMED Vd Heating TOTAL`: key of the table of labels, numbers as `#`. */
  readonly key: string;
  /** The numbers that stood in the name. */
  readonly numbers: readonly string[];
  /** `WPM3`, `WPMsystem`, … as the name says in its angle brackets. */
  readonly controllers: readonly string[];
  /** `LWZ 504`: only there; `fraction`, `whole`: of a number in two words. */
  readonly remark: string | undefined;
  readonly repeated: Repeated | undefined;
  /** Two words, of which the second counts in thousands of the first. */
  readonly isSum: boolean;
}

/** Which heat pump of a cascade, which heating circuit. */
export interface Repeated {
  readonly parameter: "heat_pump" | "circuit";
  readonly value: string;
}

/** What stands in square brackets, and the word that it puts before the name. */
const CONTEXTS: readonly (readonly [RegExp, string])[] = [
  [/CONSUMED/, "CONSUMED "],
  [/^ROOM TEMP COOLING/, "ROOM COOLING "],
  [/^ROOM TEMP/, "ROOM "],
  [/^HK\d COOLING/, "COOLING "],
  [/^AREA/, "AREA "],
  [/^FAN/, "FAN "],
  [/^EHS/, "EHS "],
  [/^DHW DHW$/, "DHW "],
  [/^HK \d Heating circuit/, "HK "],
  [/^WPM3I$/, "WPM3I "],
  [/^WPM 3 bit-coded$/, "WPM3 "],
];

/**
 * 3707 to 3724: the manual's units of the second words contradict each other ("whole" kWh beside
 * MWh), so these words stay apart.
 */
const APART = { from: 3707, to: 3724 } as const;

/** Points by address. */
export function readPoints(rows: readonly TableRow[]): readonly Point[] {
  const points: Point[] = [];
  for (const row of rows) {
    const point = toPoint(row);
    const last = points.at(-1);
    if (last !== undefined && isSecondWord(last, point, row)) {
      points[points.length - 1] = { ...last, isSum: true };
    } else points.push(point);
  }
  return points;
}

function isSecondWord(low: Point, high: Point, { address, nameEn }: TableRow): boolean {
  const isNext = low.row.address + 1 === address && low.row.table === high.row.table;
  const isPair = low.row.nameEn.includes("[LOW") && nameEn.includes("[HI");
  const isApart = address >= APART.from && address <= APART.to;
  return isNext && isPair && !isApart && low.key === high.key;
}

function toPoint(row: TableRow): Point {
  const [, rest = "", named = ""] = /^(.*?)\s*<([^>]*)>$/.exec(row.nameEn) ?? [];
  const [, base = "", context = ""] = /^(.*?)(?:\s*\[(.*)\])?$/.exec(rest) ?? [];
  const isNhz = /^NHZ \d(_\d)?$/.test(base) && context.includes("Runtime");
  const tag = isNhz ? "RUNTIME " : (CONTEXTS.find(([one]) => one.test(context))?.[1] ?? "");
  const name = base
    .replace(/ Wh Wh$/, "")
    .replace("Vd Cooling X", "Vd Cooling")
    .replace("1/2", "1_2")
    .replace(/ [Tt]otal$/, base.startsWith("Vd ") ? " TOTAL" : "");
  return {
    row,
    key: `${tag}${name}`.replace(/(?<![A-Z]{3})\d+/g, "#"),
    numbers: name.match(/\d+/g) ?? [],
    controllers: named.split(","),
    remark: /only for (LWZ.*)$/.exec(context)?.[1] ?? partOf(row, context),
    repeated: repeatedOf(name, context),
    isSum: false,
  };
}

/** Which of two words that stay apart. */
function partOf({ address }: TableRow, context: string): string | undefined {
  if (address < APART.from || address > APART.to) return undefined;
  return context.startsWith("LOW") ? "fraction" : "whole";
}

/** Heat pump 1 is the one that everybody has: it is not repeated. */
function repeatedOf(name: string, context: string): Repeated | undefined {
  const pump = /\bHP ?([2-6])\b/.exec(context)?.[1];
  if (pump !== undefined) return { parameter: "heat_pump", value: pump };
  const own = /^(?:.*\b(?:HC |Hc|Cc )|Heating Circuit Pump )([1-5])/.exec(name)?.[1];
  const circuit = own ?? /\b(?:HK ?|HC|COOLING)([1-5])\b/.exec(context)?.[1];
  if (circuit === undefined) return undefined;
  return { parameter: "circuit", value: "abcde"[Number(circuit) - 1] ?? "" };
}
