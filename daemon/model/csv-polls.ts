/**
 * Recorded polls from a CSV file, plain or gzipped: one line per poll, a column per metric. Columns
 * are named as in the metric catalogue, or as in the public test data of heat pumps; `label` is
 * never read.
 */
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { parse } from "csv-parse/sync";
import type { Mode } from "#core/anomaly/operating-row.js";
import { HeatpoolError } from "#core/errors.js";
import { findMetric } from "#core/measurement/metrics.js";
import type { Snapshot } from "#core/measurement/snapshot.js";

/** Columns of test data that are called otherwise in the catalogue. */
const METRIC_OF: Readonly<Record<string, string>> = {
  fan_speed: "fan_speed_percent",
  temp_discharge: "temp_hot_gas",
  pump_speed: "pump_heating",
  mode: "operating_mode",
  // As `heatpool history export` writes it.
  time: "timestamp",
};
/** Codes of the column `mode`. */
const MODES: readonly Mode[] = ["off", "heating", "hot_water", "defrost", "cooling"];
const TIME = "timestamp";
/** No poll has so many readings. */
const LINE_CHARS_MAX = 1_000_000;

/** What the recorded code of the mode means. */
export function recordedMode(code: number): Mode | undefined {
  return MODES[code];
}

/** The polls in the order of the file. @throws HeatpoolError `NOT_FOUND`, `INVALID_ARGUMENT` */
export async function* readPolls(path: string, deviceId: string): AsyncGenerator<Snapshot> {
  let columns: readonly (string | undefined)[] | undefined;
  let number = 0;
  for await (const line of readLines(path)) {
    number++;
    if (line.trim() === "") continue;
    const words = split(line);
    if (columns === undefined) columns = readHead(words, path);
    else yield toSnapshot(columns, words, { deviceId, where: `${path}:${number}` });
  }
}

async function* readLines(path: string): AsyncGenerator<string> {
  const file = createReadStream(path);
  const bytes = path.endsWith(".gz") ? pipeline(file, createGunzip(), () => undefined) : file;
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for await (const chunk of bytes) {
      const lines = `${rest}${decoder.decode(chunk as Buffer, { stream: true })}`.split(/\r?\n/);
      rest = lines.pop() ?? "";
      if (rest.length > LINE_CHARS_MAX)
        throw new HeatpoolError("INVALID_ARGUMENT", `${path}: a line without end`);
      yield* lines;
    }
  } catch (fault) {
    if (fault instanceof HeatpoolError) throw fault;
    throw new HeatpoolError("NOT_FOUND", `${path}: ${String(fault)}`, { cause: fault });
  }
  yield rest;
}

/** Without a quotation mark a comma is a comma. */
function split(line: string): readonly string[] {
  return line.includes('"') ? ((parse(line) as string[][])[0] ?? []) : line.split(",");
}

function readHead(words: readonly string[], path: string): readonly (string | undefined)[] {
  const columns = words.map((word) => {
    const name = word.replace(/^\uFEFF/, "").trim();
    const metric = METRIC_OF[name] ?? name;
    return metric === TIME || findMetric(metric) !== undefined ? metric : undefined;
  });
  if (columns.includes(TIME) && columns.some((one) => one !== TIME && one !== undefined))
    return columns;
  throw new HeatpoolError(
    "INVALID_ARGUMENT",
    `${path}: no column timestamp, or none that is known`,
    {
      hint: "The first line names the columns: timestamp and metrics, as `heatpool read` lists them.",
    },
  );
}

function toSnapshot(
  columns: readonly (string | undefined)[],
  words: readonly string[],
  { deviceId, where }: { deviceId: string; where: string },
): Snapshot {
  const takenAtMs = toMs(words[columns.indexOf(TIME)] ?? "");
  if (!Number.isFinite(takenAtMs)) throw new HeatpoolError("INVALID_ARGUMENT", `${where}: no time`);
  const readings = columns.flatMap((metric, at) => {
    if (metric === undefined || metric === TIME) return [];
    const word = words[at]?.trim() ?? "";
    const value = word === "" ? Number.NaN : Number(word);
    // A COP of 0 says that there is none.
    const isThere = Number.isFinite(value) && !(metric === "cop_current" && value === 0);
    const quality = isThere ? ("good" as const) : ("absent" as const);
    return [{ metric, value: isThere ? value : undefined, quality }];
  });
  return { deviceId, takenAtMs, monotonicMs: takenAtMs, clockSynced: true, readings };
}

/** Without a zone: UTC. */
function toMs(text: string): number {
  const iso = text.trim().replace(" ", "T");
  return Date.parse(/(Z|[+-]\d\d:?\d\d)$/.test(iso) ? iso : `${iso}Z`);
}
