/** Where the reference vectors of half-space trees lie, and rows to feed a forest with. */
import { fileURLToPath } from "node:url";
import { createMersenneTwister } from "#core/anomaly/mersenne-twister.js";

/** Vectors with scores and nodes. */
export const VECTORS = [
  "01-doc-example",
  "02-unit-11f-50t-h6-w250-s42",
  "03-minmax-heatpump-11f-s42",
  "04-missing-3f",
] as const;

/** Path of a vector file in this repository. */
export function vectorFile(name: string): string {
  return fileURLToPath(new URL(`../vectors/half-space-trees/${name}.json.gz`, import.meta.url));
}

/** Rows of uniform chance, one after another. */
export function uniformRows(count: number, width: number, seed: number): Float64Array {
  const random = createMersenneTwister(seed);
  return Float64Array.from({ length: count * width }, () => random());
}

/** The row of `rows` at `index`. */
export function rowAt(rows: Float64Array, width: number, index: number): Float64Array {
  return rows.subarray(index * width, (index + 1) * width);
}
