/**
 * Register tables → profiles of the families below.
 *
 * Run once for each: the profiles are owned as data from then on and corrected by hand.
 * `tsx --conditions=source scripts/csv-import-families.ts <registers folder> [output folder] [brand]`
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { readRegisterTable, type TableRow } from "./csv-register-table.js";
import { type Family, familyLines } from "./family-lines.js";
import { ALTHERMA_3, ALTHERMA_4 } from "./import-daikin.js";
import { DIMPLEX } from "./import-dimplex.js";
import { HELIOTHERM } from "./import-heliotherm.js";
import { KERMI } from "./import-kermi.js";
import { LAMBDA } from "./import-lambda.js";
import { LG } from "./import-lg.js";
import { LUXTRONIK } from "./import-luxtronik.js";
import { SAMSUNG } from "./import-samsung.js";
import { XTHERMA } from "./import-xtherma.js";

const FAMILIES: readonly Family[] = [
  LAMBDA,
  LG,
  HELIOTHERM,
  KERMI,
  LUXTRONIK,
  XTHERMA,
  DIMPLEX,
  SAMSUNG,
  ALTHERMA_3,
  ALTHERMA_4,
];

function rowsOf({ tables }: Family, folder: string): ReadonlyMap<string, TableRow> {
  return new Map(
    Object.entries(tables).flatMap(([name, file]) =>
      readRegisterTable(join(folder, file)).map((row) => [
        `${name === "" ? "" : `${name}:`}${row.table.charAt(0)}${row.address}`,
        row,
      ]),
    ),
  );
}

const [registers = "../shared/registers", output = "firmware-profiles", brand = ""] =
  process.argv.slice(2);
for (const family of FAMILIES.filter((one) => one.profile.startsWith(brand))) {
  const file = join(output, `${family.profile}.yaml`);
  mkdirSync(dirname(file), { recursive: true });
  const lines = familyLines(family, rowsOf(family, registers));
  writeFileSync(file, `${family.head}registers:\n${lines}${family.tail}`);
}
