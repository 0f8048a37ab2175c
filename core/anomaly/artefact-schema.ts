/** The written form of a normal-behaviour model: canonical JSON, numbers as float32 in base64. */
import { z } from "zod";
import { CHANNELS } from "./channel.js";
import { FEATURES_MAX } from "./features.js";
import { modelCardSchema } from "./model-card-schema.js";
import { MODES } from "./operating-row.js";

/** The only form there is so far. */
export const NORMAL_FORMAT = 1;
/** A published model is small enough to be pushed over any line. */
export const ARTEFACT_BYTES_MAX = 20_000;
/** More relations than this nobody has thought of. */
export const PARTS_MAX = 48;

const channel = z.enum(CHANNELS.map(({ id }) => id));
const floats = z.base64().max(1_000);

const part = z.strictObject({
  id: z
    .string()
    .regex(/^[a-z_]+\.[a-zA-Z0-9-]+(\.[a-z]+)?$/)
    .max(60),
  mode: z.enum([...MODES, "day"]),
  target: channel,
  context: z.array(channel).max(3),
  tolerance: z.number().min(0).max(1_000),
  percent: z.number().min(0).max(100),
  house: z.boolean(),
  usable: z.boolean(),
  numbers: floats.describe(
    `Variances of row and day, psi, rho, both limits, variances between machines, at most ` +
      `${FEATURES_MAX} coefficients, leverage`,
  ),
  known: floats.optional().describe("Local models only: what is known of this machine's level"),
});

const together = z.strictObject({
  mode: z.enum(MODES),
  parts: z.array(part.shape.id).min(2).max(PARTS_MAX),
  numbers: z
    .base64()
    .max(4_000)
    .describe(
      "Limit, then per part mean and deviation of what it leaves over, axes, powers on normal rows",
    ),
});

/** Keys in the order in which they are written. */
export const normalSchema = z.strictObject({
  kind: z.literal("normal-behaviour"),
  format: z.literal(NORMAL_FORMAT),
  heatPumpModel: z.string().min(1).max(100),
  planId: z.string().regex(/^[0-9a-f]{16}$/),
  factor: z.number().min(0.5).max(20),
  parts: z.array(part).min(1).max(PARTS_MAX),
  together: z
    .array(together)
    .max(MODES.length)
    .optional()
    .describe("What parts of a mode usually leave over together"),
  card: modelCardSchema.optional().describe("Trained models only"),
});

/** A mode's parts together, of a checked written form. */
export type WrittenTogether = z.output<typeof together>;

/** A part of a checked written form. */
export type WrittenPart = z.output<typeof part>;
