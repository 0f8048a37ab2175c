/** What a manifest of labelled recordings says: which files, which modes, what happened when. */
import { z } from "zod";
import { HeatpoolError } from "#core/errors.js";
import { timeOf } from "./csv-recording.js";

const time = z.string().transform(timeOf).refine(Number.isFinite, "is no time with a zone");

/** Keys it does not know are not looked at. */
const manifestSchema = z.object({
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

/** A manifest, checked. @throws HeatpoolError `CONFIG_INVALID` naming every fault */
export function parseManifest(text: string): z.output<typeof manifestSchema> {
  const parsed = manifestSchema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw new HeatpoolError("CONFIG_INVALID", z.prettifyError(parsed.error));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new HeatpoolError("CONFIG_INVALID", "is no JSON", { cause });
  }
}
