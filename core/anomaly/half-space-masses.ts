/**
 * How many rows went through each node of a half-space forest: in the window that is being learnt,
 * and in the one before it, which is the reference that rows are scored against.
 *
 * Within a window a complete row is counted at its leaf only; the branches above are sums of leaves
 * and are filled in when somebody asks (`sumUp`), or at the pivot. What a complete row scores then
 * depends on its leaf alone and is worked out once per leaf and window.
 */
import assert from "node:assert";
import type { HalfSpaceForest } from "./half-space-forest.js";

/** Counts per node, tree after tree in heap order, and what a leaf is worth. */
export interface Masses {
  readonly window: number;
  /** Rows of the window that is being learnt. */
  readonly current: Int32Array;
  /** Rows of the last full window. */
  readonly reference: Int32Array;
  /** Per leaf: what a complete row ending there adds to the sum of its score. */
  readonly leafSums: Float64Array;
  /** Rows learnt since the last pivot. */
  learntInWindow: number;
  /** Whether there was a pivot; before it nothing can be scored. */
  isWarm: boolean;
  /** Whether the branches in `current` are up to date. */
  isSummed: boolean;
}

/** Beyond this a window is longer than what half-space trees are meant for. */
export const WINDOW_MAX = 1_000_000;
/** Below this share of a window a node is too thin to be told apart further. */
const THIN_SHARE = 0.1;

/** Empty counts for a forest. */
export function createMasses(forest: HalfSpaceForest, window: number): Masses {
  assert(window >= 1 && window <= WINDOW_MAX, `window ${window}`);
  const sumMax = forest.trees * window * 2 ** (2 * forest.height + 1);
  assert(sumMax < Number.MAX_SAFE_INTEGER, "sums of masses would no longer be exact");
  return {
    window,
    current: new Int32Array(forest.trees * forest.nodes),
    reference: new Int32Array(forest.trees * forest.nodes),
    leafSums: new Float64Array(forest.trees * (forest.inner + 1)),
    learntInWindow: 0,
    isWarm: false,
    isSummed: true,
  };
}

/** The largest sum a row can reach: the whole window in each of its nodes. */
export function largestSum(forest: HalfSpaceForest, window: number): number {
  return forest.trees * window * (2 ** (forest.height + 1) - 1);
}

/** Fills in the branches of the current window from its leaves. */
export function sumUp(forest: HalfSpaceForest, masses: Masses): void {
  if (masses.isSummed) return;
  sumBranches(forest, masses.current);
  masses.isSummed = true;
}

/** Gives each branch of `counts` the sum of its leaves. */
export function sumBranches(forest: HalfSpaceForest, counts: Int32Array): void {
  for (let tree = 0; tree < forest.trees; tree++) {
    const base = tree * forest.nodes;
    for (let node = forest.inner - 1; node >= 0; node--) {
      const left = base + 2 * node + 1;
      counts[base + node] = (counts[left] ?? 0) + (counts[left + 1] ?? 0);
    }
  }
}

/** Counts learnt rows; after a full window it becomes the reference and counting starts again. */
export function countLearnt(forest: HalfSpaceForest, masses: Masses, rows: number): void {
  masses.learntInWindow += rows;
  assert(masses.learntInWindow <= masses.window, "a window was learnt beyond its end");
  if (masses.learntInWindow < masses.window) return;
  sumUp(forest, masses);
  masses.reference.set(masses.current);
  masses.current.fill(0);
  masses.learntInWindow = 0;
  masses.isWarm = true;
  weighLeaves(forest, masses);
}

/** Whether a walk ends at a node that so few rows of the reference went through. */
export function isThin(count: number, window: number): boolean {
  return count < THIN_SHARE * window;
}

/** Works out what each leaf is worth: the sum over its path, up to the first thin node. */
export function weighLeaves(forest: HalfSpaceForest, masses: Masses): void {
  const sums = new Float64Array(forest.nodes);
  const hasEnded = new Uint8Array(forest.nodes);
  for (let tree = 0; tree < forest.trees; tree++) {
    for (let node = 0; node < forest.nodes; node++) {
      const parent = node === 0 ? 0 : (node - 1) >> 1;
      const above = node === 0 ? 0 : (sums[parent] ?? 0);
      const depth = 31 - Math.clz32(node + 1);
      const count = masses.reference[tree * forest.nodes + node] ?? 0;
      const ended = node !== 0 && hasEnded[parent] === 1;
      sums[node] = ended ? above : above + count * 2 ** depth;
      hasEnded[node] = ended || isThin(count, masses.window) ? 1 : 0;
    }
    masses.leafSums.set(sums.subarray(forest.inner), tree * (forest.inner + 1));
  }
}
