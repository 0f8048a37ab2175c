/**
 * The YAML that people write: its keys, types and what each is for. `npm run gen` makes
 * `firmware-profiles/profile.schema.json` of it, so editors complete and explain.
 *
 * Here is the shape alone. What only makes sense together (overlaps, units, sentinels that fit) is
 * checked by `compile-profile.ts`, which knows the lines too.
 */
import { z } from "zod";
import { connectionSchema } from "./connection-schema.js";
import {
  defaultsSchema,
  idText,
  labelSchema,
  registerSchema,
  sourceKeys,
  testShape,
} from "./register-schema.js";

/** Limits of one file. */
export const REGISTERS_MAX = 4000;
const PARAMETERS_MAX = 20;
const SOURCES_MAX = 60;

const parameterSchema = z
  .strictObject({
    label: labelSchema,
    values: z.array(idText).min(1).max(64).describe("What an installation may have"),
    default: z.array(idText).describe("What is assumed when nothing is configured"),
    several: z.boolean().default(true).describe("Whether more than one may be chosen"),
  })
  .describe("Something that differs from house to house: circuits, zones, options");

const identificationSchema = z
  .strictObject({
    register: idText.describe("Id of the register that is read first"),
    ...testShape,
    mayBeAbsent: z.boolean().default(false).describe("Whether a sentinel is an accepted answer"),
    refused: z.boolean().default(false).describe("The device must refuse this register"),
    meaning: z.string().min(3).describe("What the value should be, for the person who is refused"),
    source: sourceKeys.optional(),
  })
  .describe("A value that proves that this is the device described");

const guardSchema = z.strictObject(testShape);

const derivedSchema = z
  .strictObject({
    metric: idText,
    local: z.boolean().default(false).describe("Not a metric of the catalogue; never shared"),
    divide: z.array(idText).length(2).optional().describe("First by second"),
    sum: z.array(idText).min(2).max(16).optional(),
    difference: z.array(idText).length(2).optional().describe("First less second"),
    product: z.array(idText).min(2).max(4).optional(),
    first: z.array(idText).min(2).max(16).optional().describe("The first that has a value"),
    factor: z.number().default(1),
    unit: z.string().optional(),
    when: z.record(idText, guardSchema).default({}).describe("All must hold, else no value"),
    source: sourceKeys.optional(),
  })
  .describe("A metric computed of others");

const vectorSchema = z
  .strictObject({
    register: idText,
    words: z.array(z.int().min(0).max(65535)).min(1).max(32).describe("Raw words, wire order"),
    value: z.number().optional().describe("What they mean, rounded as delivered"),
    quality: z.enum(["absent", "implausible"]).optional(),
    note: z.string().optional(),
  })
  .describe("Raw words and what they must become; checked whenever the profile is loaded");

/** A profile as written. */
export const profileSchema = z
  .strictObject({
    name: z
      .string()
      .regex(
        /^[a-z0-9][a-z0-9.-]{0,63}\/[a-z0-9][a-z0-9.-]{0,63}$/,
        "must be brand/model, small letters",
      )
      .describe("As in the configuration: brand/model"),
    manufacturer: z.string().min(1).max(80),
    model: z.string().min(1).max(120),
    description: labelSchema,
    verified: z.boolean().describe("true only with a recording under test/profiles"),
    licence: z.string().optional().describe("Note on the rights in the sources"),
    deprecated: z.string().optional().describe("What to use instead"),
    sources: z
      .record(z.string().regex(/^[a-z][a-z0-9]{0,11}$/, "must be a short key"), z.string().min(3))
      .refine((all) => Object.keys(all).length <= SOURCES_MAX, `at most ${SOURCES_MAX} sources`)
      .describe("Short key → where the facts come from"),
    connection: connectionSchema,
    poll: z
      .strictObject({
        slowSeconds: z.int().min(10).max(86_400).default(300).describe("Between two slow reads"),
      })
      .prefault({}),
    identification: z.array(identificationSchema).max(16).default([]),
    firmware: z
      .strictObject({ register: idText })
      .optional()
      .describe("The register whose value is the firmware version"),
    parameters: z
      .record(idText, parameterSchema)
      .default({})
      .refine((all) => Object.keys(all).length <= PARAMETERS_MAX, "too many parameters"),
    defaults: defaultsSchema.prefault({}),
    registers: z.array(registerSchema).min(1).max(REGISTERS_MAX),
    derived: z.array(derivedSchema).max(64).default([]),
    vectors: z.array(vectorSchema).max(1000).default([]),
  })
  .describe("What the registers of one kind of heat pump mean");

/** A profile as written, shape checked, defaults of the shape filled in. */
export type ProfileText = z.output<typeof profileSchema>;
export type DerivedText = ProfileText["derived"][number];

/** JSON Schema of the file, for editors. @internal the generator reads it */
export function profileJsonSchema(): object {
  return z.toJSONSchema(profileSchema, { io: "input", target: "draft-2020-12" });
}
