/**
 * Register tables → profiles of Stiebel Eltron behind an ISG: WPM and LWZ.
 *
 * Run once: the profiles are owned as data from then on and corrected by hand.
 * `tsx --conditions=source scripts/csv-import-stiebel.ts <registers folder> [output folder]`
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { readCsv, readRegisterTable } from "./csv-register-table.js";
import { LWZ, WPM } from "./import-stiebel-decisions.js";
import { frameOf } from "./import-stiebel-frame.js";
import { toLines } from "./import-stiebel-lines.js";
import { readPoints } from "./import-stiebel-rows.js";

const [registers = "../shared/registers", output = "firmware-profiles/stiebel-eltron"] =
  process.argv.slice(2);
const labels = new Map(
  readCsv(join(import.meta.dirname, "csv-stiebel-labels.csv")).map(
    ({ key = "", en = "", de = "" }) => [key, { en, de }],
  ),
);
for (const [name, family] of [
  ["wpm-isg", WPM],
  ["lwz-isg", LWZ],
] as const) {
  const points = readPoints(readRegisterTable(join(registers, `stiebel-eltron/${name}.csv`)));
  const { head, tail } = frameOf(name);
  writeFileSync(
    join(output, `${name}.yaml`),
    `${head}${toLines(points, { ...family, labels })}${tail}`,
  );
}
