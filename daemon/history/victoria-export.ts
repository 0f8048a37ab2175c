/**
 * The history of an earlier logger from its VictoriaMetrics, a day at a time: `/api/v1/export` gives
 * raw samples as JSON lines, one series or part of one each.
 *
 * Source: VictoriaMetrics documentation, "How to export data in JSON line format"; with
 * `reduce_mem_usage` a line holds one block of at most 8,192 samples.
 */
import { HeatpoolError } from "#core/errors.js";
import type { HistoryRow, TimeRange } from "./history.js";
import {
  type ImportedPart,
  type ImportFault,
  type NameRules,
  readImported,
  toMetric,
} from "./import-rows.js";

const DAY_MS = 86_400_000;
const LINE_CHARS_MAX = 4 * 1024 * 1024;
/** Samples of one day: a metric each second, sixteen of them. */
const SAMPLES_MAX = 1_500_000;

/** What is asked for. */
export interface VictoriaQuestion extends NameRules {
  /** `http://127.0.0.1:8428` */
  readonly url: string;
  /** Series selector, e.g. `{__name__=~"heatpump_.*"}` */
  readonly match: string;
  readonly range: TimeRange;
}

interface ExportLine {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly unknown[];
  readonly timestamps: readonly number[];
}

/** @throws HeatpoolError `UNAVAILABLE`, `PROTOCOL` */
export async function* readVictoriaExport(
  question: VictoriaQuestion,
): AsyncGenerator<ImportedPart> {
  const { range } = question;
  for (let fromMs = range.fromMs; fromMs < range.toMs; fromMs += DAY_MS) {
    yield await readDay(question, { fromMs, toMs: Math.min(range.toMs, fromMs + DAY_MS) });
  }
}

async function readDay(question: VictoriaQuestion, day: TimeRange): Promise<ImportedPart> {
  const rows = new Map<number, Map<string, number>>();
  const metrics = new Set<string>();
  const faults: ImportFault[] = [];
  let samples = 0;
  for await (const { metric: labels, values, timestamps } of readLines(question, day)) {
    const metric = toMetric(labels.__name__ ?? "", question);
    if (metric === undefined) continue;
    samples += values.length;
    if (samples > SAMPLES_MAX) {
      throw new HeatpoolError("PROTOCOL", `more than ${SAMPLES_MAX} samples in a day`, {
        hint: "Choose one heat pump with --match.",
      });
    }
    metrics.add(metric);
    for (const [k, given] of values.entries()) {
      const atMs = timestamps[k] ?? Number.NaN;
      // A series that ended has NaN, which JSON writes as null.
      if (given === null || !Number.isFinite(atMs)) continue;
      const value = readImported(metric, given);
      if (typeof value === "string") {
        faults.push({ place: new Date(atMs).toISOString(), why: value });
        continue;
      }
      const row = rows.get(atMs) ?? new Map<string, number>();
      if (!row.has(metric)) row.set(metric, value);
      rows.set(atMs, row);
    }
  }
  const all: HistoryRow[] = Array.from(rows, ([atMs, values]) => ({ atMs, values }));
  return { rows: all, metrics: [...metrics], faults };
}

async function* readLines(
  { url, match }: VictoriaQuestion,
  { fromMs, toMs }: TimeRange,
): AsyncGenerator<ExportLine> {
  const query = new URLSearchParams({
    "match[]": match,
    start: String(fromMs / 1000),
    // Both ends are part of the answer.
    end: String((toMs - 1) / 1000),
    reduce_mem_usage: "1",
  });
  const at = `${url.replace(/\/$/, "")}/api/v1/export`;
  const answer = await fetch(`${at}?${query.toString()}`).catch((cause: unknown) => {
    throw new HeatpoolError("UNAVAILABLE", `${at}: no answer`, { cause });
  });
  if (!answer.ok || answer.body === null) {
    throw new HeatpoolError("UNAVAILABLE", `${at}: answered ${answer.status}`, {
      hint: "The selector may be wrong; try it in vmui.",
    });
  }
  let text = "";
  for await (const part of answer.body.pipeThrough(new TextDecoderStream())) {
    text += part;
    const lines = text.split("\n");
    text = lines.pop() ?? "";
    if (text.length > LINE_CHARS_MAX) throw new HeatpoolError("PROTOCOL", `${at}: line too long`);
    for (const line of lines) if (line !== "") yield parseLine(line, at);
  }
  if (text !== "") yield parseLine(text, at);
}

function parseLine(line: string, at: string): ExportLine {
  try {
    const { metric, values, timestamps } = JSON.parse(line) as ExportLine;
    if (Array.isArray(values) && Array.isArray(timestamps) && typeof metric === "object") {
      return { metric, values, timestamps };
    }
  } catch {
    // Told below.
  }
  throw new HeatpoolError("PROTOCOL", `${at}: ${line.slice(0, 60)} is no exported series`);
}
