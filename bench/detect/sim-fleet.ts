/** `sim-fleet`: learn on three healthy machines of a model, watch two others with known faults. */
import { readFileSync } from "node:fs";
import { calibrateNormal, type HeldOut } from "#core/anomaly/calibrate-normal.js";
import { CELLS_PER_DAY, type ChannelId, channelAt } from "#core/anomaly/channel.js";
import { type FeaturePlan, planFor } from "#core/anomaly/feature-plan.js";
import type { CellGrid } from "#core/anomaly/grid.js";
import { type RowBlock, rowsOf } from "#core/anomaly/operating-row.js";
import { makeRows } from "#core/anomaly/row-maker.js";
import { beginStatistics, learnRows } from "#core/anomaly/statistics.js";
import { countEpisodes, type FaultEvent, figuresOf, isNormal, noEpisodes } from "./episodes.js";
import { readHeatPump } from "./heat-pump-file.js";
import { isRightPart } from "./right-parts.js";
import { vusPr } from "./vus-pr.js";
import { watchRows } from "./watched.js";

const FULL = [
  "outdoor",
  "flow",
  "return",
  "tank",
  "power",
  "cop",
  "high",
  "low",
  "fan",
  "frequency",
];
const REDUCED = ["outdoor", "flow", "return", "tank", "power", "cop"];

export function runFleet(data: string, reduced: boolean) {
  const keep = reduced ? REDUCED : FULL;
  const folder = `${data}/hp-sim-dev`;
  const manifest = JSON.parse(readFileSync(`${folder}/manifest.json`, "utf8")) as {
    train: string[];
    test: {
      file: string;
      events: { fault: string; severity: number; start: string; end: string }[];
    }[];
  };
  const read = (file: string) =>
    makeRows(readHeatPump(`${folder}/${file}`, (c) => keep.includes(c)));
  const train = manifest.train.map((file) => [file, read(file)] as const);
  const t0 = performance.now();
  const plan = planFor(new Set(keep as ChannelId[]));
  const held: HeldOut[] = train.map(([installationId, rows]) => ({
    installationId,
    rows,
    statistics: learnRows(plan, beginStatistics(plan), rowsOf(rows)),
  }));
  const model = calibrateNormal(plan, held);
  const learnSeconds = (performance.now() - t0) / 1000;
  console.error(`factor ${model.factor} learn ${learnSeconds}`);
  model.parts.forEach((p, i) =>
    console.error(
      plan.parts[i]?.id.padEnd(20),
      p.isUsable,
      "s",
      Math.sqrt(p.rowVariance).toFixed(3),
      "k",
      Math.sqrt(p.dayVariance).toFixed(3),
      "psi",
      p.psi.toFixed(1),
      "rho",
      p.rho.toFixed(3),
      "T0",
      Math.sqrt(p.between[0] ?? 0).toFixed(3),
      "lim",
      p.limitFast.toFixed(2),
      p.limitSlow.toFixed(2),
    ),
  );
  const counts = noEpisodes();
  const allS: number[] = [],
    allE: number[] = [];
  const vs: number[] = [];
  let seconds = 0,
    rowsN = 0;
  for (const { file, events } of manifest.test) {
    const rows = read(file);
    const ev: FaultEvent[] = events.map((e) => ({
      fault: e.fault,
      startMs: Date.parse(e.start.replace(" ", "T")),
      endMs: Date.parse(e.end.replace(" ", "T")),
    }));
    const w = watchRows(model, rows, (rows.cells[0] ?? 0) + 14 * CELLS_PER_DAY);
    seconds += w.seconds;
    rowsN += rows.length;
    const from = 2 * CELLS_PER_DAY;
    const cut = {
      atMs: w.atMs.subarray(from),
      alarm: w.alarm.subarray(from),
      named: (r: number) => w.named(r + from),
    };
    countEpisodes(counts, cut, ev, isRightPart);
    const s: number[] = [],
      e: number[] = [];
    for (let i = from; i < rows.length; i += 6) {
      const at = w.atMs[i] ?? 0;
      const inside = ev.some((x) => at >= x.startMs && at < x.endMs);
      if (!inside && !isNormal(at, ev)) continue;
      s.push(w.score[i] ?? 0);
      e.push(inside ? 1 : 0);
    }
    allS.push(...s);
    allE.push(...e);
    vs.push(vusPr(s, e, 24));
  }
  console.error(
    counts.perEvent
      .map((e) => `${e.fault} ${e.found} ${e.hours?.toFixed(1)} ${e.named}`)
      .join("\n"),
  );
  const rnd = allS.map((_, i) => Math.abs(Math.sin(i * 12.9898) * 43758.5453) % 1);
  return {
    vusPr: vusPr(allS, allE, 24),
    each: vs,
    random: vusPr(rnd, allE, 24),
    constant: vusPr(
      allS.map(() => 0.5),
      allE,
      24,
    ),
    ...figuresOf(counts, 300000),
    us: (seconds / rowsN) * 1e6,
    fa: counts.falseAlarms,
  };
}
if (process.argv[2] !== "r") console.log(runFleet("../shared/ml", false));
console.log(runFleet("../shared/ml", true));
