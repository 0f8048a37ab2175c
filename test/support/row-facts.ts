/**
 * What a row of a register table says and what a profile says of the same word, in one shape.
 *
 * A number in two words is two rows: each is compared with what one of its own word is worth.
 */
import type { ProfileRegister } from "#core/profile/profile.js";
import type { TableRow } from "../../scripts/csv-register-table.js";

/** What both must say. */
export interface RowFacts {
  readonly encoding: string;
  readonly wordOrder: string;
  /** What one of the raw number is worth, in `unit`. */
  readonly scale: number;
  readonly unit: string;
  readonly access: string;
  readonly codes: readonly number[];
  readonly confidence: string;
}

/** What a unit is of another: the table's → the profile's. */
const FACTORS: Readonly<Record<string, number>> = {
  "W kW": 0.001,
  "Wh kWh": 0.001,
  "l/h l/min": 1 / 60,
  "‰ %": 0.1,
  "minute min": 1,
  "minutes min": 1,
  "minutes h": 1 / 60,
  "K*min K·min": 1,
  "°min K·min": 1,
  "bool ": 1,
  "MWh kWh": 1000,
  "kWh Wh": 1000,
  "°C K": 1,
  "DM K·min": 1,
  "days d": 1,
  "l/m l/min": 1,
};

/** The register that holds a row's words, and which of its words the row is. */
export function findWord(
  registers: readonly ProfileRegister[],
  row: TableRow,
): { readonly register: ProfileRegister; readonly word: number } | undefined {
  const register = registers.find(
    (one) =>
      one.manualSpace === row.table &&
      one.address <= row.address &&
      row.address < one.address + one.format.words,
  );
  return register && { register, word: row.address - register.address };
}

/** The row as the profile would say it, in the unit of the profile. */
export function factsOfRow(row: TableRow, unit: string): RowFacts {
  const factor = row.unit === unit ? 1 : (FACTORS[`${row.unit} ${unit}`] ?? Number.NaN);
  return {
    encoding: encodingOf(row),
    wordOrder: row.words === 2 ? (row.wordOrder === "little" ? "low-first" : "high-first") : "",
    scale: rounded(row.scale * factor),
    unit,
    access: row.access,
    codes: row.type === "bool" ? [] : codesOf(row),
    confidence: row.confidence,
  };
}

/** What the profile says of that word. */
export function factsOfRegister(register: ProfileRegister, word: number): RowFacts {
  const { format } = register;
  const magnitude = format.encoding === "sum" ? (format.magnitudes[word] ?? Number.NaN) : 1;
  const isPlain = format.encoding !== "sum" && format.encoding !== "bits";
  return {
    encoding: isPlain ? format.encoding : "uint16",
    wordOrder: format.words === 2 && isPlain ? format.wordOrder : "",
    scale: rounded((magnitude * format.scale.numerator) / format.scale.denominator),
    unit: register.unit,
    access: register.access,
    codes: [...register.codes.keys()],
    confidence: register.confidence,
  };
}

/** Codes and flags fill a word; `0=off;other=on` may be any number. */
function encodingOf({ type, unit, enumValues }: TableRow): string {
  if (unit === "bool") return "bool";
  if (type === "bool") return enumValues.includes("other=") ? "nonzero" : "bool";
  return type === "enum" || type === "bitmask" ? "uint16" : type;
}

/** `0=off;1=on`, `bit0=pump;bit1=…` as masks, or `Mode: 0: off 1: on`; other words are no codes. */
function codesOf({ type, enumValues }: TableRow): readonly number[] {
  // "raw -32768=sensor not installed" and "65535=not available" are sentinels.
  if (/^raw |^\d+=not available$/.test(enumValues)) return [];
  const pairs = enumValues.split(";").filter((pair) => /^(bit\d+|-?\d+)=/.test(pair));
  if (pairs.length === 0 && (type === "enum" || type === "bitmask")) {
    return Array.from(enumValues.matchAll(/(\d+): /g), ([, code]) => Number(code));
  }
  return pairs.map((pair) =>
    pair.startsWith("bit") ? 2 ** Number.parseInt(pair.slice(3), 10) : Number.parseInt(pair, 10),
  );
}

/** 1/60 stands in the tables with 16 digits. */
function rounded(value: number): number {
  return Number(value.toPrecision(9));
}
