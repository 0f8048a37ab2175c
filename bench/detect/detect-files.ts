/** Files in, a file of scores out: what `npm run -s detect` does. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { type Artefact, decodeArtefact, encodeArtefact } from "#core/anomaly/artefact.js";
import {
  CELL_SECONDS,
  CELLS_PER_DAY,
  CHANNEL_COUNT,
  CHANNELS,
  type ChannelId,
} from "#core/anomaly/channel.js";
import { isPlanPossible, planFor } from "#core/anomaly/feature-plan.js";
import type { Finding } from "#core/anomaly/finding.js";
import { learnFleet } from "#core/anomaly/learn-fleet.js";
import { learnLocal } from "#core/anomaly/learn-local.js";
import { MODES, type RowBlock, rowAt, sliceRows } from "#core/anomaly/operating-row.js";
import { checkGrid } from "#core/anomaly/quality.js";
import { makeRows } from "#core/anomaly/row-maker.js";
import { HeatpoolError } from "#core/errors.js";
import { detectGeneric } from "./detect-generic.js";
import { readHeatPumpFile } from "./heat-pump-file.js";
import { type FilePlan, OWN_COLUMNS, readPlan } from "./plan-file.js";
import { watchRows } from "./watched.js";

/** What the command line asks for. */
export interface DetectFiles {
  readonly learn: readonly string[];
  readonly calibrate: readonly string[];
  readonly score: string | undefined;
  readonly out: string | undefined;
  readonly plan: string | undefined;
  readonly isGeneric: boolean;
  readonly localDays: number | undefined;
  readonly modelOut: string | undefined;
  readonly modelIn: string | undefined;
  readonly modelName: string | undefined;
}

/** A file ready to be learnt or watched. */
interface Prepared {
  readonly path: string;
  readonly rows: RowBlock;
  readonly findings: readonly Finding[];
  readonly firstCell: number;
  readonly timestamps: readonly string[];
  readonly atMs: Float64Array;
}

/** A channel is there when this share of the rows has it. */
const CHANNEL_SHARE_MIN = 0.01;
/** A freshly installed daemon raises nothing for a fortnight. */
const QUIET_CELLS = 14 * CELLS_PER_DAY;
const CELL_MS = CELL_SECONDS * 1000;
/** The mode `running` of a machine whose hot water cannot be told. */
const RUNNING = MODES.indexOf("running");
/** Of a model nobody has named. */
const NO_NAME = "unnamed";

/** Learns or reads a model, watches, writes. */
export function detectFiles(wanted: DetectFiles): void {
  requireFiles(wanted);
  if (wanted.isGeneric) {
    detectGeneric(wanted);
    return;
  }
  const filePlan = wanted.plan === undefined ? OWN_COLUMNS : readPlan(wanted.plan);
  const score = wanted.score === undefined ? undefined : prepare(wanted.score, filePlan);
  const artefact =
    wanted.modelIn === undefined
      ? learn(wanted, filePlan, score)
      : decodeArtefact(readFileSync(wanted.modelIn), wanted.modelName);
  if (wanted.modelOut !== undefined) writeFileSync(wanted.modelOut, encodeArtefact(artefact));
  if (score !== undefined && wanted.out !== undefined)
    writeFileSync(wanted.out, watch(artefact, wanted, score));
}

function requireFiles(wanted: DetectFiles): void {
  const { learn: learnt, calibrate, score, out, localDays, modelIn, modelOut, plan } = wanted;
  for (const file of [...learnt, ...calibrate, score, modelIn, plan])
    if (file !== undefined && !existsSync(file))
      throw new HeatpoolError("NOT_FOUND", `${file}: no such file`);
  const source = modelIn ?? learnt[0] ?? (localDays === undefined ? undefined : score);
  if (source === undefined)
    throw new HeatpoolError(
      "USAGE",
      "nothing to learn from: give --learn, --local-days or --model-in",
    );
  if (localDays !== undefined && !(localDays >= 1))
    throw new HeatpoolError("USAGE", "--local-days is a number of days");
  if (modelOut === undefined && (score === undefined || out === undefined))
    throw new HeatpoolError("USAGE", "give --score and --out, or --model-out");
}

