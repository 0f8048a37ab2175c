/**
 * Half-space trees: how unusual a row is against the window of rows before it.
 *
 * Scores and nodes are equal to those of river's `HalfSpaceTrees`, to the bit, so that what the
 * earlier pipeline scored can be replayed. A second opinion beside the other detectors and never
 * the reason of an alarm. Learns one stream, row after row: two of them cannot be merged.
 *
 * This file takes rows one at a time, also with values missing; `half-space-batch.ts` takes many
 * complete ones at once and gives the same result.
 */
import assert from "node:assert";
import {
  buildForest,
  type ForestShape,
  type HalfSpaceForest,
  type Limits,
} from "./half-space-forest.js";
import {
  countLearnt,
  createMasses,
  isThin,
  largestSum,
  type Masses,
  sumUp,
} from "./half-space-masses.js";
import { type RankedForest, rankForest } from "./half-space-ranks.js";
import {
  createRangeScaler,
  type RangeScaler,
  scaleValue,
  widenRange,
} from "./half-space-scaler.js";

/** How a forest is made and fed. */
export interface HalfSpaceSettings extends ForestShape {
  /** Rows after which what was learnt becomes the reference. */
  readonly window: number;
  /** Range of a feature's values by its name; [0, 1] where none is given. */
  readonly limits: ReadonlyMap<string, Limits>;
  /** Whether a running minimum and maximum stands in front. */
  readonly isScaled: boolean;
}

/** What river uses when nothing else is said. */
export const HALF_SPACE_DEFAULTS: HalfSpaceSettings = {
  trees: 50,
  height: 6,
  window: 250,
  seed: 42,
  limits: new Map(),
  isScaled: false,
};

/** A row by the columns given at creation; `undefined` = the value is missing. */
export type HalfSpaceRow = ArrayLike<number | undefined>;

/** A forest in use. Learning changes it. */
export interface HalfSpaceTrees {
  readonly settings: HalfSpaceSettings;
  /** Names of a row's columns, in the caller's order. */
  readonly columns: readonly string[];
  /** Made from the first row that is learnt. */
  grown: GrownTrees | undefined;
}

/** What exists once a first row was learnt. */
export interface GrownTrees {
  /** Names the first row had, by Unicode code point; others are ignored from then on. */
  readonly names: readonly string[];
  /** Per name the column it is read from. */
  readonly places: Uint16Array;
  readonly forest: HalfSpaceForest;
  readonly ranked: RankedForest;
  readonly masses: Masses;
  readonly scaler: RangeScaler | undefined;
}

/** Range of a feature without limits of its own. */
export const UNIT: Limits = [0, 1];

/** A forest that has learnt nothing. */
export function createHalfSpaceTrees(
  columns: readonly string[],
  settings: Partial<HalfSpaceSettings> = {},
): HalfSpaceTrees {
  assert(new Set(columns).size === columns.length, "a column has the name of another");
  return { settings: { ...HALF_SPACE_DEFAULTS, ...settings }, columns, grown: undefined };
}

/** From 0 (usual) to 1; 0 as long as no window was learnt. Changes nothing. */
export function scoreRow(trees: HalfSpaceTrees, row: HalfSpaceRow): number {
  const { grown } = trees;
  if (grown === undefined || !grown.masses.isWarm) return 0;
  const values = readRow(grown, row, false);
  const { forest, masses } = grown;
  if (!values.isComplete) sumUp(forest, masses);
  let sum = 0;
  for (let tree = 0; tree < forest.trees; tree++) {
    if (values.isComplete) {
      const leaf = walkTo(forest, tree, values.numbers) - forest.inner;
      sum += masses.leafSums[tree * (forest.inner + 1) + leaf] ?? 0;
    } else {
      sum += sumOfPath(grown, tree, values);
    }
  }
  return toScore(grown, sum);
}

/** Learns one row. */
export function learnRow(trees: HalfSpaceTrees, row: HalfSpaceRow): void {
  trees.grown ??= growTrees(trees, row);
  const { grown } = trees;
  const values = readRow(grown, row, true);
  const { forest, masses } = grown;
  if (!values.isComplete) sumUp(forest, masses);
  else masses.isSummed = false;
  for (let tree = 0; tree < forest.trees; tree++) {
    if (values.isComplete) {
      const leaf = tree * forest.nodes + walkTo(forest, tree, values.numbers);
      masses.current[leaf] = (masses.current[leaf] ?? 0) + 1;
    } else {
      for (const node of pathOf(grown, tree, values)) {
        masses.current[node] = (masses.current[node] ?? 0) + 1;
      }
    }
  }
  countLearnt(forest, masses, 1);
}

