/**
 * Profiles say what their register tables say, row by row, but for what `table-families.ts` names
 * with its reason. The tables are not part of the repository: they lie in `../shared/registers`, or
 * the test is skipped.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseProfile } from "#core/profile/compile-profile.js";
import type { Profile, ProfileRegister } from "#core/profile/profile.js";
import { readCsv, readRegisterTable, type TableRow } from "../../scripts/csv-register-table.js";
import { type Exception, type FamilyTable, TABLE_FAMILIES } from "./table-families.js";

const root = join(import.meta.dirname, "../..");
const folder = join(root, "../shared/registers");
const isMissing = !existsSync(folder);
const where = `register tables ${isMissing ? "are absent: ../shared/registers" : "are there"}`;

/** Units of tables as a profile may have them, and what one of them is worth there. */
const CONVERSIONS: Readonly<Record<string, readonly [unit: string, factor: number]>> = {
  "W kW": ["kW", 0.001],
  "Wh kWh": ["kWh", 0.001],
  "l/h l/min": ["l/min", 1 / 60],
  "‰ %": ["%", 0.1],
  "minute min": ["min", 1],
  "minutes min": ["min", 1],
  "minutes h": ["h", 1 / 60],
  "K*min K·min": ["K·min", 1],
  "°min K·min": ["K·min", 1],
};

function load(name: string): Profile {
  const file = join(root, `firmware-profiles/${name}.yaml`);
  return parseProfile(readFileSync(file, "utf8"), file);
}

const keyOf = (row: TableRow) => `${row.table} ${row.address}`;

/** Whether a row is one word of a number that the profile adds up of several rows. */
function isPart(row: TableRow, { address, format }: ProfileRegister): boolean {
  const word = row.address - address;
  return row.words === 1 && format.encoding === "sum" && word >= 0 && word < format.words;
}

/** Registers of a row: in each of the units, and in each variant that excludes the others. */
function registersOf(row: TableRow, profile: Profile, unitId: number): readonly ProfileRegister[] {
  return profile.registers.filter(
    (one) =>
      one.unitId === unitId &&
      one.manualSpace === row.table &&
      (one.address === row.address || isPart(row, one)) &&
      (one.format.bits === undefined || one.format.bits.count === 16),
  );
}

function encodingOf({ type, unit, enumValues }: TableRow): string {
  if (unit === "bool") return "bool";
  if (type === "bool") return enumValues.includes("other=") ? "nonzero" : "bool";
  return type === "enum" || type === "bitmask" ? "uint16" : type;
}

function codesOf({ type, enumValues }: TableRow): readonly number[] {
  if (type !== "enum" && type !== "bitmask") return [];
  return Array.from(enumValues.matchAll(/(\d+)(?==|: )/g), ([code]) => Number(code));
}

/** What the profile must say of a row, given the unit that it uses. */
function fromRow(
  row: TableRow,
  unit: string,
  exception: Exception | undefined,
  unitsAdded: string | undefined,
) {
  const isAdded = unitsAdded !== undefined && row.unit === "";
  const written = isAdded ? unit : row.unit === "bool" ? "" : row.unit;
  const [converted, factor] = CONVERSIONS[`${row.unit} ${unit}`] ?? [written, 1];
  return {
    words: row.words,
    encoding: exception?.encoding ?? encodingOf(row),
    unit: exception?.unit ?? converted,
    scale: exception?.scale ?? Number((row.scale * factor).toPrecision(12)),
    offset: exception?.offset ?? 0,
    access: row.access,
    codes: [...(exception?.codes ?? codesOf(row))].sort((a, b) => a - b),
    confidence: exception?.confidence ?? row.confidence,
    sources: row.sources.length,
  };
}

function fromRegister(register: ProfileRegister, row: TableRow): ReturnType<typeof fromRow> {
  const { format } = register;
  const magnitude = isPart(row, register)
    ? format.magnitudes[row.address - register.address]
    : undefined;
  const factor = (magnitude ?? 1) * format.scale.numerator;
  return {
    words: magnitude === undefined ? format.words : 1,
    encoding: magnitude === undefined ? format.encoding : "uint16",
    unit: register.unit,
    scale: Number((factor / format.scale.denominator).toPrecision(12)),
    offset: format.scale.offset,
    access: register.access,
    codes: [...register.codes.keys()].sort((a, b) => a - b),
    confidence: register.confidence,
    sources: register.sources.length,
  };
}

function wordOrdersOf(row: TableRow, exception: Exception | undefined): readonly string[] {
  if (row.words !== 2) return [];
  return exception?.wordOrders ?? [row.wordOrder === "little" ? "low-first" : "high-first"];
}

