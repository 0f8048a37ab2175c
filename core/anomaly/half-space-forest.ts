/**
 * The trees of a half-space forest: which feature each branch asks, and at which threshold.
 *
 * A forest follows from its seed, its shape and the features' limits alone; nothing in it is
 * learnt. Trees are complete and lie flat in heap order: the children of node n are 2n + 1 (value
 * below the threshold) and 2n + 2, so a walk needs no pointers.
 *
 * Source: Tan, Ting, Liu, "Fast Anomaly Detection for Streaming Data", IJCAI 2011, as river's
 * `HalfSpaceTrees` builds them (padding .15, features drawn by the widths of their limits).
 */
import assert from "node:assert";
import { createHash } from "node:crypto";
import { createMersenneTwister } from "./mersenne-twister.js";

/** What decides about a forest before anything is learnt. */
export interface ForestShape {
  readonly trees: number;
  /** Branches between the root and a leaf. */
  readonly height: number;
  readonly seed: number;
}

/** A closed range of a feature's values. */
export type Limits = readonly [low: number, high: number];

/** All trees one after another, each in heap order. */
export interface HalfSpaceForest {
  readonly trees: number;
  readonly height: number;
  /** Branches per tree; leaves per tree are one more. */
  readonly inner: number;
  /** Branches and leaves per tree. */
  readonly nodes: number;
  /** Per branch the index of the feature asked. */
  readonly features: Uint8Array;
  readonly thresholds: Float64Array;
}

/** Memory doubles with each; the earlier trainer used 15. */
export const HEIGHT_MAX = 15;
/** More than the fleet has channels; an index fits one byte. */
export const FEATURES_MAX = 255;
/** Many times what the method's authors needed (25). */
export const TREES_MAX = 1_000;
/** Branches of a forest: 25 trees of height 15 have 0.8 million. */
const BRANCHES_MAX = 2 ** 22;

/** A threshold keeps this share of the width away from either end. */
const PADDING = 0.15;

/** Builds the trees; one generator serves all of them, in order. */
export function buildForest(shape: ForestShape, limits: readonly Limits[]): HalfSpaceForest {
  const { trees, height } = shape;
  assert(trees >= 1 && trees <= TREES_MAX, `${trees} trees`);
  assert(height >= 1 && height <= HEIGHT_MAX, `height ${height}`);
  assert(limits.length >= 1 && limits.length <= FEATURES_MAX, `${limits.length} features`);
  const inner = 2 ** height - 1;
  assert(trees * inner <= BRANCHES_MAX, `${trees} trees of height ${height}`);
  for (const limit of limits.flat()) assert(Number.isFinite(limit), `limit ${limit}`);
  const features = new Uint8Array(trees * inner);
  const thresholds = new Float64Array(trees * inner);
  const random = createMersenneTwister(shape.seed);
  for (let tree = 0; tree < trees; tree++) {
    const current = limits.map(([low, high]): [number, number] => [low, high]);
    grow(tree * inner, 0);

    /** Pre-order, because that is the order of the draws. */
    function grow(base: number, node: number): void {
      if (node >= inner) return;
      const feature = drawFeature(current, random());
      const range = current[feature];
      assert(range !== undefined);
      const [low, high] = range;
      const from = low + PADDING * (high - low);
      const to = high - PADDING * (high - low);
      const at = from + (to - from) * random();
      features[base + node] = feature;
      thresholds[base + node] = at;
      range[1] = at;
      grow(base, 2 * node + 1);
      range[0] = at;
      range[1] = high;
      grow(base, 2 * node + 2);
      range[0] = low;
    }
  }
  return { trees, height, inner, nodes: 2 * inner + 1, features, thresholds };
}

/** A feature is drawn in proportion to the width that is left of it. */
function drawFeature(limits: readonly Limits[], draw: number): number {
  const cumulative: number[] = [];
  let total = 0;
  for (const [low, high] of limits) {
    total += high - low;
    cumulative.push(total);
  }
  const target = draw * total;
  const found = cumulative.findIndex((width) => target < width);
  return found === -1 ? limits.length - 1 : found;
}

/** Heap places of a tree's nodes, in the order node, left subtree, right subtree. */
export function preOrder(forest: HalfSpaceForest): readonly number[] {
  const order: number[] = [];
  const visit = (node: number): void => {
    if (node >= forest.nodes) return;
    order.push(node);
    visit(2 * node + 1);
    visit(2 * node + 2);
  };
  visit(0);
  return order;
}

/** SHA-256 over all trees in pre-order: feature (int32, -1 for a leaf), threshold (float64, 0). */
export function forestDigest(forest: HalfSpaceForest): string {
  const order = preOrder(forest);
  const node = new DataView(new ArrayBuffer(12));
  const hash = createHash("sha256");
  for (let tree = 0; tree < forest.trees; tree++) {
    for (const place of order) {
      const at = tree * forest.inner + place;
      const isLeaf = place >= forest.inner;
      node.setInt32(0, isLeaf ? -1 : (forest.features[at] ?? 0), true);
      node.setFloat64(4, isLeaf ? 0 : (forest.thresholds[at] ?? 0), true);
      hash.update(new Uint8Array(node.buffer));
    }
  }
  return hash.digest("hex");
}
