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
import { EMS_ESP } from "./import-bosch.js";
import { ALTHERMA_3, ALTHERMA_4 } from "./import-daikin.js";
import { DIMPLEX } from "./import-dimplex.js";
import { HELIOTHERM } from "./import-heliotherm.js";
import { KERMI } from "./import-kermi.js";
import { LAMBDA } from "./import-lambda.js";
import { LG } from "./import-lg.js";
import { LUXTRONIK } from "./import-luxtronik.js";
import { A1M, A1M_PLUS } from "./import-mitsubishi.js";
import { AQUAREA_H, AQUAREA_PRE_H } from "./import-panasonic.js";
import { SAMSUNG } from "./import-samsung.js";
import { GENESIS_INVERTER, GENESIS_MEGA } from "./import-thermia.js";
import { ISE_GEOTHERM } from "./import-vaillant.js";
import { WEISHAUPT } from "./import-weishaupt.js";
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
  A1M,
  A1M_PLUS,
  AQUAREA_PRE_H,
  AQUAREA_H,
  WEISHAUPT,
  EMS_ESP,
  ISE_GEOTHERM,
  GENESIS_INVERTER,
  GENESIS_MEGA,
];

function rowsOf(
  { tables, has = () => true }: Family,
  folder: string,
): ReadonlyMap<string, TableRow> {
  return new Map(
    Object.entries(tables).flatMap(([name, file]) =>
      readRegisterTable(join(folder, file))
        .filter(has)
        .map((row) => [
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