/** The sum over all trees as a score. */
export function toScore(grown: GrownTrees, sum: number): number {
  return 1 - sum / largestSum(grown.forest, grown.masses.window);
}

/** Builds the forest for the names that `row` has. */
export function growTrees(trees: HalfSpaceTrees, row: HalfSpaceRow): GrownTrees {
  const { settings, columns } = trees;
  return growFor(
    settings,
    columns,
    columns.filter((_, column) => row[column] !== undefined),
  );
}

/** Builds the forest for names that are known. */
export function growFor(
  settings: HalfSpaceSettings,
  columns: readonly string[],
  known: readonly string[],
): GrownTrees {
  const names = [...known].sort(byCodePoint);
  const limits = names.map((name) => settings.limits.get(name) ?? UNIT);
  const forest = buildForest(settings, limits);
  return {
    names,
    places: Uint16Array.from(names, (name) => columns.indexOf(name)),
    forest,
    ranked: rankForest(forest, names.length),
    masses: createMasses(forest, settings.window),
    scaler: settings.isScaled ? createRangeScaler(names.length) : undefined,
  };
}

/** A row as the forest sees it: its own features, scaled. */
interface RowValues {
  readonly numbers: Float64Array;
  readonly isMissing: Uint8Array;
  readonly isComplete: boolean;
}

function readRow(grown: GrownTrees, row: HalfSpaceRow, isLearning: boolean): RowValues {
  const { places, scaler } = grown;
  const numbers = new Float64Array(places.length);
  const isMissing = new Uint8Array(places.length);
  let isComplete = true;
  for (let feature = 0; feature < places.length; feature++) {
    const value = row[places[feature] ?? 0];
    if (value === undefined) {
      isMissing[feature] = 1;
      isComplete = false;
    } else {
      if (scaler !== undefined && isLearning) widenRange(scaler, feature, value);
      numbers[feature] = scaler === undefined ? value : scaleValue(scaler, feature, value);
    }
  }
  return { numbers, isMissing, isComplete };
}

/** The leaf (its place in the tree) where a complete row ends. */
function walkTo(forest: HalfSpaceForest, tree: number, numbers: Float64Array): number {
  const base = tree * forest.inner;
  let node = 0;
  for (let depth = 0; depth < forest.height; depth++) {
    const value = numbers[forest.features[base + node] ?? 0] ?? 0;
    // What is not a number goes right.
    node = value < (forest.thresholds[base + node] ?? 0) ? 2 * node + 1 : 2 * node + 2;
  }
  return node;
}

/** Places in the masses from root to leaf; where a value is missing, towards more rows. */
function pathOf(grown: GrownTrees, tree: number, row: RowValues): readonly number[] {
  const { forest, masses } = grown;
  const masseBase = tree * forest.nodes;
  const path = [masseBase];
  let node = 0;
  for (let depth = 0; depth < forest.height; depth++) {
    const at = tree * forest.inner + node;
    const feature = forest.features[at] ?? 0;
    const left = 2 * node + 1;
    const isLeft =
      row.isMissing[feature] === 1
        ? (masses.current[masseBase + left] ?? 0) >= (masses.current[masseBase + left + 1] ?? 0)
        : (row.numbers[feature] ?? 0) < (forest.thresholds[at] ?? 0);
    node = isLeft ? left : left + 1;
    path.push(masseBase + node);
  }
  return path;
}

function sumOfPath(grown: GrownTrees, tree: number, row: RowValues): number {
  const { masses } = grown;
  let sum = 0;
  let weight = 1;
  for (const node of pathOf(grown, tree, row)) {
    const count = masses.reference[node] ?? 0;
    sum += count * weight;
    if (isThin(count, masses.window)) return sum;
    weight *= 2;
  }
  return sum;
}

/** The order of Unicode code points, which is not the one of UTF-16 units. */
function byCodePoint(a: string, b: string): number {
  const [left, right] = [[...a], [...b]];
  for (let at = 0; at < Math.min(left.length, right.length); at++) {
    const difference = (left[at]?.codePointAt(0) ?? 0) - (right[at]?.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}
