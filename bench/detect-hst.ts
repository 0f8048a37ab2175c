/**
 * Replays reference vectors of half-space trees: scores each row, then learns it, and compares
 * every score and every node with what the vectors say, without tolerance.
 *
 * A vector file holds `params`, `scaler`, `features`, `rows` (null = missing), `scores`, `trees` and
 * `masses_after_n_learned` in pre-order, and digests; a file with `first_12` holds the generator's
 * first numbers by seed, and each wrong one counts as a differing node.
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import { forestDigest, preOrder } from "#core/anomaly/half-space-forest.js";
import { sumUp } from "#core/anomaly/half-space-masses.js";
import {
  createHalfSpaceTrees,
  type GrownTrees,
  learnRow,
  scoreRow,
} from "#core/anomaly/half-space-trees.js";
import { createMersenneTwister } from "#core/anomaly/mersenne-twister.js";

/** What a replay found. */
export interface HstReplay {
  files: number;
  scores: number;
  differingScores: number;
  nodes: number;
  differingNodes: number;
}

/** One vector file, as far as it is replayed. */
export interface HstVectors {
  readonly params: {
    readonly n_trees: number;
    readonly height: number;
    readonly window_size: number;
    readonly seed: number;
    readonly limits?: Readonly<Record<string, readonly [number, number]>>;
  };
  readonly scaler: string | null;
  readonly features: readonly string[];
  readonly rows: readonly (readonly (number | null)[])[];
  readonly scores: readonly number[];
  readonly trees?: readonly { feature: number[]; threshold: (number | null)[] }[];
  readonly masses_after_n_learned?: Readonly<Record<string, readonly TreeMasses[]>>;
  readonly trees_sha256?: string;
  readonly final_masses_sha256?: string;
}

interface TreeMasses {
  readonly l_mass: readonly number[];
  readonly r_mass: readonly number[];
}

interface GeneratorVectors {
  readonly first_12: Readonly<Record<string, readonly number[]>>;
}

/** Replays all files, plain or gzipped JSON. */
export async function replayHst(files: readonly string[]): Promise<HstReplay> {
  const found = { files: 0, scores: 0, differingScores: 0, nodes: 0, differingNodes: 0 };
  for (const file of files) {
    const vectors = await readVectors(file);
    found.files += 1;
    if ("first_12" in vectors) replayGenerator(vectors, found);
    else replayVectors(vectors, found);
  }
  return found;
}

/** Reads a file of vectors. */
export async function readVectors(file: string): Promise<HstVectors | GeneratorVectors> {
  const bytes = await readFile(file);
  const text = (file.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8");
  return JSON.parse(text) as HstVectors | GeneratorVectors;
}

function replayGenerator(vectors: GeneratorVectors, found: HstReplay): void {
  for (const [seed, numbers] of Object.entries(vectors.first_12)) {
    const random = createMersenneTwister(Number(seed));
    for (const number of numbers) if (random() !== number) found.differingNodes += 1;
  }
}

function replayVectors(vectors: HstVectors, found: HstReplay): void {
  const trees = createHalfSpaceTrees(vectors.features, {
    trees: vectors.params.n_trees,
    height: vectors.params.height,
    window: vectors.params.window_size,
    seed: vectors.params.seed,
    limits: new Map(Object.entries(vectors.params.limits ?? {})),
    isScaled: vectors.scaler !== null,
  });
  for (const [index, cells] of vectors.rows.entries()) {
    const row = cells.map((cell) => cell ?? undefined);
    found.scores += 1;
    if (scoreRow(trees, row) !== vectors.scores[index]) found.differingScores += 1;
    learnRow(trees, row);
    const masses = vectors.masses_after_n_learned?.[String(index + 1)];
    if (masses !== undefined && trees.grown !== undefined)
      compareMasses(trees.grown, masses, found);
  }
  if (trees.grown !== undefined) compareTrees(trees.grown, vectors, found);
}

function compareMasses(grown: GrownTrees, expected: readonly TreeMasses[], found: HstReplay): void {
  sumUp(grown.forest, grown.masses);
  const order = preOrder(grown.forest);
  for (const [tree, { l_mass, r_mass }] of expected.entries()) {
    for (const [at, node] of order.entries()) {
      const place = tree * grown.forest.nodes + node;
      const isSame =
        grown.masses.current[place] === l_mass[at] && grown.masses.reference[place] === r_mass[at];
      found.nodes += 1;
      if (!isSame) found.differingNodes += 1;
    }
  }
}

function compareTrees(grown: GrownTrees, vectors: HstVectors, found: HstReplay): void {
  const { forest } = grown;
  const order = preOrder(forest);
  for (const [tree, { feature, threshold }] of (vectors.trees ?? []).entries()) {
    for (const [at, node] of order.entries()) {
      const place = tree * forest.inner + node;
      const isSame =
        node >= forest.inner
          ? feature[at] === -1
          : forest.features[place] === feature[at] && forest.thresholds[place] === threshold[at];
      found.nodes += 1;
      if (!isSame) found.differingNodes += 1;
    }
  }
  // A digest covers every node, also where the file lists none.
  const { trees_sha256: ofTrees, final_masses_sha256: ofMasses } = vectors;
  if (ofTrees !== undefined && ofTrees !== forestDigest(forest)) found.differingNodes += 1;
  if (ofMasses !== undefined && ofMasses !== massesDigest(grown)) found.differingNodes += 1;
}

function massesDigest({ forest, masses }: GrownTrees): string {
  sumUp(forest, masses);
  const hash = createHash("sha256");
  const node = Buffer.alloc(8);
  for (let tree = 0; tree < forest.trees; tree++) {
    for (const place of preOrder(forest)) {
      node.writeInt32LE(masses.current[tree * forest.nodes + place] ?? 0, 0);
      node.writeInt32LE(masses.reference[tree * forest.nodes + place] ?? 0, 4);
      hash.update(node);
    }
  }
  return hash.digest("hex");
}
