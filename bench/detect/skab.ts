/** `skab`: a water loop, one fault per file, learnt on its own first 400 seconds. */
import { readdirSync } from "node:fs";
import { SHARE_10 } from "#core/anomaly/multivariate.js";
import { numbersOf, readCsv } from "./csv-table.js";
import { scoreGeneric } from "./generic.js";
import { vusPr } from "./vus-pr.js";

export function runSkab(data: string) {
  const files = ["valve1", "valve2", "other"].flatMap((f) => readdirSync(`${data}/skab/${f}`).sort().map((n) => `${data}/skab/${f}/${n}`));
  const vs: number[] = []; let fp = 0, n = 0;
  const range = (a: number, b: number) => Array.from({ length: b - a }, (_, i) => a + i);
  for (const file of files) {
    const table = readCsv(file, ";");
    const names = table.columns.filter((c) => !["datetime", "anomaly", "changepoint"].includes(c));
    const columns = names.map((c) => numbersOf(table, c));
    const label = numbersOf(table, "anomaly");
    const rows = [...label].map((_, i) => Float64Array.from(columns, (c) => c[i] ?? Number.NaN));
    const out = scoreGeneric({ names, rows, starts: new Set([0]) }, range(0, 400), SHARE_10);
    const test = range(400, rows.length);
    vs.push(vusPr(test.map((i) => out.score[i] ?? 0), test.map((i) => (label[i] === 1 ? 1 : 0)), 30));
    const o3 = scoreGeneric({ names, rows, starts: new Set([0]) }, range(0, 300), SHARE_10);
    const th = range(300, 400).map((i) => o3.score[i] ?? 0).sort((a, b) => a - b)[98] ?? 0;
    for (const i of test) if (label[i] !== 1) { n++; if ((o3.score[i] ?? 0) > th) fp++; }
  }
  return { vus: vs.reduce((a, b) => a + b, 0) / vs.length, files: files.length, fp: fp / n };
}
