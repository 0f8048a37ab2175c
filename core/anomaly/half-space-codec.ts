/**
 * Half-space trees as bytes and back. What was decoded scores and learns on to the bit as what was
 * encoded; bytes that are not the whole truth about a forest are refused, whatever is wrong.
 */
import assert from "node:assert";
import { readVarint, VARINT_BYTES_MAX, writeVarint } from "#core/batch/varint.js";
import { HeatpoolError } from "#core/errors.js";
import { forestDigest, type HalfSpaceForest, type Limits } from "./half-space-forest.js";
import { type Masses, sumBranches, weighLeaves } from "./half-space-masses.js";
import type { RangeScaler } from "./half-space-scaler.js";
import {
  HALF_SPACE_FORMAT,
  halfSpaceSchema,
  type WrittenHalfSpaceTrees,
} from "./half-space-schema.js";
import { type GrownTrees, growFor, type HalfSpaceTrees, UNIT } from "./half-space-trees.js";

/** Longest written form that is looked at; the usual one (50 trees of height 6) has 9 KB. */
const BYTES_MAX = 64 * 1024 * 1024;

/** Writes trees that have learnt at least one row. */
export function encodeHalfSpaceTrees(trees: HalfSpaceTrees): Uint8Array {
  const { settings, columns, grown } = trees;
  assert(grown !== undefined, "nothing was learnt, so there is nothing to write");
  const { names, forest, masses, scaler } = grown;
  const written: WrittenHalfSpaceTrees = {
    kind: "half-space-trees",
    format: HALF_SPACE_FORMAT,
    trees: forest.trees,
    height: forest.height,
    window: masses.window,
    seed: settings.seed,
    columns: [...columns],
    names: [...names],
    limits: names.map((name) => [...(settings.limits.get(name) ?? UNIT)]),
    ...(scaler !== undefined && {
      ranges: { minimum: writeFloats(scaler.minimum), maximum: writeFloats(scaler.maximum) },
    }),
    learntInWindow: masses.learntInWindow,
    isWarm: masses.isWarm,
    forestSha256: forestDigest(forest),
    current: writeLeaves(forest, masses.current),
    reference: writeLeaves(forest, masses.reference),
  };
  return new TextEncoder().encode(JSON.stringify(written));
}

/** @throws HeatpoolError `STATE_INVALID` when the bytes are not what `encodeHalfSpaceTrees` wrote */
export function decodeHalfSpaceTrees(bytes: Uint8Array): HalfSpaceTrees {
  const written = readWritten(bytes);
  const limits = new Map<string, Limits>();
  for (const [index, name] of written.names.entries()) {
    const range = written.limits[index];
    if (range === undefined || range[0] > range[1]) throw invalid(`limits of ${name}`);
    limits.set(name, range);
  }
  const settings = {
    trees: written.trees,
    height: written.height,
    window: written.window,
    seed: written.seed,
    limits,
    isScaled: written.ranges !== undefined,
  };
  const { columns } = written;
  const grown = growAgain(() => growFor(settings, columns, written.names));
  checkNames(written, grown);
  readMasses(written, grown);
  if (grown.scaler !== undefined) readRanges(written, grown.scaler);
  return { settings, columns, grown };
}

function readWritten(bytes: Uint8Array): WrittenHalfSpaceTrees {
  if (bytes.length > BYTES_MAX) throw invalid(`${bytes.length} bytes, at most ${BYTES_MAX}`);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw invalid("not JSON", cause);
  }
  const checked = halfSpaceSchema.safeParse(value);
  if (checked.success) return checked.data;
  const faults = checked.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  throw invalid(faults.join("; "));
}

