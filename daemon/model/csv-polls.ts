/**
 * Recorded polls from a CSV file, plain or gzipped: one line per poll, a column per metric. Columns
 * are named as in the metric catalogue, or as in the public test data of heat pumps; `label` is
 * never read. Codes of `operating_mode` are the device's own, of `mode` those of the test data.
 */
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { parse } from "csv-parse/sync";
import type { ModeOf } from "#core/anomaly/machine-readings.js";
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
const DEVICE = "device";
const MODE = "operating_mode";
/** No poll has so many readings. */
const LINE_CHARS_MAX = 1_000_000;

/** Recorded polls of one device. */
export interface RecordedPolls {
  readonly polls: AsyncGenerator<Snapshot>;
  /** What codes of the mode mean in this file. */
  readonly modeOf: ModeOf;
}

/** What is looked for in a file. */
interface Wanted {
  readonly path: string;
  /** Name that the polls are given. */
  readonly deviceId: string;
  /** Name in the column `device`; left out: the file is about one. */
  readonly recordedDevice?: string | undefined;
}

/** The polls in the order of the file. @throws HeatpoolError `NOT_FOUND`, `INVALID_ARGUMENT` */
export async function openPolls(wanted: Wanted): Promise<RecordedPolls> {
  const { path } = wanted;
  const lines = readLines(path);
  for (let first = await lines.next(); first.done !== true; first = await lines.next()) {
    if (first.value.text.trim() === "") continue;
    const head = split(first.value, path).map((word) => word.replace(/^\uFEFF/, "").trim());
    const columns = readHead(head, path);
    const modeOf = head.includes("mode") ? (code: number) => MODES[code] : () => undefined;
    return { polls: readPolls(lines, columns, wanted), modeOf };
  }
  throw new HeatpoolError("INVALID_ARGUMENT", `${path}: no line that names the columns`);
}

interface Line {
  readonly text: string;
  readonly number: number;
}
type Lines = AsyncGenerator<Line>;

async function* readPolls(
  lines: Lines,
  columns: readonly (string | undefined)[],
  { path, deviceId, recordedDevice }: Wanted,
): AsyncGenerator<Snapshot> {
  const deviceAt = columns.indexOf(DEVICE);
  let known = recordedDevice;
  for await (const line of lines) {
    const { text, number } = line;
    if (text.trim() === "") continue;
    const words = split(line, path);
    const device = deviceAt < 0 ? undefined : words[deviceAt]?.trim();
    known ??= device;
    if (device === known || deviceAt < 0)
      yield toSnapshot(columns, words, { deviceId, where: `${path}:${number}` });
    else if (recordedDevice === undefined)
      throw new HeatpoolError("USAGE", `${path}:${number}: is about ${known} and ${device}`, {
        hint: "Choose one of them with --device.",
      });
  }
}

async function* readLines(path: string): Lines {
  const file = createReadStream(path);
  const bytes = path.endsWith(".gz") ? pipeline(file, createGunzip(), () => undefined) : file;
  const decoder = new TextDecoder();
  let rest = "";
  let number = 0;
  try {
    for await (const chunk of bytes) {
      const lines = `${rest}${decoder.decode(chunk as Buffer, { stream: true })}`.split(/\r?\n/);
      rest = lines.pop() ?? "";
      if (rest.length > LINE_CHARS_MAX)
        throw new HeatpoolError("INVALID_ARGUMENT", `${path}: a line without end`);
      for (const text of lines) yield { text, number: ++number };
    }
  } catch (fault) {
    if (fault instanceof HeatpoolError) throw fault;
    const why = fault instanceof Error ? fault.message : String(fault);
    throw new HeatpoolError("NOT_FOUND", `${path} cannot be read: ${why}`, { cause: fault });
  }
  yield { text: rest, number: ++number };
}

/** Without a quotation mark a comma is a comma. @throws HeatpoolError `INVALID_ARGUMENT` */
function split({ text, number }: Line, path: string): readonly string[] {
  if (!text.includes('"')) return text.split(",");
  try {
    return (parse(text) as string[][])[0] ?? [];
  } catch (cause) {
    throw new HeatpoolError("INVALID_ARGUMENT", `${path}:${number}: ${(cause as Error).message}`, {
      cause,
      hint: "Quotation marks come in pairs, around a whole cell.",
    });
  }
}

function readHead(names: readonly string[], path: string): readonly (string | undefined)[] {
  const hasMode = names.includes("mode");
  const columns = names.map((name) => {
    const metric = METRIC_OF[name] ?? name;
    if (name === MODE && hasMode) return undefined;
    return metric === TIME || metric === DEVICE || findMetric(metric) !== undefined
      ? metric
      : undefined;
  });
  const isMetric = (one: string | undefined) => one !== undefined && one !== TIME && one !== DEVICE;
  if (columns.includes(TIME) && columns.some(isMetric)) return columns;
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
  const time = words[columns.indexOf(TIME)] ?? "";
  const takenAtMs = toMs(time);
  if (!Number.isFinite(takenAtMs))
    throw new HeatpoolError("INVALID_ARGUMENT", `${where}: ${JSON.stringify(time)} is no time`, {
      hint: "Times look like 2026-01-31T12:00:00Z; without a zone they are UTC.",
    });
  const readings = columns.flatMap((metric, at) => {
    if (metric === undefined || metric === TIME || metric === DEVICE) return [];
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
