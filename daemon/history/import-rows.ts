/**
 * Values of an earlier logger as rows: names become catalogue metrics, what is not a number or not
 * plausible is passed over with its place. Pure; `csv-history.ts` and `victoria-export.ts` read.
 */
import { findMetric } from "#core/measurement/metrics.js";
import type { HistoryRow } from "./history.js";

/** How the other side's names become ours. */
export interface NameRules {
  /** Their name → our metric. */
  readonly names: ReadonlyMap<string, string>;
}

/** Rows, and what was passed over. */
export interface ImportedPart {
  readonly rows: readonly HistoryRow[];
  readonly metrics: readonly string[];
  readonly faults: readonly ImportFault[];
}

/** Something that could not be taken. */
export interface ImportFault {
  /** `line 12`, `temp_flow at 2024-01-01T00:00:00.000Z` */
  readonly place: string;
  readonly why: string;
}

/** Beginnings that earlier loggers put before the name. */
const PREFIXES = ["heatpump_metrics_", "heatpump_"];
/** Seconds since 1970 stay below until the year 5138; milliseconds are above since 1973. */
const SECONDS_MAX = 1e11;

/** The metric that a name stands for; `undefined`: none that we know. */
export function toMetric(name: string, { names }: NameRules): string | undefined {
  const plain = name.trim();
  const prefix = PREFIXES.find((one) => plain.startsWith(one)) ?? "";
  const metric = names.get(plain) ?? plain.slice(prefix.length);
  return findMetric(metric)?.id;
}

/** A value, or why it is none. */
export function readImported(metric: string, given: unknown): number | string {
  const text = String(given).trim().toLowerCase();
  const value = text === "true" ? 1 : text === "false" ? 0 : Number(text);
  if (text === "" || !Number.isFinite(value)) return `${metric}: ${text.slice(0, 40)} is no number`;
  const known = findMetric(metric);
  if (known === undefined) return `${metric}: not in the catalogue`;
  const isPlausible = value >= known.min && value <= known.max;
  return isPlausible ? value : `${metric}: ${value} is outside ${known.min} to ${known.max}`;
}

/** Unix milliseconds of a time as loggers write it; `undefined`: it is none. */
export function readInstant(text: string): number | undefined {
  const trimmed = text.trim();
  const number = /^\d+(\.\d+)?$/.test(trimmed) ? Number(trimmed) : undefined;
  if (number !== undefined) return number < SECONDS_MAX ? number * 1000 : number;
  const atMs = Date.parse(trimmed);
  return Number.isFinite(atMs) ? atMs : undefined;
}
