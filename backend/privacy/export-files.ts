/**
 * Exports as files for people and programs: one file with a JSON record a line, or a folder of CSV
 * and JSON. Under its name stands only what is whole; nothing is replaced; only the owner may read.
 */
import { once } from "node:events";
import { createWriteStream, type WriteStream } from "node:fs";
import { lstat, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { finished } from "node:stream/promises";
import { HeatpoolError } from "#core/errors.js";
import type { DaySummary } from "../aggregate/day-summary.js";
import type { ReceivedPart } from "../rpc/export-wire.js";
import { createExportLines, toDate, toRecord, toTime } from "./export-lines.js";

/** What was written. */
export interface ExportSummary {
  readonly snapshots: number;
  readonly readings: number;
  /** Days of devices with sums. */
  readonly days: number;
  readonly refusedBatches: number;
  readonly losses: number;
}

const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;
/** Beginnings of cells that spreadsheets take for formulas. */
const FORMULA = /^[=+\-@\t\r]/;
const QUOTED = /[",\r\n]/;
const READINGS_HEADER = "device,heatpump_model,time,metric,unit,value,received";
const DAYS_HEADER =
  "device,heatpump_model,day,coverage,outdoor_mean_celsius,heat_kwh,electric_kwh," +
  "heating_heat_kwh,heating_electric_kwh,hot_water_heat_kwh,hot_water_electric_kwh," +
  "compressor_hours,compressor_starts";
const LOSSES_HEADER = "device,reason,from,to,snapshots";

/** Takes the parts of one export. */
interface PartWriter {
  write(part: ReceivedPart): Promise<void>;
  close(): Promise<void>;
  /** Lets go without waiting for what was written; nothing of it appears afterwards. */
  abandon(): Promise<void>;
}

/**
 * Writes an export to `path`: a file when it ends in `.ndjson`, otherwise a new folder.
 *
 * @throws HeatpoolError `STATE_INVALID` it exists already or cannot be written · what `parts` throws
 */
export async function writeExport(
  path: string,
  parts: AsyncIterable<ReceivedPart>,
): Promise<ExportSummary> {
  await demandAbsent(path);
  const draft = `${path}.part`;
  const summary = { snapshots: 0, readings: 0, days: 0, refusedBatches: 0, losses: 0 };
  let writer: PartWriter | undefined;
  try {
    for await (const part of parts) {
      // Nothing is made for an installation that is not known.
      writer ??= path.endsWith(".ndjson") ? openLines(draft) : await openFolder(draft);
      await writer.write(part);
      count(summary, part);
    }
    await writer?.close();
    await rename(draft, path);
    return summary;
  } catch (cause) {
    await writer?.abandon();
    if (!isTaken(cause)) await rm(draft, { recursive: true, force: true });
    if (cause instanceof HeatpoolError) throw cause;
    throw notWritten(path, cause);
  }
}

function count(
  summary: { -readonly [K in keyof ExportSummary]: number },
  part: ReceivedPart,
): void {
  if (part.kind === "day") summary.days++;
  if (part.kind === "refusal") summary.refusedBatches++;
  if (part.kind === "loss") summary.losses++;
  if (part.kind !== "readings") return;
  summary.snapshots += part.rows.length;
  for (const { values } of part.rows) {
    for (const value of values) if (value !== undefined) summary.readings++;
  }
}

function openLines(path: string): PartWriter {
  const file = openText(path);
  const toLines = createExportLines();
  return {
    write: (part) => file.write(toLines(part)),
    close: () => file.close(),
    abandon: () => file.abandon(),
  };
}

async function openFolder(path: string): Promise<PartWriter> {
  await mkdir(path, { mode: FOLDER_MODE });
  const readings = openText(join(path, "readings.csv"));
  const days = openText(join(path, "days.csv"));
  const losses = openText(join(path, "losses.csv"));
  const refused = openText(join(path, "refused.ndjson"));
  await readings.write([READINGS_HEADER]);
  await days.write([DAYS_HEADER]);
  await losses.write([LOSSES_HEADER]);
  return {
    async write(part) {
      switch (part.kind) {
        case "installation":
          await writeFile(
            join(path, "installation.json"),
            `${JSON.stringify(JSON.parse(toRecord(part)), null, 2)}\n`,
            { mode: FILE_MODE, flag: "wx" },
          );
          return;
        case "readings":
          await readings.write(toCsv(part));
          return;
        case "day":
          await days.write([toDayRow(part.summary)]);
          return;
        case "refusal":
          await refused.write([toRecord(part)]);
          return;
        case "loss": {
          const { deviceId, reason, fromMs, toMs, snapshots } = part;
          const cells = [deviceId, cell(reason), toTime(fromMs), toTime(toMs), snapshots];
          await losses.write([cells.join(",")]);
        }
      }
    },
    async close() {
      for (const file of [readings, days, losses, refused]) await file.close();
    },
    async abandon() {
      for (const file of [readings, days, losses, refused]) await file.abandon();
    },
  };
}

function toCsv(part: Extract<ReceivedPart, { kind: "readings" }>): string[] {
  const { deviceId, columns, rows } = part;
  const before = `${deviceId},${cell(part.heatpumpModel)}`;
  const after = toTime(part.receivedAtMs);
  return rows.flatMap(({ atMs, values }) =>
    values.flatMap((value, k) => {
      const column = columns[k];
      if (value === undefined || column === undefined) return [];
      return [`${before},${toTime(atMs)},${column.metric},${column.unit},${value},${after}`];
    }),
  );
}

function toDayRow(one: DaySummary): string {
  const { deviceId, heatpumpModel, day, coverage, outdoorMean, total, heating, hotWater } = one;
  const energies = [total, heating, hotWater].flatMap((use) => [use.heatKwh, use.electricKwh]);
  const cells = [
    ...[deviceId, cell(heatpumpModel), toDate(day), coverage, outdoorMean],
    ...[...energies, one.compressorHours, one.compressorStarts],
  ];
  return cells.map((value) => value ?? "").join(",");
}

/** Text from outside as a cell. */
function cell(text: string): string {
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return QUOTED.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Lines into a new file, as fast as it takes them. */
function openText(path: string) {
  const stream: WriteStream = createWriteStream(path, { flags: "wx", mode: FILE_MODE });
  const done = finished(stream);
  done.catch(() => undefined);
  return {
    async write(lines: readonly string[]): Promise<void> {
      if (lines.length === 0) return;
      if (stream.write(`${lines.join("\n")}\n`)) return;
      await Promise.race([once(stream, "drain"), done]);
    },
    async close(): Promise<void> {
      stream.end();
      await done;
    },
    async abandon(): Promise<void> {
      // A file that is still being opened would appear after its folder was cleared.
      if (stream.closed) return;
      await new Promise<void>((resolve) => {
        stream.once("close", resolve);
        stream.destroy();
      });
    },
  };
}

async function demandAbsent(path: string): Promise<void> {
  const isThere = await lstat(path).then(
    () => true,
    () => false,
  );
  if (!isThere) return;
  throw new HeatpoolError("STATE_INVALID", `${path} exists already; it was not touched`, {
    hint: "Name another file or folder.",
  });
}

/** Somebody else's draft. */
function isTaken(cause: unknown): boolean {
  return cause instanceof Error && "code" in cause && cause.code === "EEXIST";
}

function notWritten(path: string, cause: unknown): HeatpoolError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new HeatpoolError("STATE_INVALID", `cannot write ${path}: ${why}`, {
    cause,
    hint: "Look at free space, and whether the user may write there; remove what ends in .part.",
  });
}