function prepare(path: string, plan: FilePlan): Prepared {
  const { grid, timestamps, atMs } = readHeatPumpFile(path, plan);
  const { grid: checked, findings } = checkGrid(grid);
  const rows = makeRows(checked);
  return { path, rows, findings, firstCell: grid.firstCell, timestamps, atMs };
}

function learn(wanted: DetectFiles, filePlan: FilePlan, score: Prepared | undefined): Artefact {
  const files = wanted.learn.map((path) => prepare(path, filePlan));
  const heatPumpModel = wanted.modelName ?? NO_NAME;
  const [only = score] = files;
  if (only === undefined) throw new HeatpoolError("USAGE", "nothing to learn from");
  const all = files.length === 0 ? [only] : files;
  const available = availableIn(all.map(({ rows }) => rows));
  if (!isPlanPossible(available))
    throw new HeatpoolError("INVALID_ARGUMENT", `too few channels: ${[...available].join(", ")}`, {
      hint: "A plan needs flow, return and outdoor, and power, frequency or rating; or use --generic.",
    });
  const plan = planFor(available, {
    oneRunningMode: all.some(({ rows }) => rows.modes.includes(RUNNING)),
  });
  if (wanted.localDays !== undefined) {
    const until = only.firstCell + wanted.localDays * CELLS_PER_DAY;
    const own = sliceRows(only.rows, 0, rowAt(only.rows, until));
    return { heatPumpModel, ...learnLocal(plan, own) };
  }
  if (all.length === 1) return { heatPumpModel, model: learnLocal(plan, only.rows).model };
  const machines = all.map(({ path, rows }) => ({ installationId: path, rows }));
  const others = wanted.calibrate.map((path) => prepare(path, filePlan));
  const calibrate = others.map(({ path, rows }) => ({ installationId: path, rows }));
  return { heatPumpModel, model: learnFleet(plan, machines, calibrate) };
}

/** Channels that every file has. */
function availableIn(files: readonly RowBlock[]): Set<ChannelId> {
  const ids = CHANNELS.map(({ id }) => id);
  return new Set(
    ids.filter((_, channel) =>
      files.every((rows) => {
        let there = 0;
        for (let at = channel; at < rows.values.length; at += CHANNEL_COUNT)
          if (!Number.isNaN(rows.values[at])) there++;
        return there > CHANNEL_SHARE_MIN * rows.length;
      }),
    ),
  );
}

function watch({ model, known }: Artefact, wanted: DetectFiles, score: Prepared): string {
  const { rows, findings } = score;
  const isOwn = wanted.localDays !== undefined;
  const from = isOwn ? rowAt(rows, score.firstCell + (wanted.localDays ?? 0) * CELLS_PER_DAY) : 0;
  const quietUntil = isOwn ? Number.NEGATIVE_INFINITY : score.firstCell + QUIET_CELLS;
  const part = sliceRows(rows, from, rows.length);
  const watched = watchRows(model, part, {
    quietUntil,
    findings,
    isNaming: true,
    ...(known !== undefined && { known }),
  });
  const lines = score.timestamps.map((timestamp, index) => {
    const cell = Math.floor((score.atMs[index] ?? 0) / CELL_MS);
    const row = rowAt(part, cell);
    if (part.cells[row] !== cell) return `${timestamp},0,0,,`;
    const [first = "", second = ""] = watched.named(row);
    return `${timestamp},${(watched.score[row] ?? 0).toFixed(5)},${watched.alarm[row]},${first},${second}`;
  });
  return ["timestamp,score,alarm,part1,part2", ...lines, ""].join("\n");
}
