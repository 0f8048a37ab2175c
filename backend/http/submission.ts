/**
 * The body of a submission: which installation, and its records as snapshots of numbers.
 *
 * Two forms are read, the contract's (`{timestamp, <metric>: value}`) and the one that clients in
 * the field send (`{timestamp, heatpumps: [{id, manufacturer, model, values: {…}}]}`). What the
 * metric catalogue does not know, and what it calls impossible, is left out; a body of the wrong
 * shape is refused whole, so that nothing of it is stored.
 */
import { createHash } from "node:crypto";
import type { Metric } from "#core/measurement/metrics.js";
import { readUuid } from "#core/uuid.js";
import { type Fault, refuseFaults } from "./answers.js";
import { readModel, withoutPrefix } from "./names.js";

/** What one record says about one heat pump. */
export interface SubmittedSnapshot {
  /** Which record of the body. */
  readonly record: number;
  readonly deviceId: string;
  readonly heatpumpModel: string;
  readonly takenAtMs: number;
  /** In the units of the catalogue. */
  readonly values: ReadonlyMap<string, number>;
}

/** A body that has the right shape. */
export interface Submission {
  /** Lower-case UUID; `undefined`: not said. */
  readonly installationId: string | undefined;
  readonly version: string;
  readonly records: number;
  readonly snapshots: readonly SubmittedSnapshot[];
}

/** Looks up metrics; those that say nothing without a profile are not found. */
type FindMetric = (id: string) => Metric | undefined;

/** A week of minutes. */
const RECORDS_MAX = 10_080;
const HEATPUMPS_MAX = 16;
const FIELDS_MAX = 1_024;
const VERSION_CHARS_MAX = 32;
/** Of a device that is not named. */
const ONLY_DEVICE = "heatpump";
/** 1973 to 5138 in seconds; milliseconds of our time are beyond it. */
const SECONDS_MIN = 1e8;
const SECONDS_MAX = 1e11;

type Json = Readonly<Record<string, unknown>>;
type Loc = readonly (string | number)[];

/** @throws Refusal 422, naming what is wrong and where */
export function parseSubmission(body: unknown, findMetric: FindMetric): Submission {
  const reading: Reading = { faults: [], findMetric };
  if (!isObject(body)) refuseFaults([fault(["body"], "an object is wanted", "dict_type")]);
  const installationId = readId(reading, body);
  const model = readModelField(reading, body.heatpump_model, ["body", "heatpump_model"]);
  const version = readVersion(reading, body.version);
  const { data } = body;
  if (!Array.isArray(data)) {
    const isMissing = data === undefined;
    const what = isMissing ? "Field required" : "a list is wanted";
    reading.faults.push(fault(["body", "data"], what, isMissing ? "missing" : "list_type"));
  } else if (data.length > RECORDS_MAX) {
    const what = `${data.length} records, at most ${RECORDS_MAX}`;
    reading.faults.push(fault(["body", "data"], what, "too_long"));
  }
  if (reading.faults.length > 0) refuseFaults(reading.faults);
  const records = data as readonly unknown[];
  const snapshots = records.flatMap((one, index) => readRecord(reading, one, index, model));
  if (reading.faults.length > 0) refuseFaults(reading.faults);
  return { installationId, version, records: records.length, snapshots };
}

/** What is collected while a body is read. */
interface Reading {
  readonly faults: Fault[];
  readonly findMetric: FindMetric;
}

function readId({ faults }: Reading, body: Json): string | undefined {
  const value = body.installation_id;
  if (value === undefined || value === null) return undefined;
  const id = typeof value === "string" ? readUuid(value) : undefined;
  if (id === undefined) {
    faults.push(fault(["body", "installation_id"], "a UUID is wanted", "uuid_parsing"));
  }
  return id;
}

function readVersion({ faults }: Reading, value: unknown): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "string" && value.length <= VERSION_CHARS_MAX) {
    return value.replace(/[^\w.+-]/g, "");
  }
  const what = `a text of at most ${VERSION_CHARS_MAX} characters is wanted`;
  faults.push(fault(["body", "version"], what, "string_type"));
  return "";
}

