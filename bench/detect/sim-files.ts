/** The simulated fleet: which files, which channels, which events. */
import { readFileSync } from "node:fs";
import type { ChannelId } from "#core/anomaly/channel.js";
import type { CellGrid } from "#core/anomaly/grid.js";
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

interface Manifest {
  readonly train: readonly string[];
  readonly test: readonly {
    readonly file: string;
    readonly events: readonly {
      readonly fault: string;
      readonly severity: number;
      readonly start: string;
      readonly end: string;
    }[];
  }[];
}

/** Healthy machines to learn from, others with known faults. */
export interface SimFiles {
  readonly train: readonly string[];
  readonly test: readonly { readonly file: string; readonly events: readonly FaultEvent[] }[];
}

const folderOf = (data: string) => `${data}/hp-sim-dev`;

/** What the manifest in `data` says. */
export function readManifest(data: string): SimFiles {
  const text = readFileSync(`${folderOf(data)}/manifest.json`, "utf8");
  const { train, test } = JSON.parse(text) as Manifest;
  const toMs = (time: string) => Date.parse(time.replace(" ", "T"));
  return {
    train,
    test: test.map(({ file, events }) => ({
      file,
      events: events.map(({ fault, start, end, severity }) => ({
        fault: `${fault}`,
        severity,
        startMs: toMs(start),
        endMs: toMs(end),
      })),
    })),
  };
}

/** A file's cells, with these channels only. */
export function readSim(data: string, file: string, keep: readonly ChannelId[]): CellGrid {
  return readHeatPump(`${folderOf(data)}/${file}`, (channel) => keep.some((id) => id === channel));
}
