/**
 * Many complete rows at once: score each, then learn it, as `half-space-trees.ts` would one by one,
 * and with the same result to the bit.
 *
 * Between two pivots neither a tree nor what its leaves are worth changes, so a piece of a window
 * goes through one tree after the other: a tree fits the first cache, a forest does not.
 */
import assert from "node:assert";
import { countLearnt } from "./half-space-masses.js";
import { type FeatureThresholds, rankOf, walkRanks } from "./half-space-ranks.js";
import { scaleValue, widenRange } from "./half-space-scaler.js";
import { type GrownTrees, growTrees, type HalfSpaceTrees, toScore } from "./half-space-trees.js";

/** Rows that go through a tree together: with eleven features their ranks fill 11 KB. */
const PIECE_ROWS = 256;

/** Working space of one piece. */
interface Piece {
  /** Rank of each feature of each row as it is scored, and the leaf the row ends at. */
  readonly ranks: Int32Array;
  readonly ends: Int32Array;
  readonly sums: Float64Array;
  /** Rows that widened the range of their scaler: they are learnt with other ranks. */
  readonly widened: number[];
  readonly widenedRanks: Int32Array;
  readonly widenedEnds: Int32Array;
}

/**
 * Scores each row, then learns it.
 *
 * @param rows complete rows one after another, in the order of `trees.columns`
 * @param scores takes one score per row
 */
export function scoreAndLearn(
  trees: HalfSpaceTrees,
  rows: Float64Array,
  scores: Float64Array,
): void {
  assert(scores.length >= rows.length / trees.columns.length, "fewer places than rows");
  passRows(trees, rows, scores);
}

/** Learns rows without telling their scores. */
export function learnRows(trees: HalfSpaceTrees, rows: Float64Array): void {
  passRows(trees, rows, undefined);
}

function passRows(
  trees: HalfSpaceTrees,
  rows: Float64Array,
  scores: Float64Array | undefined,
): void {
  const width = trees.columns.length;
  const count = rows.length / width;
  assert(Number.isInteger(count), `${rows.length} values are not rows of ${width}`);
  if (count === 0) return;
  trees.grown ??= growTrees(trees, rows.subarray(0, width));
  const { grown } = trees;
  const piece = createPiece(grown.places.length);
  for (let done = 0; done < count; ) {
    const { masses } = grown;
    const size = Math.min(PIECE_ROWS, count - done, masses.window - masses.learntInWindow);
    fillPiece(grown, piece, rows.subarray(done * width, (done + size) * width), width);
    piece.sums.fill(0);
    const isScoring = scores !== undefined && masses.isWarm;
    for (let tree = 0; tree < grown.forest.trees; tree++) {
      passTree(grown, tree, piece, { count: size, isScoring });
    }
    for (let row = 0; scores !== undefined && row < size; row++) {
      scores[done + row] = isScoring ? toScore(grown, piece.sums[row] ?? 0) : 0;
    }
    masses.isSummed = false;
    countLearnt(grown.forest, masses, size);
    done += size;
  }
}

function createPiece(features: number): Piece {
  return {
    ranks: new Int32Array(PIECE_ROWS * features),
    ends: new Int32Array(PIECE_ROWS),
    sums: new Float64Array(PIECE_ROWS),
    widened: [],
    widenedRanks: new Int32Array(PIECE_ROWS * features),
    widenedEnds: new Int32Array(PIECE_ROWS),
  };
}

/** Looks every value up; a row that widens its scaler's range is learnt with the wider one. */
function fillPiece(grown: GrownTrees, piece: Piece, rows: Float64Array, width: number): void {
  const { ranks, widened, widenedRanks } = piece;
  const features = grown.places.length;
  widened.length = 0;
  for (let row = 0; row * width < rows.length; row++) {
    const values = row * width;
    rankRow(grown, rows, values, ranks, row * features);
    if (!widenAll(grown, rows, values)) continue;
    rankRow(grown, rows, values, widenedRanks, widened.length * features);
    widened.push(row);
  }
}

/** Writes the ranks of the row whose values begin at `from`. */
function rankRow(
  { places, scaler, ranked }: GrownTrees,
  rows: Float64Array,
  from: number,
  ranks: Int32Array,
  to: number,
): void {
  for (let feature = 0; feature < places.length; feature++) {
    const value = rows[from + (places[feature] as number)] as number;
    const scaled = scaler === undefined ? value : scaleValue(scaler, feature, value);
    ranks[to + feature] = rankOf(ranked.byFeature[feature] as FeatureThresholds, scaled);
  }
}

function widenAll({ places, scaler }: GrownTrees, rows: Float64Array, from: number): boolean {
  if (scaler === undefined) return false;
  let hasWidened = false;
  for (let feature = 0; feature < places.length; feature++) {
    const value = rows[from + (places[feature] as number)] as number;
    if (widenRange(scaler, feature, value)) hasWidened = true;
  }
  return hasWidened;
}

/** Takes all rows of a piece through one tree: scores against the reference, then counts. */
function passTree(
  grown: GrownTrees,
  tree: number,
  piece: Piece,
  { count, isScoring }: { count: number; isScoring: boolean },
): void {
  const { ranks, ends, widened, widenedRanks, widenedEnds } = piece;
  walkRanks(grown, tree, { ranks, ends, count });
  if (isScoring) addLeafSums(grown, tree, piece, count);
  if (widened.length > 0) {
    walkRanks(grown, tree, { ranks: widenedRanks, ends: widenedEnds, count: widened.length });
    for (const [index, row] of widened.entries()) ends[row] = widenedEnds[index] as number;
  }
  const { current } = grown.masses;
  const base = tree * grown.forest.nodes;
  for (let row = 0; row < count; row++) {
    const leaf = base + (ends[row] as number);
    current[leaf] = (current[leaf] as number) + 1;
  }
}

function addLeafSums(
  { forest, masses }: GrownTrees,
  tree: number,
  { ends, sums }: Piece,
  count: number,
): void {
  const { leafSums } = masses;
  const base = tree * (forest.inner + 1) - forest.inner;
  for (let row = 0; row < count; row++) {
    sums[row] = (sums[row] as number) + (leafSums[base + (ends[row] as number)] as number);
  }
}
