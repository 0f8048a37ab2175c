/**
 * The written form of half-space trees. The forest itself is not in it: it follows from shape, seed
 * and limits, and a digest tells whether what was rebuilt is what was written.
 */
import { z } from "zod";
import { FEATURES_MAX, HEIGHT_MAX, TREES_MAX } from "./half-space-forest.js";
import { WINDOW_MAX } from "./half-space-masses.js";

/** Names of channels are far shorter. */
const NAME_LENGTH_MAX = 100;
/** Counts of the largest forest at five bytes each, in base64. */
const COUNTS_LENGTH_MAX = 30_000_000;

const name = z.string().min(1).max(NAME_LENGTH_MAX);
const base64 = z.base64().max(COUNTS_LENGTH_MAX);

/** The only form there is so far. */
export const HALF_SPACE_FORMAT = 1;

/** Keys in the order in which they are written. */
export const halfSpaceSchema = z.strictObject({
  kind: z.literal("half-space-trees"),
  format: z.literal(HALF_SPACE_FORMAT),
  trees: z.int().min(1).max(TREES_MAX),
  height: z.int().min(1).max(HEIGHT_MAX),
  window: z.int().min(1).max(WINDOW_MAX),
  seed: z.int().describe("Of the generator that drew the forest"),
  columns: z.array(name).min(1).max(FEATURES_MAX).describe("Columns of a row"),
  names: z.array(name).min(1).max(FEATURES_MAX).describe("Those the forest asks, sorted"),
  limits: z
    .array(z.tuple([z.number(), z.number()]))
    .max(FEATURES_MAX)
    .describe("Range of each name"),
  ranges: z
    .strictObject({ minimum: base64, maximum: base64 })
    .optional()
    .describe("Of the scaler in front: float64, little-endian; left out where there is none"),
  learntInWindow: z.int().min(0).max(WINDOW_MAX),
  isWarm: z.boolean().describe("Whether a window was completed"),
  forestSha256: z.string().regex(/^[0-9a-f]{64}$/),
  current: base64.describe("Rows per leaf in this window, as varints"),
  reference: base64.describe("Rows per leaf in the last full window, as varints"),
});

/** A checked written form. */
export type WrittenHalfSpaceTrees = z.output<typeof halfSpaceSchema>;
