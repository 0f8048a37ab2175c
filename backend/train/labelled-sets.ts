/**
 * Recordings of machines with known faults, which an operator has put into a folder: candidates are
 * tried on them, and none that finds less there than the published model is let through. They are
 * never learnt from.
 *
 * The folder, or each of its subfolders, holds a `manifest.json` and the files that it names.
 */
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { CELL_SECONDS } from "#core/anomaly/channel.js";
import type { CellGrid } from "#core/anomaly/grid.js";
import { HeatpoolError } from "#core/errors.js";
import { readRecording } from "./csv-recording.js";
import { parseManifest } from "./labelled-sets-schema.js";

/** Something that really happened, in cells. */
export interface LabelledEvent {
  readonly fault: string;
  readonly start: number;
  readonly end: number;
}

/** One machine's recording. */
export interface LabelledMachine {
  readonly grid: CellGrid;
  readonly events: readonly LabelledEvent[];
}

/** All that a candidate is tried on. */
export interface LabelledSets {
  /** SHA-256 over the files: another recording is another input. */
  readonly hash: string;
  readonly sets: readonly {
    /** Left out: for every heat pump model. */
    readonly heatpumpModel?: string | undefined;
    readonly machines: readonly LabelledMachine[];
  }[];
}

const MANIFEST = "manifest.json";
const CELL_MS = CELL_SECONDS * 1_000;

/** @throws HeatpoolError `CONFIG_INVALID` naming the file that cannot be used */
export async function readLabelledSets(folder: string): Promise<LabelledSets> {
  const hash = createHash("sha256");
  const sets: LabelledSets["sets"][number][] = [];
  for (const place of await foldersIn(folder)) {
    const path = join(place, MANIFEST);
    const bytes = await read(path);
    hash.update(bytes);
    const { heatpumpModel, mode, test } = await told(path, () =>
      parseManifest(bytes.toString("utf8")),
    );
    const machines: LabelledMachine[] = [];
    for (const { file, events } of test) {
      const recording = await read(join(place, file));
      hash.update(recording);
      const grid = await told(join(place, file), () => readRecording(recording, mode));
      machines.push({ grid, events: events.map(toCells) });
    }
    sets.push({ heatpumpModel, machines });
  }
  return { hash: hash.digest("hex"), sets };
}

/** The recordings that count for a heat pump model. */
export function labelledFor(
  { sets }: LabelledSets,
  heatpumpModel: string,
): readonly LabelledMachine[] {
  return sets
    .filter((set) => set.heatpumpModel === undefined || set.heatpumpModel === heatpumpModel)
    .flatMap(({ machines }) => machines);
}

function toCells({ fault, start, end }: { fault: string; start: number; end: number }) {
  return { fault, start: Math.floor(start / CELL_MS), end: Math.ceil(end / CELL_MS) };
}

async function foldersIn(folder: string): Promise<readonly string[]> {
  const entries = await told(folder, () => readdir(folder, { withFileTypes: true }));
  if (entries.some(({ name }) => name === MANIFEST)) return [folder];
  const below = entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(folder, name));
  const found: string[] = [];
  for (const place of below.sort())
    if ((await readdir(place)).includes(MANIFEST)) found.push(place);
  if (found.length > 0) return found;
  throw new HeatpoolError("CONFIG_INVALID", `${folder}: no ${MANIFEST} in it or below`, {
    hint: "training.labelledSets names a folder with labelled recordings; leave it out for none.",
  });
}

const read = async (path: string): Promise<Buffer> => await told(path, () => readFile(path));

/** Says which file it was. */
async function told<T>(path: string, make: () => T | Promise<T>): Promise<T> {
  try {
    return await make();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new HeatpoolError("CONFIG_INVALID", `labelled recordings: ${path}: ${why}`, { cause });
  }
}
