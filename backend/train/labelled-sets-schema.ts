/** What a manifest of labelled recordings says: which files, which modes, what happened when. */
import { z } from "zod";
import { timeOf } from "./csv-recording.js";

const time = z.string().transform(timeOf).refine(Number.isFinite, "is no time with a zone");

/** `manifest.json`; keys it does not know are not looked at. */
export const manifestSchema = z.object({
  /** Left out: the recordings count for every heat pump model. */
  heatpumpModel: z.string().max(100).optional(),
  mode: z.record(z.string(), z.string()).default({}),
  test: z
    .array(
      z.object({
        file: z.string().regex(/^[\w.-]+$/, "is no name of a file beside the manifest"),
        events: z.array(z.object({ fault: z.string(), start: time, end: time })).max(1_000),
      }),
    )
    .min(1)
    .max(50),
});
