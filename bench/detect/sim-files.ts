/** The simulated fleet: which files, which channels, which events. */
import { readFileSync } from "node:fs";
import { z } from "zod";
import type { ChannelId } from "#core/anomaly/channel.js";
import type { CellGrid } from "#core/anomaly/grid.js";
import { HeatpoolError } from "#core/errors.js";
import { toMs } from "./csv-table.js";
import type { FaultEvent } from "./episodes.js";
import { readHeatPump } from "./heat-pump-file.js";

/** What the product is judged with, and what a machine without refrigerant sensors leaves. */
export const FULL: readonly ChannelId[] = [
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
export const REDUCED: readonly ChannelId[] = ["outdoor", "flow", "return", "tank", "power", "cop"];

const manifestSchema = z.object({
  train: z.array(z.string()).min(1),
  test: z.array(
    z.object({
      file: z.string(),
      events: z.array(z.object({ fault: z.string(), start: time(), end: time() })),
    }),
  ),
});

function time() {
  return z
    .string()
    .transform(toMs)
    .refine((atMs) => Number.isFinite(atMs), "is no time");
}

/** Healthy machines to learn from, others with known faults. */
export interface SimFiles {
  readonly train: readonly string[];
  readonly test: readonly { readonly file: string; readonly events: readonly FaultEvent[] }[];
}

const folderOf = (data: string) => `${data}/hp-sim-dev`;

/** What the manifest in `data` says. */
export function readManifest(data: string): SimFiles {
  const { train, test } = parseManifest(`${folderOf(data)}/manifest.json`);
  return {
    train,
    test: test.map(({ file, events }) => ({
      file,
      events: events.map(({ start, end, ...event }) => ({
        ...event,
        startMs: start,
        endMs: end,
      })),
    })),
  };
}

function parseManifest(path: string) {
  try {
    return manifestSchema.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch (cause) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause) : String(cause);
    throw new HeatpoolError("INVALID_ARGUMENT", `${path}: ${why}`, { cause });
  }
}

/** A file's cells, with these channels only. */
export function readSim(data: string, file: string, keep: readonly ChannelId[]): CellGrid {
  return readHeatPump(`${folderOf(data)}/${file}`, (channel) => keep.some((id) => id === channel));
}
