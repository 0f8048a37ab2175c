/**
 * The YAML of a profile with `transport: mqtt`: its keys, types and what each is for. `npm run gen`
 * makes `firmware-profiles/mqtt-profile.schema.json` of it. Here is the shape alone; what only
 * makes sense together is checked by `mqtt-compile.ts`.
 */
import { z } from "zod";
import { placeList, placeSchema, pointSchema } from "./mqtt-point-schema.js";
import { profileSchema } from "./profile-schema.js";
import { idText, labelSchema, sourceKeys } from "./register-schema.js";

/** Limits of one file. */
const POINTS_MAX = 1000;
const LAYOUTS_MAX = 32;

const seconds = z.int().min(1).max(86_400);

const parameterSchema = z
  .strictObject({
    label: labelSchema,
    default: z
      .array(
        z
          .string()
          .max(64)
          .regex(/^[^+#\s]+$/, "must be part of an exact topic"),
      )
      .min(1)
      .max(12)
      .describe("All of these are listened to when nothing is configured"),
  })
  .describe("Something in topics that differs from house to house");

const availabilitySchema = z
  .strictObject({
    ...placeSchema.shape,
    alive: z.array(z.string().min(1)).default([]).describe("Words that say yes; else any word"),
    moves: z.boolean().default(false).describe("A counter that must go on counting"),
    maxAgeSeconds: seconds.optional().describe("Silence beyond this is death"),
    settleSeconds: z.int().min(0).max(600).default(0).describe("Before a retained no is believed"),
    required: z.boolean().default(false).describe("Whether never having heard it is a no"),
    meaning: z.string().min(3),
    source: sourceKeys.optional(),
  })
  .describe("A sign of life. All of them must hold");

const companionSchema = z
  .strictObject({
    from: placeList,
    accepts: z.array(z.number()).max(16).default([]).describe("The point counts only with these"),
    clears: z
      .array(z.number())
      .max(16)
      .default([])
      .describe("With these the point is clearedValue"),
    clearedValue: z.number().optional(),
  })
  .describe("Another place that decides about a value");

const vectorSchema = z
  .strictObject({
    point: idText,
    topic: z.string(),
    payload: z.string(),
    value: z.number().optional(),
    quality: z.enum(["absent", "implausible"]).optional(),
    note: z.string().optional(),
  })
  .describe("A message and what it must become; checked whenever the profile is loaded");

const { name, manufacturer, model, description, verified, licence, deprecated, sources, derived } =
  profileSchema.shape;

/** A profile as written. */
export const mqttProfileSchema = z
  .strictObject({
    transport: z.literal("mqtt"),
    name,
    manufacturer,
    model,
    description,
    verified,
    licence,
    deprecated,
    sources,
    broker: z
      .strictObject({
        port: z.int().min(1).max(65_535).default(1883),
        tlsPort: z.int().min(1).max(65_535).default(8883),
        neverPublish: z.array(z.string().min(1)).default([]).describe("They change the heat pump"),
      })
      .prefault({}),
    publishing: z.strictObject({
      pattern: z.enum(["cyclic", "on-change", "passive"]),
      everySeconds: seconds.describe("What a person would wait for the values"),
      maxAgeSeconds: seconds.describe("An older value is none"),
      retained: z.boolean(),
      note: z.string().optional(),
      source: sourceKeys.optional(),
    }),
    availability: z.array(availabilitySchema).min(1).max(8),
    parameters: z.record(z.string().regex(/^[a-z][A-Za-z0-9]{0,31}$/), parameterSchema),
    layouts: z
      .record(idText, placeList)
      .default({})
      .refine((all) => Object.keys(all).length <= LAYOUTS_MAX, "too many layouts")
      .describe("Places that many points have alike; <1>, <2> stand for what a point fills in"),
    companions: z.record(idText, companionSchema).default({}),
    defaults: z
      .strictObject({
        absentTexts: z.array(z.string()).max(16).default([]),
        resolution: z.number().positive().optional(),
        unit: z.string().optional(),
        source: sourceKeys.optional(),
        confidence: z.string().optional(),
      })
      .prefault({}),
    points: z.array(pointSchema).min(1).max(POINTS_MAX),
    derived,
    vectors: z.array(vectorSchema).max(1000).default([]),
  })
  .describe("What the MQTT topics of one kind of heat pump mean");

/** A profile as written, shape checked, defaults of the shape filled in. */
export type MqttProfileText = z.output<typeof mqttProfileSchema>;

/** JSON Schema of the file, for editors. @internal the generator reads it */
export function mqttProfileJsonSchema(): object {
  return z.toJSONSchema(mqttProfileSchema, { io: "input", target: "draft-2020-12" });
}
