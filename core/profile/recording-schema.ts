/**
 * A recording as files: `registers.json` with the raw words of a device, `expected.yaml` with the
 * values that a person compared with its display.
 */
import { z } from "zod";
import { addressNumber, spaceName, unitIdNumber } from "./connection-schema.js";

/** Longest value: a text of 32 words. */
const WORDS_MAX = 32;
/** More registers no device has. */
const REGISTERS_MAX = 10_000;

const quality = z.enum(["absent", "implausible"]);

/** `registers.json` */
export const recordingSchema = z.strictObject({
  profile: z.string(),
  recordedAt: z.string(),
  source: z.string().describe("Who recorded it, and how"),
  registers: z
    .array(
      z.strictObject({
        unitId: unitIdNumber,
        space: spaceName,
        address: addressNumber,
        words: z.array(z.int().min(0).max(65535)).min(1).max(WORDS_MAX),
      }),
    )
    .min(1)
    .max(REGISTERS_MAX),
});

/** `expected.yaml` */
export const expectedSchema = z.strictObject({
  recordedOn: z.string().describe("Which heat pump, without serial numbers"),
  registers: z
    .array(
      z.strictObject({
        register: z.string(),
        address: addressNumber,
        stated: z.number().optional().describe("The plain number of the words"),
        value: z.number().optional(),
        quality: quality.optional(),
      }),
    )
    .min(1),
  metrics: z.array(
    z.strictObject({
      metric: z.string(),
      value: z.number().optional(),
      quality: quality.optional(),
    }),
  ),
});

export type Recording = z.output<typeof recordingSchema>;
export type Expected = z.output<typeof expectedSchema>;