/** Shape and limits that pass the schema one by one may still be too much together. */
function growAgain(grow: () => GrownTrees): GrownTrees {
  try {
    return grow();
  } catch (cause) {
    throw invalid(cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function checkNames(written: WrittenHalfSpaceTrees, grown: GrownTrees): void {
  const { names, columns } = written;
  if (written.limits.length !== names.length) throw invalid("limits are not one per name");
  if (new Set(columns).size !== columns.length) throw invalid("two columns of one name");
  if (new Set(names).size !== names.length) throw invalid("a name stands twice");
  if (names.some((name) => !columns.includes(name))) throw invalid("a name without a column");
  if (names.some((name, at) => name !== grown.names[at])) throw invalid("names are not sorted");
  if (forestDigest(grown.forest) !== written.forestSha256) {
    throw invalid("the forest that seed and limits give is not the one that was written");
  }
}

function readMasses(written: WrittenHalfSpaceTrees, { forest, masses }: GrownTrees): void {
  const { learntInWindow, isWarm, window } = written;
  if (learntInWindow >= window) throw invalid(`${learntInWindow} rows in a window of ${window}`);
  readLeaves(written.current, forest, masses.current, learntInWindow);
  readLeaves(written.reference, forest, masses.reference, isWarm ? window : 0);
  masses.learntInWindow = learntInWindow;
  masses.isWarm = isWarm;
  weighLeaves(forest, masses satisfies Masses);
}

/** Each learnt row ends at one leaf of each tree, so every tree has to tell the same sum. */
function readLeaves(text: string, forest: HalfSpaceForest, counts: Int32Array, rows: number): void {
  const from = { bytes: Buffer.from(text, "base64"), at: 0 };
  for (let tree = 0; tree < forest.trees; tree++) {
    let sum = 0;
    for (let node = forest.inner; node < forest.nodes; node++) {
      const count = readCount(from);
      counts[tree * forest.nodes + node] = count;
      sum += count;
    }
    if (sum !== rows) throw invalid(`tree ${tree} counts ${sum} rows, not ${rows}`);
  }
  if (from.at !== from.bytes.length) throw invalid("counts of more leaves than there are");
  sumBranches(forest, counts);
}

function readCount(from: { bytes: Uint8Array; at: number }): number {
  try {
    return readVarint(from);
  } catch (cause) {
    throw invalid("counts of leaves are cut off or malformed", cause);
  }
}

function writeLeaves(forest: HalfSpaceForest, counts: Int32Array): string {
  const bytes = new Uint8Array(forest.trees * (forest.inner + 1) * VARINT_BYTES_MAX);
  let at = 0;
  for (let tree = 0; tree < forest.trees; tree++) {
    for (let node = forest.inner; node < forest.nodes; node++) {
      at = writeVarint(bytes, at, counts[tree * forest.nodes + node] ?? 0);
    }
  }
  return Buffer.from(bytes.subarray(0, at)).toString("base64");
}

function writeFloats(values: Float64Array): string {
  const bytes = Buffer.alloc(values.length * 8);
  for (const [index, value] of values.entries()) bytes.writeDoubleLE(value, index * 8);
  return bytes.toString("base64");
}

function readRanges(written: WrittenHalfSpaceTrees, scaler: RangeScaler): void {
  const minimum = Buffer.from(written.ranges?.minimum ?? "", "base64");
  const maximum = Buffer.from(written.ranges?.maximum ?? "", "base64");
  const bytes = scaler.minimum.length * 8;
  if (minimum.length !== bytes || maximum.length !== bytes) throw invalid("ranges of other names");
  for (let at = 0; at < scaler.minimum.length; at++) {
    scaler.minimum[at] = minimum.readDoubleLE(at * 8);
    scaler.maximum[at] = maximum.readDoubleLE(at * 8);
    if (Number.isNaN(scaler.minimum[at]) || Number.isNaN(scaler.maximum[at])) {
      throw invalid("a range that is not a number");
    }
  }
}

function invalid(what: string, cause?: unknown): HeatpoolError {
  return new HeatpoolError("STATE_INVALID", `half-space trees: ${what}`, { cause });
}
