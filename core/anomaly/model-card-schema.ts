/**
 * The card of a model: what it was made of and how it was judged, for everybody who is given it. It
 * names no installation and counts nothing of any single one.
 */
import { z } from "zod";

const count = z.int().min(0);
const share = z.number().min(0);

const figures = z.strictObject({
  falseAlarmsPerMonth: share.describe("On healthy machines that it had not seen"),
  share: share.describe("Of their time in alarm"),
  recall: share.describe("Of known faults put into readings of such machines"),
  topTwo: share.describe("Of those found, a right part among the first two named"),
  machineMonths: share,
  events: count,
});

/** Keys in the order in which they are written. */
export const modelCardSchema = z.strictObject({
  version: z.string().regex(/^v\d{4}\.\d{2}(\.\d{1,3})?$/),
  software: z.string().max(40).describe("Version of the program that made it"),
  seed: count,
  inputHash: z.string().regex(/^[0-9a-f]{64}$/),
  months: z.array(z.string().regex(/^\d{4}-\d{2}$/)).max(120),
  installations: count,
  machineMonths: share,
  readings: count.describe("Rounded to two digits"),
  coldest: z.number().optional().describe("Outdoor temperature that was learnt, °C"),
  warmest: z.number().optional(),
  figures,
  published: figures.optional().describe("Of the model before it, on the same machines"),
  influence: share.describe("Of one installation, 1: as much as is allowed"),
  gates: z.array(
    z.strictObject({ name: z.string().max(60), isPassed: z.boolean(), detail: z.string().max(80) }),
  ),
  silentParts: z.array(z.string().max(60)),
  limits: z.array(z.string().max(200)).describe("What it is not good for"),
});

/** The card, checked. */
export type ModelCard = z.output<typeof modelCardSchema>;
