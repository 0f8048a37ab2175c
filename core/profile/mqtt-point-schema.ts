/** The part of an MQTT profile's YAML that says what one point means and where it is heard. */
import { z } from "zod";
import {
  codesSchema,
  confidenceText,
  factor,
  idText,
  labelSchema,
  PRIORITY_MAX,
  sourceKeys,
  testShape,
} from "./register-schema.js";

/** One place: a topic, and which part of its payload. */
export const placeSchema = z.strictObject({
  topic: z
    .string()
    .min(1)
    .max(256)
    .regex(/^[^+#\s]*$/, "must be one exact topic: no +, no #, no space")
    .describe("Exact topic; {base} is a parameter, {dp:0x680,268,Name} an open3e data point"),
  read: z
    .string()
    .regex(
      /^(whole|\[\d{1,2}\]|\$(\.[A-Za-z_][A-Za-z0-9_]*|\.<\d>|\["[^"]{1,64}"\]|\[\d{1,3}\])+)$/,
      'must be whole, [n] for a part between semicolons, or a path like $.a.b or $["a b"][0]',
    )
    .default("whole"),
});

/** Alternatives; the first that is seen wins. */
export const placeList = z.array(placeSchema).min(1).max(16);

/** One point. */
export const pointSchema = z.strictObject({
  at: z
    .union([z.string().min(1), z.array(z.string().min(1)).min(1).max(4)])
    .optional()
    .describe("What fills <1>, <2> of the layout"),
  layout: idText.optional().describe("One of `layouts`"),
  from: placeList.optional().describe("Places of this point alone, before those of the layout"),
  id: idText.optional().describe("Needed when no metric is given"),
  metric: idText.optional().describe("Metric of the catalogue that it serves"),
  priority: z.int().min(1).max(PRIORITY_MAX).optional().describe("1 is asked first"),
  also: z.record(idText, z.int().min(1).max(PRIORITY_MAX)).optional(),
  label: labelSchema,
  kind: z
    .enum(["number", "bool", "code", "text"])
    .optional()
    .describe("number unless there are codes. A text is never subscribed to"),
  codes: codesSchema.optional().describe("Codes, with the words that the device may say instead"),
  aliases: z
    .record(z.string(), z.int())
    .optional()
    .describe("Further words → code; capitals do not matter"),
  prefixes: z
    .record(z.string().regex(/^[A-Za-z]{1,4}$/), z.int().min(0))
    .optional()
    .describe("Letters before a hexadecimal number → what is added: H12 with H: 256 is 274"),
  fraction: z.literal("upward").optional().describe("-1.25 means -1 + 0.25"),
  absent: z.array(z.number()).max(16).optional().describe("Numbers that mean: nothing there"),
  absentTexts: z.array(z.string()).max(16).optional(),
  nothingMeans: z.number().optional().describe("Value where a text says: nothing there"),
  scale: factor.optional(),
  offset: z.number().optional(),
  resolution: z.number().positive().optional(),
  unit: z.string().optional().describe("After scaling"),
  min: z.number().optional(),
  max: z.number().optional(),
  maxAgeSeconds: z.int().min(1).max(86_400).optional(),
  companions: z.array(idText).max(4).optional(),
  when: z
    .record(idText, z.strictObject(testShape))
    .optional()
    .describe("Means something only while these points have such live values"),
  source: sourceKeys.optional(),
  confidence: confidenceText.optional(),
  verified: z.boolean().optional(),
  note: z.string().optional(),
});

/** One point as written. */
export type PointText = z.output<typeof pointSchema>;
export type PlaceText = z.output<typeof placeSchema>;