/** Everything that is wrong about one row, in words. */
function faultsOf(row: TableRow, profile: Profile, table: FamilyTable, isGermanKept: boolean) {
  const exception = table.except[keyOf(row)];
  return table.unitIds.flatMap((unitId) => {
    const registers = registersOf(row, profile, unitId);
    const orders = registers
      .filter((one) => one.format.words === 2 && !isPart(row, one))
      .map((one) => one.format.wordOrder)
      .sort();
    const wanted = [...wordOrdersOf(row, exception)];
    const count = exception?.scales?.length ?? Math.max(1, wanted.length);
    const faults = registers.flatMap((one, variant) => {
      const scale = exception?.scales?.[variant];
      const own = scale === undefined ? exception : { ...exception, reason: "", scale };
      const is = fromRegister(one, row);
      const should = fromRow(row, one.unit, own, table.unitsAdded);
      const isAlike = JSON.stringify(is) === JSON.stringify(should);
      return isAlike ? [] : [{ id: one.id, is, should }];
    });
    const renamed =
      isGermanKept && exception?.isRenamed !== true
        ? registers.filter((one) => row.nameDe !== "" && !one.label.de.startsWith(row.nameDe))
        : [];
    return [
      ...(registers.length === count ? [] : [`${registers.length} registers`]),
      ...(orders.join() === wanted.join() ? [] : [`word order ${orders.join()}`]),
      ...faults,
      ...renamed.map((one) => `is called ${one.label.de}`),
    ];
  });
}

describe.skipIf(isMissing).each(TABLE_FAMILIES)(`$profile (${where})`, (family) => {
  const profile = load(family.profile);
  const tables = isMissing
    ? []
    : family.tables.map((table) => ({
        table,
        rows: readRegisterTable(join(folder, table.file)).filter(table.has ?? (() => true)),
      }));

  it.each(tables)("says the same as every row of $table.file", ({ table, rows }) => {
    expect(rows.length).toBe(table.rows);
    const faults = rows
      .map((row) => ({
        row: keyOf(row),
        faults: faultsOf(row, profile, table, family.isGermanKept),
      }))
      .filter((one) => one.faults.length > 0);
    expect(faults).toEqual([]);
  });

  it("excepts no row that is as the table says", () => {
    const idle = tables.flatMap(({ table, rows }) =>
      Object.keys(table.except).filter((key) => {
        const row = rows.find((one) => keyOf(one) === key);
        const plain = { ...table, except: {} };
        return row === undefined || faultsOf(row, profile, plain, family.isGermanKept).length === 0;
      }),
    );
    expect(idle).toEqual([]);
  });

  it("has nothing else but further modules and single bits", () => {
    const known = new Set(
      tables.flatMap(({ table, rows }) =>
        rows.flatMap((row) => table.unitIds.map((unitId) => `${unitId} ${keyOf(row)}`)),
      ),
    );
    const strange = profile.registers
      .filter((one) => !known.has(`${one.unitId} ${one.manualSpace} ${one.address}`))
      .filter((one) => !one.conditions.some((condition) => condition.kind === "parameter"));
    expect(strange.map((one) => one.id)).toEqual([]);
  });

  it("serves the canonical metrics by the canonical registers", () => {
    const missing = readCsv(join(folder, "canonical-metrics.csv"))
      .filter((row) => family.canonical.includes(row.profile ?? "") && row.address !== "")
      .filter(({ metric = "", table, address }) => {
        if (family.metricsExcept[`${metric} ${table} ${address}`] !== undefined) return false;
        const name = metric === "energy_electric" ? "energy_electric_total" : metric;
        const ids = profile.candidates.get(name) ?? [];
        return !profile.registers.some(
          (one) =>
            ids.includes(one.id) && one.manualSpace === table && one.address === Number(address),
        );
      });
    expect(missing).toEqual([]);
  });

  it("ranks canonical registers of a metric as the reference does", () => {
    const places = readCsv(join(folder, "canonical-metrics.csv"))
      .filter((row) => family.canonical.includes(row.profile ?? "") && row.address !== "")
      .filter(({ metric, table, address }) => {
        return family.metricsExcept[`${metric} ${table} ${address}`] === undefined;
      });
    for (const metric of new Set(places.map((row) => row.metric ?? ""))) {
      const wanted = places
        .filter((row) => row.metric === metric)
        .sort((a, b) => Number(a.priority) - Number(b.priority))
        .map((row) => `${row.table} ${row.address}`);
      const name = metric === "energy_electric" ? "energy_electric_total" : metric;
      const found = (profile.candidates.get(name) ?? [])
        .map((id) => profile.registers.find((one) => one.id === id))
        .map((one) => `${one?.manualSpace} ${one?.address}`)
        .filter((place) => wanted.includes(place));
      // Variants of one place exclude each other.
      expect([metric, ...new Set(found)]).toEqual([metric, ...wanted]);
    }
  });
});
