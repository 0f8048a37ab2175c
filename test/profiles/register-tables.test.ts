/**
 * The iDM profiles say what the register tables say, row by row. The tables are not part of the
 * repository: they lie in `../shared/registers`, or the test is skipped.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseProfile } from "#core/profile/compile-profile.js";
import type { ProfileRegister } from "#core/profile/profile.js";
import { readRegisterTable, type TableRow } from "../../scripts/csv-register-table.js";

const root = join(import.meta.dirname, "../..");
const tables = join(root, "../shared/registers/idm");
const isMissing = !existsSync(tables);

/** The manual's UCHAR is a word whose high byte is empty. */
const ENCODINGS: Readonly<Record<string, string>> = { enum: "uint8", bitmask: "uint8" };

/** What a name in the table says in brackets is a field of its own in the profile. */
function plainName(name: string): string {
  return name
    .replace(/\s*(\[[^\]]*\]|\(Nav(igator)? 10\)|, Nav 10)/g, "")
    .replace(/^HC ([A-G]) /, "Circuit $1 ");
}

function codesOf(row: TableRow): readonly number[] {
  if (row.type === "bool") return [];
  return row.enumValues
    .replace("bitmask ", "")
    .split(";")
    .filter((pair) => pair !== "" && !pair.includes("(sentinel)"))
    .map((pair) => Number.parseInt(pair, 10));
}

/** A row as the profile would say it. */
function fromRow(row: TableRow) {
  return {
    space: row.table,
    address: row.address,
    words: row.words,
    encoding: ENCODINGS[row.type] ?? row.type,
    wordOrder: row.words === 2 ? (row.wordOrder === "little" ? "low-first" : "high-first") : "",
    scale: row.scale,
    unit: row.unit,
    access: row.nameEn.includes("[write-only]") ? "w" : row.access,
    isEeprom: row.nameEn.includes("[EEPROM]"),
    en: plainName(row.nameEn),
    de: row.nameDe,
    codes: codesOf(row),
    confidence: row.confidence,
  };
}

function fromRegister(register: ProfileRegister): ReturnType<typeof fromRow> {
  const { format } = register;
  return {
    space: register.manualSpace,
    address: register.address,
    words: format.words,
    encoding: format.encoding,
    wordOrder: format.words === 2 ? format.wordOrder : "",
    scale: format.scale.numerator / format.scale.denominator,
    unit: register.unit,
    access: register.access,
    isEeprom: register.write?.kind === "eeprom",
    en: register.label.en,
    de: register.label.de,
    codes: [...register.codes.keys()],
    confidence: register.confidence,
  };
}

describe.skipIf(isMissing).each(["navigator-2.0", "navigator-10"])(
  `idm/%s (register tables ${isMissing ? "are absent: ../shared/registers" : "are there"})`,
  (name) => {
    const rows = isMissing ? [] : readRegisterTable(join(tables, `${name}.csv`));
    const file = join(root, `firmware-profiles/idm/${name}.yaml`);
    const { registers } = parseProfile(readFileSync(file, "utf8"), file);
    const byAddress = new Map(registers.map((one) => [one.address, one]));

    it("has every row and nothing else", () => {
      expect([...byAddress.keys()].sort((a, b) => a - b)).toEqual(rows.map((row) => row.address));
      expect(registers.length).toBe(rows.length);
    });

    it.each(rows.map((row) => [row.address, row] as const))(
      "says the same of %i",
      (address, row) => {
        const register = byAddress.get(address);
        expect(register && fromRegister(register)).toEqual(fromRow(row));
      },
    );
  },
);
