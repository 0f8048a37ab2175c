/**
 * Data sets of the byte and codec benches, and what they become in our vocabulary: a channel table
 * and snapshots. A cell of a data set is an integer of the channel's decimals, so that what comes
 * out of a batch can be compared exactly.
 */
import { existsSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { type ChannelTable, createChannelTable } from "#core/batch/channel-table.js";
import type { Snapshot } from "#core/measurement/snapshot.js";
import type { Channel as DataChannel, Dataset } from "./gen.mjs";
import { METRIC_OF_CHANNEL } from "./gen-metrics.js";

export const STEP_MS = 60_000;
export const DEVICE_ID = "heatpump";

/** A real NIBE F730 over three weeks: github.com/Peccz/nibe_autotuner (271c99e). Never copied. */
const NIBE = new URL("../../shared/ml/heatpump-nibe-f730/events.csv.gz", import.meta.url);
const NIBE_DAYS = 20;
/** What this source says for a reading that failed. */
const NIBE_INVALID = -32_768;

/** The channels of a data set; counters only rise and pass 2^31 one day. */
export function toTable(channels: readonly DataChannel[]): ChannelTable {
  return createChannelTable(
    channels.map(({ name, decimals, kind }) => ({
      metric: metricOf(name),
      encoding: kind === "counter" ? "uint" : "int",
      multiplier: 1,
      decimals,
      kind,
    })),
  );
}

/** The catalogue's name where it has one. */
function metricOf(name: string): string {
  return METRIC_OF_CHANNEL[name] ?? name;
}

/** The value of a present cell; absent: `undefined`. */
export function valueAt(data: Dataset, c: number, row: number): number | undefined {
  const cells = data.present[c];
  if (cells && cells[row] !== 1) return undefined;
  return (data.columns[c]?.[row] ?? 0) / 10 ** (data.channels[c]?.decimals ?? 0);
}

/** The rows as a poll would have yielded them. */
export function toSnapshots(data: Dataset): Snapshot[] {
  return Array.from(data.timesMs, (takenAtMs, row) => ({
    deviceId: DEVICE_ID,
    takenAtMs,
    monotonicMs: takenAtMs,
    clockSynced: true,
    readings: data.channels.map(({ name }, c) => {
      const value = valueAt(data, c, row);
      return {
        metric: metricOf(name),
        value,
        quality: value === undefined ? "read-error" : "good",
      };
    }),
  }));
}

/** Present cells. */
export function countReadings(data: Dataset): number {
  let readings = 0;
  for (const cells of data.present) {
    readings += cells ? cells.reduce((sum, cell) => sum + cell, 0) : data.n;
  }
  return readings;
}

/** The NIBE's events, each held until the next, on a grid of minutes; `undefined` when not here. */
export function readNibe(): Dataset | undefined {
  if (!existsSync(NIBE)) return undefined;
  const lines = gunzipSync(readFileSync(NIBE)).toString("utf8").trim().split("\n").slice(1);
  const events = lines.map((line) => {
    const [at = "", metric = "", text = ""] = line.split(",");
    return { atMs: Date.parse(at.replace(" ", "T")), metric, text, value: Number(text) };
  });
  const metrics = [...new Set(events.map((event) => event.metric))];
  const channels = metrics.map((name) => toNibeChannel(name, events));
  const startMs = Math.ceil((events[0]?.atMs ?? 0) / STEP_MS) * STEP_MS;
  const n = NIBE_DAYS * 1_440;
  const columns = metrics.map(() => new Int32Array(n));
  const present = metrics.map(() => new Uint8Array(n));
  const held = metrics.map((): number | undefined => undefined);
  let next = 0;
  for (let row = 0; row < n; row++) {
    for (let event = events[next]; event !== undefined; event = events[++next]) {
      if (event.atMs > startMs + row * STEP_MS) break;
      const c = metrics.indexOf(event.metric);
      const scale = 10 ** (channels[c]?.decimals ?? 0);
      held[c] = event.value === NIBE_INVALID ? undefined : Math.round(event.value * scale);
    }
    for (const [c, value] of held.entries()) {
      if (value === undefined) continue;
      (columns[c] as Int32Array)[row] = value;
      (present[c] as Uint8Array)[row] = 1;
    }
  }
  const timesMs = Float64Array.from({ length: n }, (_, row) => startMs + row * STEP_MS);
  return { n, timesMs, columns, present, channels };
}

function toNibeChannel(
  name: string,
  events: readonly { metric: string; text: string }[],
): DataChannel {
  const digits = events
    .filter((event) => event.metric === name)
    .map((event) => /\.(\d*?)0*$/.exec(event.text)?.[1]?.length ?? 0);
  const kind = name.startsWith("temp_") ? "fastTemperature" : "state";
  return { name, decimals: Math.max(0, ...digits), kind };
}
