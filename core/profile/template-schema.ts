/**
 * The YAML of a template: a profile for a gateway whose addresses the installer assigned. It holds
 * the data points and what they mean; `heatpool profile assign` adds the addresses of one gateway
 * from its own point list and writes a profile.
 */
import { z } from "zod";
import { profileSchema } from "./profile-schema.js";
import { labelSchema, registerSchema } from "./register-schema.js";

/** Name of a data point, as it stands in the first column of a point list. */
const pointName = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,63}$/, "must be small letters, digits and _")
  .describe("Column `point` of the list that the addresses come from");

const pointSchema = registerSchema
  .omit({ address: true, functionCode: true, stride: true, only: true, overlap: true })
  .extend({ point: pointName });

/** A template as written. */
export const templateSchema = profileSchema
  .extend({
    assignment: labelSchema.describe("Who assigned the addresses, and where their list is"),
    verified: z.literal(false, "a template is never verified; a profile made of it may be"),
    registers: z.array(pointSchema).min(1).max(500),
    identification: z.array(z.never()).max(0).default([]),
    vectors: z.array(z.never()).max(0).default([]),
  })
  .describe("What the data points of one kind of gateway mean, without their addresses");

export type TemplateText = z.output<typeof templateSchema>;

/** The same text as it stands there, without defaults; its shape was checked before. */
export const writtenSchema = z.looseObject({
  assignment: z.unknown(),
  registers: z.array(
    z.looseObject({
      point: z.string(),
      id: z.string().optional(),
      metric: z.string().optional(),
    }),
  ),
  derived: z.array(z.record(z.string(), z.unknown())).default([]),
});

/** JSON Schema of the file, for editors. @internal the generator reads it */
export function templateJsonSchema(): object {
  return z.toJSONSchema(templateSchema, { io: "input", target: "draft-2020-12" });
}
