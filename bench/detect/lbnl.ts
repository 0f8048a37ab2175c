/** `lbnl`: air handling units by day, faults last whole days. */
import { SHARE_60 } from "#core/anomaly/multivariate.js";
import { numbersOf, readCsv, textsOf } from "./csv-table.js";
import { scoreGeneric } from "./generic.js";
import { vusPr } from "./vus-pr.js";

const LEARN = ["8/27/2008", "8/29/2008", "8/31/2008", "9/4/2008", "2/11/2009", "5/6/2009", "5/8/2009"];

export function runLbnl(data: string, file = "MZVAV-2-2") {
  const table = readCsv(`${data}/lbnl-ahu/${file}.csv.gz`);
  const names = table.columns.filter((n) => n !== "Datetime" && !n.includes("Set Point") && n !== "Fault Detection Ground Truth");
  const columns = names.map((n) => numbersOf(table, n));
  const label = numbersOf(table, "Fault Detection Ground Truth");
  const days = textsOf(table, "Datetime").map((t) => t.split(" ")[0] ?? "");
  const rows = days.map((_, i) => Float64Array.from(columns, (c) => c[i] ?? Number.NaN));
  const starts = new Set(days.flatMap((d, i) => (i === 0 || days[i - 1] !== d ? [i] : [])));
  const learn = days.flatMap((d, i) => (LEARN.includes(d) ? [i] : []));
  const out = scoreGeneric({ names, rows, starts }, learn, SHARE_60);
  const test = days.flatMap((d, i) => (LEARN.includes(d) ? [] : [i]));
  const s = test.map((i) => out.score[i] ?? 0), e = test.map((i) => (label[i] === 1 ? 1 : 0));
  const highest = Math.max(...test.filter((i) => label[i] !== 1).map((i) => out.score[i] ?? 0));
  const faultDays = [...new Set(test.filter((i) => label[i] === 1).map((i) => days[i] ?? ""))];
  const found = faultDays.filter((d) => { const r = test.filter((i) => days[i] === d); return r.filter((i) => (out.score[i] ?? 0) > highest).length > 0.02 * r.length; });
  return { vus: vusPr(s, e, 60), found: found.length, of: faultDays.length, learn: learn.length / 1440, normal: new Set(test.filter((i) => label[i] !== 1).map((i) => days[i])).size };
}
