/** The part of a profile's YAML that says what one register means. */
import { z } from "zod";
import { addressNumber, spaceName, unitIdNumber } from "./connection-schema.js";

/** Words of the longest text. */
const STRING_WORDS_MAX = 32;
/** Most candidates of a metric. */
export const PRIORITY_MAX = 16;

/** Id of a register, metric or parameter value. */
export const idText = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_]{0,63}$/, "must be small letters, digits and _");

/** An id in which names of parameters stand in braces: `temp_flow_circuit_{circuit}`. */
const idTemplate = z
  .string()
  .regex(/^[a-z0-9{][a-z0-9_{}]{0,79}$/, "must be small letters, digits, _ and {parameter}");

/** A text in both languages. */
export const labelSchema = z.strictObject({
  de: z.string().min(1).max(120),
  en: z.string().min(1).max(120),
});

/** Keys of `sources`. */
export const sourceKeys = z.array(z.string()).min(1).describe("Keys of `sources`");

/** A test of a value; what is left out is not tested. */
export const testShape = {
  oneOf: z.array(z.number()).min(1).optional(),
  min: z.number().optional(),
  max: z.number().optional(),
  above: z.number().optional(),
};

const codeKey = z.string().regex(/^-?\d+$/, "must be a whole number");
const codeText = z.union([labelSchema, z.string().min(1)], {
  error: "must be a text, or a text in de and en",
});

/** Codes with their texts. */
export const codesSchema = z.record(codeKey, codeText);

/** What a raw number is multiplied by. */
export const factor = z
  .union([z.number(), z.string().regex(/^\d+\/\d+$/)], {
    error: "must be a number, or a fraction like 1/60",
  })
  .describe("value = raw * scale + offset; exact: 0.1, or a fraction like 1/60");

const sentinel = z.union([z.number(), z.array(addressNumber).min(1), z.literal("nan")], {
  error: "must be a raw number, a list of raw words, or nan",
});

const sentinels = z
  .array(sentinel)
  .max(16)
  .describe("Raw values that mean: nothing there. Compared before sign and scale");

const encodingName = z.enum([
  "int8",
  "uint8",
  "int16",
  "uint16",
  "int32",
  "uint32",
  "float32",
  "bool",
  "nonzero",
  "bits",
  "string",
  "version",
  "sum",
]);

const order = z.enum(["high-first", "low-first"]);
const groupName = z.enum(["once", "fast", "slow"]);
/** Where facts come from, in one word. */
export const confidenceText = z
  .string()
  .regex(
    /^(verified-in-\d+-sources|measured|manual|disputed|template)$/,
    "must be verified-in-N-sources, measured, manual, disputed or template",
  );

/** In quotes: without them 2.10 is the number 2.1. */
const versionText = z
  .string('must be a version in quotes, like "1.1.3"')
  .regex(/^\d+([.-]\d+)*$/, "must be a version like 1.1.3");

const whenSchema = z.strictObject({
  parameter: z.record(idText, z.array(idText).min(1)).optional(),
  firmware: z
    .strictObject({
      since: versionText.optional(),
      until: versionText.optional(),
    })
    .optional(),
  register: z.record(idText, z.strictObject(testShape)).optional(),
});

const writeKind = z.enum(["plain", "eeprom", "cyclic", "watchdog", "command"]);

const shared = {
  space: spaceName.optional(),
  unitId: unitIdNumber.optional(),
  encoding: encodingName.optional(),
  wordOrder: order.optional().describe("Which word of two comes first"),
  byteOrder: order.optional().describe("Which byte of a word comes first"),
  scale: factor.optional(),
  resolution: z.number().positive().optional().describe("Values are kept as multiples of this"),
  unit: z.string().optional(),
  group: groupName.optional().describe("once after connecting, fast at every poll, slow"),
  access: z.enum(["r", "rw", "w"]).optional(),
  source: sourceKeys.optional(),
  confidence: confidenceText.optional(),
};

/** What registers have unless they say otherwise. */
export const defaultsSchema = z.strictObject({
  ...shared,
  absent: z
    .union([sentinels, z.partialRecord(encodingName, sentinels)], {
      error: "must be a list, or a list per encoding",
    })
    .optional(),
});

/** One register, or the same one of several circuits. */
export const registerSchema = z.strictObject({
  address: addressNumber.describe("As on the wire, counted from 0"),
  functionCode: z.int().optional().describe("Instead of space: 1 to 4"),
  ...shared,
  words: z.int().min(1).max(STRING_WORDS_MAX).optional().describe("Of a string or version"),
  bit: z.int().min(0).max(15).optional().describe("One bit of a word; 0 is the lowest"),
  bits: z.strictObject({ first: z.int().min(0).max(15), count: z.int().min(1).max(16) }).optional(),
  magnitudes: z
    .array(z.number().positive())
    .min(2)
    .max(4)
    .optional()
    .describe("sum: what one of each word is worth, in wire order: [1, 1000]"),
  offset: z.number().optional(),
  id: idTemplate.optional().describe("Needed when no metric is given"),
  metric: idTemplate.optional().describe("Metric of the catalogue that it serves"),
  priority: z.int().min(1).max(PRIORITY_MAX).optional().describe("1 is asked first"),
  also: z
    .record(idTemplate, z.int().min(1).max(PRIORITY_MAX))
    .optional()
    .describe("Further metrics it serves, with its priority among their candidates"),
  label: labelSchema,
  codes: codesSchema.optional().describe("Codes of an enumeration"),
  flags: z.record(codeKey, codeText).optional().describe("Masks of a bit field"),
  absent: sentinels.optional(),
  legal: z.array(z.number()).max(16).optional().describe("Raw values that are no sentinels here"),
  min: z.number().optional(),
  max: z.number().optional(),
  step: z.number().positive().optional().describe("Largest plausible change between two polls"),
  invert: z.boolean().optional().describe("1 means no"),
  single: z.boolean().optional().describe("Must be alone in its request"),
  overlap: z
    .boolean()
    .optional()
    .describe("Shares words with another register, as the manual says"),
  stride: z
    .record(idText, z.int().min(1).max(10_000))
    .optional()
    .describe("Repeated per value of a parameter, that many words apart"),
  only: z
    .record(idText, z.array(idText).min(1))
    .optional()
    .describe("Repeated for these values of a parameter alone"),
  when: whenSchema.optional().describe("Read only where this holds"),
  write: z
    .union([writeKind, z.strictObject({ kind: writeKind, rewriteSeconds: z.int().min(1) })], {
      error: "must be plain, eeprom, cyclic, watchdog or command",
    })
    .optional()
    .describe("Why nobody should write it lightly. heatpool never writes"),
  verified: z.boolean().optional().describe("A recording of a real device confirms it"),
  deprecated: z.string().optional(),
  note: z.string().optional(),
});

/** One register as written. */
export type RegisterText = z.output<typeof registerSchema>;
export type DefaultsText = z.output<typeof defaultsSchema>;
