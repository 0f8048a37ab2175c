/** `nibe`: a real exhaust-air heat pump that reports changes only; ten days learnt, ten watched. */
import { CELLS_PER_DAY, CHANNEL_COUNT, type ChannelId, channelIndex, findChannel } from "#core/anomaly/channel.js";
import { planFor } from "#core/anomaly/feature-plan.js";
import { type CellGrid, believable, createGrid, gridChanges } from "#core/anomaly/grid.js";
import { learnLocal } from "#core/anomaly/learn-local.js";
import { MODES, rowAt, sliceRows } from "#core/anomaly/operating-row.js";
import { makeRows } from "#core/anomaly/row-maker.js";
import { numbersOf, readCsv, textsOf, toMs } from "./csv-table.js";
import { episodeStarts } from "./episodes.js";
import { COLUMNS } from "./heat-pump-file.js";
import { vusPr } from "./vus-pr.js";
import { watchRows } from "./watched.js";

const USED: ChannelId[] = ["outdoor","flow","return","tank","frequency","pump","discharge","suction","liquid","condenserOut","evaporator"];
type Dep = Partial<Record<ChannelId, number>>;
const KINDS: { fault: string; running?: Dep; always?: Dep }[] = [
  { fault: "undercharge", running: { discharge: 9, suction: 5, evaporator: -3, liquid: 1.5 } },
  { fault: "evaporator_fouling", running: { evaporator: -5, suction: -3, discharge: 4 } },
  { fault: "condenser_fouling", running: { liquid: 3, discharge: 5 } },
  { fault: "eev_stuck_open", running: { suction: -7, evaporator: 2, discharge: -9 } },
  { fault: "low_flow", running: { return: -3, liquid: 1.5, discharge: 3 } },
  { fault: "sensor_flow", always: { flow: 2.5 } },
  { fault: "sensor_outdoor", always: { outdoor: 5 } },
  { fault: "sensor_tank", always: { tank: -7 } },
  { fault: "compressor_degradation", running: { discharge: 6, frequency: 8 } },
  { fault: "sensor_return_stuck" },
];
export function readNibe(data: string) {
  const folder = `${data}/heatpump-nibe-f730`;
  const g = readCsv(`${folder}/grid-5min.csv.gz`);
  const ev = readCsv(`${folder}/events.csv.gz`);
  const metrics = textsOf(ev, "metric"), vals = numbersOf(ev, "value"), times = textsOf(ev, "timestamp").map(toMs);
  const keepIdx = metrics.flatMap((m, i) => (USED.includes(COLUMNS[m] as ChannelId) ? [i] : []));
  const events = gridChanges({ atMs: Float64Array.from(keepIdx, (i) => times[i] ?? 0), channels: Uint8Array.from(keepIdx, (i) => findChannel(COLUMNS[metrics[i] ?? ""] ?? "") ?? 0), values: Float64Array.from(keepIdx, (i) => vals[i] ?? 0) });
  const atMs = textsOf(g, "timestamp").map(toMs); const modes = textsOf(g, "mode");
  const first = Math.floor((atMs[0] ?? 0) / 300000);
  const grid = createGrid(first, atMs.length);
  const columns = g.columns.flatMap((name) => { const id = COLUMNS[name] as ChannelId; return USED.includes(id) ? [[channelIndex(id), numbersOf(g, name)] as const] : []; });
  atMs.forEach((ms, i) => {
    const cell = Math.floor(ms / 300000) - first; const from = cell + first - events.firstCell;
    grid.seen[cell] = 1;
    grid.modes[cell] = MODES.indexOf(modes[i] as "off");
    for (const [channel, column] of columns) {
      const isStale = Number.isNaN(events.values[from * CHANNEL_COUNT + channel]);
      const value = believable(channel, column[i] ?? Number.NaN);
      grid.values[cell * CHANNEL_COUNT + channel] = isStale ? Number.NaN : value;
    }
  });
  return grid;
}
function inject(grid: CellGrid, start: number, k: number, severity: number): CellGrid {
  const kind = KINDS[k]!; const sick = { ...grid, values: grid.values.slice() };
  const R = channelIndex("return"); let held = Number.NaN;
  for (let c = start; c >= 0 && Number.isNaN(held); c--) held = grid.values[c * CHANNEL_COUNT + R]!;
  for (let c = start; c < Math.min(grid.length, start + 576); c++) {
    const m = grid.modes[c]; const at = c * CHANNEL_COUNT;
    const add = (d: Dep) => { for (const [id, v] of Object.entries(d)) sick.values[at + channelIndex(id as ChannelId)]! += v * severity; };
    if (kind.running && (m === 1 || m === 2)) add(kind.running);
    if (kind.always) add(kind.always);
    if (k === 9) sick.values[at + R] = Number.isNaN(grid.values[at + R]!) ? Number.NaN : held;
  }
  return sick;
}
export function runNibe(data: string, verbose = false) {
  const grid = readNibe(data);
  const plan = planFor(new Set(USED), { kind: "refrigerant" });
  const rows = makeRows(grid);
  const testCell = Date.parse("2025-11-12T00:00:00Z") / 300000;
  const testRow = rowAt(rows, testCell);
  const { model, known } = learnLocal(plan, sliceRows(rows, 0, testRow));
  if (verbose) model.parts.forEach((p, i) => console.error(plan.parts[i]?.id.padEnd(20), p.isUsable, "s", Math.sqrt(p.rowVariance).toFixed(3), "k", Math.sqrt(p.dayVariance).toFixed(3), "psi", p.psi.toFixed(1), "T0", Math.sqrt(p.between[0]??0).toFixed(3), "lim", p.limitFast.toFixed(2), p.limitSlow.toFixed(2)));
  const clean = watchRows(model, sliceRows(rows, testRow, rows.length), 0, process.env.KNOWN ? known : undefined);
  const cleanStarts = episodeStarts(clean).map((r) => clean.atMs[r]!);
  if (verbose) console.error("clean", cleanStarts.map((c, i) => new Date(c).toISOString() + " " + clean.named(episodeStarts(clean)[i]!)), "max", Math.max(...clean.score), "rows", clean.score.length);
  let found = 0; const vs: number[] = [];
  for (let k = 0; k < 10; k++) { const line: string[] = [];
    for (let j = 0; j < 3; j++) {
      const start = 288 + (((3 * k + j) * 683) % 1980);
      const base = testCell - grid.firstCell;
      const sick = makeRows(inject(grid, base + start, k, [0.6, 0.9, 1.2][j]!));
      const w = watchRows(model, sliceRows(sick, testRow, sick.length), 0, process.env.KNOWN ? known : undefined);
      const sMs = (testCell + start) * 300000, eMs = sMs + 48 * 3600e3;
      const hit = episodeStarts(w).find((r) => { const at = w.atMs[r]!; return at >= sMs && at < eMs + 6 * 3600e3 && !cleanStarts.some((c) => Math.abs(c - at) <= 3 * 3600e3); });
      if (hit !== undefined) found++;
      const v = vusPr(w.score, [...w.atMs].map((at) => (at >= sMs && at < eMs ? 1 : 0)), 24); vs.push(v);
      line.push(`${hit === undefined ? "-" : ((w.atMs[hit]! - sMs) / 3600e3).toFixed(0) + "h " + w.named(hit)} v${v.toFixed(2)}`);
    }
    if (verbose) console.error(KINDS[k]!.fault.padEnd(24), line.join(" | "));
  }
  return { vus: vs.reduce((a, b) => a + b, 0) / vs.length, recall: found / 30, fa: cleanStarts.length };
}