function readModelField({ faults }: Reading, value: unknown, loc: Loc): string {
  if (value === undefined || value === null) return "";
  const model = typeof value === "string" ? readModel(value) : undefined;
  if (model === undefined) faults.push(fault(loc, "no heat pump model's name", "string_pattern"));
  return model ?? "";
}

function readRecord(
  reading: Reading,
  record: unknown,
  index: number,
  model: string,
): SubmittedSnapshot[] {
  const loc = ["body", "data", index];
  if (!isObject(record)) {
    reading.faults.push(fault(loc, "an object is wanted", "dict_type"));
    return [];
  }
  const takenAtMs = readTime(reading, record.timestamp, [...loc, "timestamp"]);
  const { heatpumps } = record;
  if (heatpumps === undefined) {
    const values = readValues(reading, record, loc);
    return [{ record: index, deviceId: ONLY_DEVICE, heatpumpModel: model, takenAtMs, values }];
  }
  if (!Array.isArray(heatpumps) || heatpumps.length > HEATPUMPS_MAX) {
    const what = `a list of at most ${HEATPUMPS_MAX} heat pumps is wanted`;
    reading.faults.push(fault([...loc, "heatpumps"], what, "list_type"));
    return [];
  }
  return heatpumps.flatMap((one, place) => {
    const at = [...loc, "heatpumps", place];
    const found = readHeatpump(reading, one, at, model);
    return found === undefined ? [] : [{ record: index, takenAtMs, ...found }];
  });
}

function readHeatpump(
  reading: Reading,
  heatpump: unknown,
  loc: Loc,
  model: string,
): Pick<SubmittedSnapshot, "deviceId" | "heatpumpModel" | "values"> | undefined {
  if (!isObject(heatpump) || !isObject(heatpump.values)) {
    const what = "an object with an object `values` is wanted";
    reading.faults.push(fault(loc, what, "dict_type"));
    return undefined;
  }
  const own = readModelField(reading, heatpump.model, [...loc, "model"]);
  return {
    deviceId: toDeviceId(heatpump.id),
    heatpumpModel: own === "" ? model : own,
    values: readValues(reading, heatpump.values, [...loc, "values"]),
  };
}

/** What a client calls its device may be a name or an address, so only a hash of it is kept. */
function toDeviceId(id: unknown): string {
  if (typeof id !== "string" && typeof id !== "number") return ONLY_DEVICE;
  const hash = createHash("sha256").update(`heatpool-http-device\0${id}`).digest("hex");
  return `${ONLY_DEVICE}-${hash.slice(0, 12)}`;
}

/** Seconds, with a fraction. */
function readTime({ faults }: Reading, value: unknown, loc: Loc): number {
  if (typeof value !== "number" || !Number.isFinite(value)) {
    const type = value === undefined ? "missing" : "float_type";
    faults.push(fault(loc, value === undefined ? "Field required" : "seconds are wanted", type));
    return 0;
  }
  if (value < SECONDS_MIN || value >= SECONDS_MAX) {
    const what = `${value} is no time in seconds since 1970`;
    faults.push(fault(loc, what, "value_error"));
    return 0;
  }
  return Math.round(value * 1000);
}

function readValues(reading: Reading, fields: Json, loc: Loc): ReadonlyMap<string, number> {
  const values = new Map<string, number>();
  const entries = Object.entries(fields);
  if (entries.length > FIELDS_MAX) {
    reading.faults.push(fault(loc, `more than ${FIELDS_MAX} fields`, "too_long"));
    return values;
  }
  for (const [name, field] of entries) {
    const metric = reading.findMetric(withoutPrefix(name));
    if (metric === undefined || field === null) continue;
    const value = typeof field === "boolean" ? Number(field) : field;
    if (typeof value !== "number") {
      reading.faults.push(fault([...loc, name], "a number or boolean is wanted", "float_type"));
    } else if (value >= metric.min && value <= metric.max) {
      values.set(metric.id, value);
    }
  }
  return values;
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function fault(loc: Loc, msg: string, type: string): Fault {
  return { loc, msg, type };
}
