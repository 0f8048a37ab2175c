/**
 * Profiles say what the register tables say, row by row, and what differs is written down here with
 * its reason. The tables are not part of the repository: they lie in `../shared/registers`, or the
 * test is skipped.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseProfile } from "#core/profile/compile-profile.js";
import type { ProfileRegister } from "#core/profile/profile.js";
import { readCsv, readRegisterTable, type TableRow } from "../../scripts/csv-register-table.js";
import { factsOfRegister, factsOfRow, findWord, type RowFacts } from "../support/row-facts.js";

const root = join(import.meta.dirname, "../..");
const tables = join(root, "../shared/registers");
const isMissing = !existsSync(tables);

/** What a row does not say, or says otherwise. */
interface Exception {
  readonly facts: Partial<RowFacts>;
  readonly reason: string;
}

interface Family {
  readonly profile: string;
  readonly tables: readonly string[];
  /** By space and address. */
  readonly exceptions: Readonly<Record<string, Exception>>;
  /** Its name in the table of metrics, and candidates there that serve no metric here. */
  readonly canonical: string;
  readonly withoutMetric?: readonly string[];
  /** What a row hangs on, as the table has it in the name or in the source. */
  readonly conditionsOf: (row: TableRow) => readonly string[];
}

/** Controllers in angle brackets → identifications at 5001. */
const CONTROLLERS: Readonly<Record<string, number>> = { WPM3: 390, WPM3i: 391, WPMsystem: 449 };

const FAMILIES: readonly Family[] = [
  {
    profile: "stiebel-eltron/wpm-isg",
    tables: ["stiebel-eltron/wpm-isg.csv"],
    canonical: "stiebel-eltron/wpm-isg",
    exceptions: {},
    conditionsOf: ({ nameEn }) => {
      const names = (/<([^>]*)>$/.exec(nameEn)?.[1] ?? "").split(",");
      if (names.length === Object.keys(CONTROLLERS).length) return [];
      const ids = names.map((name) => CONTROLLERS[name] ?? 0).sort();
      return [`controller ${ids.join()}`];
    },
  },
  {
    profile: "stiebel-eltron/lwz-isg",
    tables: ["stiebel-eltron/lwz-isg.csv"],
    canonical: "stiebel-eltron/lwz-isg",
    exceptions: {
      "input 30": {
        facts: { scale: 1000 },
        reason: "[HI]: thousands of starts; the table says 1",
      },
      "input 2000": {
        facts: { codes: Array.from({ length: 15 }, (_, bit) => 2 ** bit) },
        reason: "the bits are named by pail23, not by the table",
      },
      "input 2004": { facts: { codes: [1] }, reason: "bit 0 is named by pail23" },
    },
    // Every controller that the profile accepts is an LWZ.
    conditionsOf: () => [],
  },
  {
    profile: "nibe/s-series",
    tables: ["nibe/s-series-common.csv", "nibe/s-series-model-specific.csv"],
    canonical: "nibe/s-series-common",
    withoutMetric: ["fan_speed input 1974"], // a step, not turns a minute
    exceptions: {},
    conditionsOf: ({ sources }) => {
      const files = /\{([^}]*)\}/.exec(sources.join(" "))?.[1]?.split(",") ?? [];
      const models = files.map((file) => file.split("_")[0]);
      return models.length === NIBE_MODELS ? [] : [`model ${models.join()}`];
    },
  },
];

/** Exports of models that the tables of NIBE were made of. */
const NIBE_MODELS = 9;

/** Conditions that a table can know; which circuits there are is the installation's business. */
function conditionsOf(register: ProfileRegister): readonly string[] {
  return register.conditions.flatMap((one) => {
    if (one.kind === "register") return [`${one.registerId} ${one.accepts.oneOf?.join()}`];
    if (one.kind === "parameter" && one.parameter === "model")
      return [`model ${one.values.join()}`];
    return [];
  });
}

describe.skipIf(isMissing).each(FAMILIES)(
  `$profile (register tables ${isMissing ? "are absent: ../shared/registers" : "are there"})`,
  (family) => {
    const rows = isMissing
      ? []
      : family.tables.flatMap((name) => readRegisterTable(join(tables, name)));
    const file = join(root, `firmware-profiles/${family.profile}.yaml`);
    const { registers, candidates } = parseProfile(readFileSync(file, "utf8"), file);

    it("has a register for every row", () => {
      const lacking = rows.filter((row) => findWord(registers, row) === undefined);
      expect(lacking.map((row) => `${row.table} ${row.address}`)).toEqual([]);
    });

    it("has a row for every word that it reads", () => {
      const known = new Set(rows.flatMap(wordsOf));
      const read = registers.flatMap(({ manualSpace, address, format }) =>
        Array.from({ length: format.words }, (_, i) => `${manualSpace} ${address + i}`),
      );
      expect(read.filter((word) => !known.has(word))).toEqual([]);
      expect(new Set(read).size).toBe(known.size);
    });

    it.each(rows.map((row) => [`${row.table} ${row.address}`, row] as const))(
      "says the same of %s",
      (place, row) => {
        const found = findWord(registers, row);
        if (found === undefined) throw new Error(`no register holds ${place}`);
        const { register, word } = found;
        const expected = factsOfRow(row, register.unit);
        expect(factsOfRegister(register, word)).toEqual({
          ...expected,
          ...family.exceptions[place]?.facts,
        });
        expect(conditionsOf(register)).toEqual(family.conditionsOf(row));
      },
    );

    it("asks the candidates of the metrics in the order of the table", () => {
      const byId = new Map(registers.map((one) => [one.id, one]));
      const stated = readCsv(join(tables, "canonical-metrics.csv"))
        .filter((row) => row.profile === family.canonical && row.address !== "")
        .filter((row) => !family.withoutMetric?.includes(`${row.metric} ${placeOf(row)}`))
        .sort((a, b) => Number(a.priority) - Number(b.priority));
      expect(stated).not.toEqual([]);
      for (const metric of new Set(stated.map((row) => row.metric ?? ""))) {
        const wanted = stated.filter((row) => row.metric === metric).map(placeOf);
        const served = candidates.get(metric)?.flatMap((id) => byId.get(id) ?? []) ?? [];
        const places = served.map((one) => `${one.manualSpace} ${one.address}`);
        expect([metric, ...places.slice(0, wanted.length)]).toEqual([metric, ...wanted]);
      }
    });

    it("differs from the tables nowhere without need", () => {
      const needless = Object.entries(family.exceptions).filter(([place, { facts }]) => {
        const row = rows.find((one) => `${one.table} ${one.address}` === place);
        const found = row && findWord(registers, row);
        if (row === undefined || found === undefined) return true;
        const said = factsOfRow(row, found.register.unit);
        return Object.entries(facts).every(
          ([key, value]) => JSON.stringify(said[key as keyof RowFacts]) === JSON.stringify(value),
        );
      });
      expect(needless).toEqual([]);
    });
  },
);

function wordsOf({ table, address, words }: TableRow): readonly string[] {
  return Array.from({ length: words }, (_, i) => `${table} ${address + i}`);
}

function placeOf(row: Readonly<Record<string, string>>): string {
  return `${row.table} ${row.address}`;
}
