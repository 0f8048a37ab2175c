/** Scratch: local and fleet cross-validation with injected faults. */
import { calibrateNormal } from "#core/anomaly/calibrate-normal.js";
import { CELLS_PER_DAY, type ChannelId } from "#core/anomaly/channel.js";
import { planFor } from "#core/anomaly/feature-plan.js";
import { FAULTS } from "#core/anomaly/fault-table.js";
import { endOf, injectFault } from "#core/anomaly/fault-scenario.js";
import { learnLocal } from "#core/anomaly/learn-local.js";
import { type NormalModel } from "#core/anomaly/normal-model.js";
import { rowAt, rowsOf, sliceRows, type RowBlock } from "#core/anomaly/operating-row.js";
import { makeRows } from "#core/anomaly/row-maker.js";
import { beginStatistics, learnRows } from "#core/anomaly/statistics.js";
import { openWatch, startWatch, type WatchState } from "#core/anomaly/watch.js";
import { episodeStarts } from "./episodes.js";
import { readHeatPump } from "./heat-pump-file.js";
import { isRightPart } from "./right-parts.js";
import { vusPr } from "./vus-pr.js";

const FULL = ["outdoor","flow","return","tank","power","cop","high","low","fan","frequency"];
const RED = ["outdoor","flow","return","tank","power","cop"];
const which = process.argv[2] ?? "local"; const keep = process.argv[3] === "r" ? RED : FULL;
const offset = Number(process.argv[4] ?? 0);
const plan = planFor(new Set(keep as ChannelId[]));
const grids = [1,2,3].map((k) => readHeatPump(`../shared/ml/hp-sim-dev/train-${k}.csv.gz`, (c) => keep.includes(c)));
const all = grids.map(makeRows);
const stats = all.map((rows) => learnRows(plan, beginStatistics(plan), rowsOf(rows)));
function run(model: NormalModel, rows: RowBlock, from: number, state: WatchState, saveAt: Set<number>) {
  const saved = new Map<number, WatchState>();
  const watch = openWatch(model, state);
  const part = sliceRows(rows, from, rows.length);
  const score = new Float64Array(part.length), alarm = new Uint8Array(part.length); const named = new Map<number, string[]>();
  let i = 0;
  for (const row of rowsOf(part)) {
    if (saveAt.has(i + from)) saved.set(i + from, watch.state());
    const ch = watch.read(row);
    score[i] = watch.score; alarm[i] = watch.alarm.raisedAt === undefined ? 0 : 1;
    if (process.argv[6] === 'clean' && (ch === "raised" || ch === "reopened")) { const st = watch.reader.live; for (const p of watch.strongest(3)) console.error(new Date(row.cell*300000).toISOString(), plan.parts[p]?.id, "share", watch.reader.shares[p]!.toFixed(2), "fast", watch.reader.fastShares[p]!.toFixed(2), "S", [...st.sums.slice(p*6, p*6+6)].map((x) => x.toFixed(1)).join(" "), "last", [...st.last.slice(p*3,p*3+3)].map((x) => x.toFixed(3)).join(" "), "b", [...st.fits[p]!.deviation].map((x) => x.toFixed(4)).join(" "), "sqrtV", Math.sqrt(st.fits[p]!.covariance[0]!).toFixed(4), "s", Math.sqrt(model.parts[p]!.rowVariance).toFixed(4)); }
    if (ch === "raised" || ch === "reopened") named.set(i, watch.strongest(2).map((p) => plan.parts[p]?.id ?? ""));
    i++;
  }
  return { atMs: part.cells.map((c) => c * 300000), score, alarm, named: (r: number) => named.get(r) ?? [], saved };
}
let fa = 0, months = 0, onRows = 0, nRows = 0, found = 0, top = 0; const vs: number[] = []; const res: string[] = [];
const delays: Record<string, string[]> = {};
for (let k = 0; k < 3; k++) {
  const grid = grids[k]!, rows = all[k]!;
  const first = rows.cells[0]!;
  let known: readonly Float64Array[] | undefined; let model: NormalModel, begin: number, quiet: number;
  if (which === "local") {
    begin = rowAt(rows, first + 75 * CELLS_PER_DAY); quiet = 0;
    ({ model, known } = learnLocal(plan, sliceRows(rows, 0, begin))); if (process.argv[7]) known = undefined;
    if (k===0) model.parts.forEach((p, i) => console.error(plan.parts[i]?.id.padEnd(20), p.isUsable, "s", Math.sqrt(p.rowVariance).toFixed(3), "k", Math.sqrt(p.dayVariance).toFixed(3), "psi", p.psi.toFixed(1), "T0", Math.sqrt(p.between[0]??0).toFixed(3), "lim", p.limitFast.toFixed(2), p.limitSlow.toFixed(2)));
  } else {
    begin = 0; quiet = first + 14 * CELLS_PER_DAY;
    const idx = [0,1,2].filter((x) => x !== k);
    model = calibrateNormal(plan, idx.map((x) => ({ installationId: `train-${x}`, statistics: stats[x]!, rows: all[x]! })));
    console.error("factor", model.factor);
  }
  const qs = FAULTS.map((kind, q) => ({ q, kind, severity: [0.5, 0.75, 1][(q + offset) % 3]!, start: (90 + ((37 * q + 23 * offset) % 90)) * CELLS_PER_DAY }));
  const saveAt = new Set(qs.map((s) => rowAt(rows, first + s.start - 14 * CELLS_PER_DAY)));
  const clean = run(model, rows, begin, startWatch(model, quiet, known), saveAt);
  const cleanStarts = episodeStarts(clean).map((r) => clean.atMs[r]!);
  fa += cleanStarts.length; nRows += clean.alarm.length; for (const a of clean.alarm) onRows += a; months += clean.alarm.length / 288 / 30.4;
  if (process.argv[5]) console.error(k, "clean", episodeStarts(clean).map((r) => [new Date(clean.atMs[r]!).toISOString(), clean.named(r)].join(" ")).join(" | "), "max", Math.max(...clean.score));
  if (process.argv[6] === 'clean') continue;
  for (const s of qs) {
    const sick = makeRows(injectFault(grid, s));
    const end = endOf(s);
    const from = rowAt(sick, first + s.start - 14 * CELLS_PER_DAY), to = rowAt(sick, first + end + 14 * CELLS_PER_DAY);
    const cut = { ...sick, ...sliceRows(sick, 0, to) };
    const out = run(model, cut, from, clean.saved.get(from)!, new Set());
    const sMs = (first + s.start) * 300000, eMs = (first + end) * 300000;
    const hit = episodeStarts(out).find((r) => { const at = out.atMs[r]!; return at >= sMs && at < eMs + 6 * 3600e3 && !cleanStarts.some((c) => Math.abs(c - at) <= 3 * 3600e3); });
    const ok = hit !== undefined;
    if (ok) { found++; if (isRightPart(s.kind.fault, out.named(hit))) top++; else res.push(`${s.kind.fault}:${out.named(hit)}`); }
    (delays[s.kind.fault] ??= []).push(ok ? ((out.atMs[hit]! - sMs) / 3600e3).toFixed(0) : `MISS(${s.severity})`);
    const sc: number[] = [], ev: number[] = [];
    for (let i = 0; i < out.atMs.length; i += 6) { const at = out.atMs[i]!; if (at >= eMs && at < eMs + 36 * 3600e3) continue; sc.push(out.score[i]!); ev.push(at >= sMs && at < eMs ? 1 : 0); }
    const v = vusPr(sc, ev, 24); vs.push(v); (delays[s.kind.fault] ??= []).push(`v${v.toFixed(2)}`);
  }
}
for (const [f, d] of Object.entries(delays)) console.error(f.padEnd(24), d.join(" "));
console.error("wrong top", res.join(" "));
console.log(JSON.stringify({ which, red: process.argv[3], offset, faPerMonth: fa / months, fa, months, share: onRows / nRows, recall: found / vs.length, top: top / found, vus: vs.reduce((a, b) => a + b, 0) / vs.length }));
