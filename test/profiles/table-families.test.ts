/**
 * Profiles say what their register tables say, row by row, but for what `table-families.ts` names
 * with its reason. The tables are not part of the repository: they lie in `../shared/registers`, or
 * the test is skipped.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Profile, ProfileRegister } from "#core/profile/profile.js";
import { readCsv, readRegisterTable, type TableRow } from "../../scripts/csv-register-table.js";
import { loadPackaged } from "../support/device-image.js";
import { factsOfRegister, factsOfRow, type RowFacts } from "../support/row-facts.js";
import { type Exception, type FamilyTable, TABLE_FAMILIES } from "./table-families.js";

const root = join(import.meta.dirname, "../..");
const folder = join(root, "../shared/registers");
const isMissing = !existsSync(folder);
const where = `register tables ${isMissing ? "are absent: ../shared/registers" : "are there"}`;

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

/** What is compared of a register; word orders come all together. */
function sameOf(facts: RowFacts) {
  const codes = [...facts.codes].sort((a, b) => a - b);
  return { ...facts, codes, wordOrder: "" };
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
      const { scale } = one.format;
      const words = isPart(row, one) ? row.words : one.format.words;
      const facts = factsOfRegister(one, row.address - one.address);
      const is = { ...sameOf(facts), words, offset: scale.offset };
      const unit = row.unit === "" && table.unitsAdded !== undefined ? one.unit : row.unit;
      const variantScale = exception?.scales?.[variant];
      const should = {
        ...sameOf({
          ...factsOfRow({ ...row, unit }, one.unit),
          ...exception?.facts,
          ...(variantScale === undefined ? {} : { scale: variantScale }),
        }),
        words: row.words,
        offset: exception?.offset ?? 0,
      };
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
  const profile = loadPackaged(family.profile);
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
