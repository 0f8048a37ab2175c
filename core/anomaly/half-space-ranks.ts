/**
 * A half-space forest in whole numbers: instead of comparing a value with 3,150 thresholds, it is
 * once looked up among the sorted thresholds of its feature, and the walks compare ranks.
 *
 * Exact: value < threshold holds if and only if the number of thresholds not above the value is at
 * most the number of thresholds below this one. Subtracting whole numbers and taking the sign
 * needs no branch, and it is mispredicted branches that a walk through random trees spends its
 * time on.
 */
import type { HalfSpaceForest } from "./half-space-forest.js";

/** What the walks need. */
export interface RankedForest {
  /** How many features a row has. */
  readonly features: number;
  readonly byFeature: readonly FeatureThresholds[];
  /** Per branch: feature << FEATURE_SHIFT | number of its feature's thresholds below this one. */
  readonly branches: Int32Array;
}

/** Where a value stands among one feature's thresholds. */
export interface FeatureThresholds {
  /** Those of all trees, rising. */
  readonly thresholds: Float64Array;
  /** The range of the thresholds is cut into equal buckets: where it begins, and buckets per unit. */
  readonly low: number;
  readonly perUnit: number;
  /** Per bucket the number of thresholds in the buckets before it. */
  readonly starts: Int32Array;
}

/** With 50 trees of eleven features there are about as many thresholds: a step or two are left. */
const BUCKETS = 512;
/** Above it the feature's number (8 bits), below it a rank: a forest has at most 2^22 branches. */
const FEATURE_SHIFT = 23;
const RANK_MASK = 2 ** FEATURE_SHIFT - 1;

/** Looks up each branch's threshold among those of its feature. */
export function rankForest(forest: HalfSpaceForest, featureCount: number): RankedForest {
  const thresholds = Array.from({ length: featureCount }, (_, feature) =>
    forest.thresholds.filter((_, branch) => forest.features[branch] === feature).sort(),
  );
  const branches = Int32Array.from(forest.features, (feature, branch) => {
    const below = countBelow(thresholds[feature] ?? NONE, forest.thresholds[branch] ?? 0);
    return (feature << FEATURE_SHIFT) | below;
  });
  return { features: featureCount, byFeature: thresholds.map(indexThresholds), branches };
}

const NONE = new Float64Array(0);

/** How many of the rising `thresholds` are below `limit`. */
function countBelow(thresholds: Float64Array, limit: number): number {
  let [low, high] = [0, thresholds.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((thresholds[middle] ?? 0) < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A feature's thresholds with an index to begin the search at. */
function indexThresholds(thresholds: Float64Array): FeatureThresholds {
  const low = thresholds[0] ?? 0;
  const width = (thresholds.at(-1) ?? 0) - low;
  const perUnit = BUCKETS / width < Number.MAX_VALUE ? BUCKETS / width : 0;
  const starts = new Int32Array(BUCKETS + 1);
  const found = { thresholds, low, perUnit, starts };
  for (let bucket = 0, rank = 0; bucket <= BUCKETS; bucket++) {
    while (rank < thresholds.length && bucketOf(found, thresholds[rank] as number) < bucket) rank++;
    starts[bucket] = rank;
  }
  return found;
}

/** Never falls as the value rises, whatever is lost in rounding; that keeps the search exact. */
function bucketOf(feature: FeatureThresholds, value: number): number {
  if (feature.perUnit === 0) return 0;
  const bucket = (value - feature.low) * feature.perUnit;
  if (bucket <= 0) return 0;
  return bucket >= BUCKETS ? BUCKETS : Math.floor(bucket);
}

/** How many of the feature's thresholds are not above `value`; all, where it is no number. */
export function rankOf(feature: FeatureThresholds, value: number): number {
  const { thresholds, starts } = feature;
  if (Number.isNaN(value)) return thresholds.length;
  let rank = starts[bucketOf(feature, value)] as number;
  while (rank < thresholds.length && value >= (thresholds[rank] as number)) rank++;
  return rank;
}

/** Rows that are walked side by side, so that one may go on while another waits for memory. */
export const LANES = 4;

/**
 * Walks rows through one tree.
 *
 * @param ranks of the rows, one row after another, with room for whole `LANES`
 * @param ends takes per row its leaf (the place in the tree); also past `count`, up to whole lanes
 */
export function walkRanks(
  { forest, ranked }: { forest: HalfSpaceForest; ranked: RankedForest },
  tree: number,
  { ranks, ends, count }: { ranks: Int32Array; ends: Int32Array; count: number },
): void {
  const { branches, features } = ranked;
  const { height } = forest;
  const base = tree * forest.inner;
  for (let row = 0; row < count; row += LANES) {
    const [at0, at1] = [row * features, (row + 1) * features];
    const [at2, at3] = [(row + 2) * features, (row + 3) * features];
    let [node0, node1, node2, node3] = [0, 0, 0, 0];
    for (let depth = 0; depth < height; depth++) {
      const branch0 = branches[base + node0] as number;
      const branch1 = branches[base + node1] as number;
      const branch2 = branches[base + node2] as number;
      const branch3 = branches[base + node3] as number;
      const rank0 = ranks[at0 + (branch0 >> FEATURE_SHIFT)] as number;
      const rank1 = ranks[at1 + (branch1 >> FEATURE_SHIFT)] as number;
      const rank2 = ranks[at2 + (branch2 >> FEATURE_SHIFT)] as number;
      const rank3 = ranks[at3 + (branch3 >> FEATURE_SHIFT)] as number;
      // The difference is negative, its sign -1, where the rank is at most the branch's: left.
      node0 = 2 * node0 + 2 + ((rank0 - (branch0 & RANK_MASK) - 1) >> 31);
      node1 = 2 * node1 + 2 + ((rank1 - (branch1 & RANK_MASK) - 1) >> 31);
      node2 = 2 * node2 + 2 + ((rank2 - (branch2 & RANK_MASK) - 1) >> 31);
      node3 = 2 * node3 + 2 + ((rank3 - (branch3 & RANK_MASK) - 1) >> 31);
    }
    ends[row] = node0;
    ends[row + 1] = node1;
    ends[row + 2] = node2;
    ends[row + 3] = node3;
  }
}
