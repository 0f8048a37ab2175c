/**
 * How far the profiles agree with the register tables that they were made of, and how long it takes
 * to load them. Differences with a written reason are counted apart; what is left is a fault.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseProfile } from "#core/profile/compile-profile.js";
import type { Profile } from "#core/profile/profile.js";
import { compareWithTable } from "#core/profile/register-differences.js";
import { readRegisterTable } from "../daemon/profile/register-table.js";
import { readRegisterTable as readReference } from "../scripts/csv-register-table.js";
import { type FamilyTable, TABLE_FAMILIES } from "../test/profiles/table-families.js";
import { modbusProfiles } from "../test/support/packaged-profiles.js";
import { type Bench, median } from "./harness.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const tables = join(root, "../shared/registers");
const recordings = join(root, "test/profiles");

/** Most loads of one profile; the median counts. */
const ROUNDS = 5;
const ROUNDS_SHORT = 2;

/** Tables of profiles whose tests do not list them, and what differs there with a reason. */
const OTHER_TABLES: Readonly<Record<string, readonly (readonly [file: string, except: object])[]>> =
  {
    "idm/navigator-2.0": [["idm/navigator-2.0.csv", {}]],
    "idm/navigator-10": [["idm/navigator-10.csv", {}]],
    "stiebel-eltron/wpm-isg": [["stiebel-eltron/wpm-isg.csv", {}]],
    "stiebel-eltron/lwz-isg": [
      ["stiebel-eltron/lwz-isg.csv", { "input 30": { reason: "[HI]: thousands of starts" } }],
    ],
    "nibe/s-series": [
      ["nibe/s-series-common.csv", {}],
      ["nibe/s-series-model-specific.csv", {}],
    ],
  };

type Table = Pick<FamilyTable, "file" | "except" | "has">;

export const run: Bench = async ({ short }) => {
  const loaded = modbusProfiles().map((one) => ({
    ...one,
    first: spent(() => parseProfile(one.text, one.file)),
    profile: parseProfile(one.text, one.file),
  }));
  const profiles = loaded.map((one) => one.profile);
  console.log(JSON.stringify({ bench: "profiles", ...countAgreement(profiles) }));
  const rounds = short ? ROUNDS_SHORT : ROUNDS;
  const loads = loaded.map(({ name, text, file }) => {
    const times = Array.from({ length: rounds }, () => spent(() => parseProfile(text, file)));
    return [name, Math.round(median(times.map((one) => one.cpuMs)))] as const;
  });
  const sum = (of: "wallMs" | "cpuMs") =>
    Math.round(loaded.reduce((before, { first }) => before + first[of], 0));
  const lint = { lintAllWallMs: sum("wallMs"), lintAllCpuMs: sum("cpuMs") };
  const line = { bench: "profiles", case: "load", ...lint, loadCpuMs: Object.fromEntries(loads) };
  console.log(JSON.stringify(line));
};

function countAgreement(profiles: readonly Profile[]): object {
  const counts = { rowsCompared: 0, mismatches: 0, explained: 0 };
  const places: string[] = [];
  for (const profile of existsSync(tables) ? profiles : []) {
    for (const table of tablesOf(profile)) {
      const found = compareOne(profile, table);
      counts.rowsCompared += found.compared;
      counts.explained += found.explained;
      counts.mismatches += found.unexplained.length;
      places.push(...found.unexplained.map((place) => `${profile.name} ${place}`));
    }
  }
  for (const place of places) console.error(`differs from its table: ${place}`);
  if (!existsSync(tables)) console.error("not compared: ../shared/registers is absent");
  return {
    profiles: profiles.length,
    registers: profiles.reduce((sum, one) => sum + one.registers.length, 0),
    ...counts,
    verifiedOnDevice: profiles.filter((one) => one.isVerified).length,
    withRecording: profiles.filter((one) =>
      existsSync(join(recordings, one.name, "registers.json")),
    ).length,
  };
}

/** The tables that a profile was made of. */
function tablesOf({ name }: Profile): readonly Table[] {
  const family = TABLE_FAMILIES.find((one) => one.profile === name);
  if (family !== undefined) return family.tables;
  const others = OTHER_TABLES[name];
  if (others === undefined) throw new Error(`nobody says which table ${name} is made of`);
  return others.map(([file, except]) => ({ file, except: except as Table["except"] }));
}

function compareOne(profile: Profile, { file, except, has }: Table) {
  const path = join(tables, file);
  const theirs = new Set(
    readReference(path)
      .filter((row) => has === undefined || has(row))
      .map((row) => `${row.table} ${row.address}`),
  );
  const rows = readRegisterTable(path).filter((row) => theirs.has(`${row.space} ${row.address}`));
  const { added, changed, compared } = compareWithTable(profile, rows);
  const differing = [...new Set([...added, ...changed.map((one) => one.place)])];
  return {
    compared: compared + added.length,
    explained: differing.filter((place) => place in except).length,
    unexplained: differing.filter((place) => !(place in except)),
  };
}

/** Processor time counts where others use the machine too. */
function spent(work: () => void): { readonly wallMs: number; readonly cpuMs: number } {
  const [startMs, startCpu] = [performance.now(), process.cpuUsage()];
  work();
  const { user, system } = process.cpuUsage(startCpu);
  return { wallMs: performance.now() - startMs, cpuMs: (user + system) / 1000 };
}
