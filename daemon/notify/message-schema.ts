/** Messages that wait, as they stand in a file. */
import { z } from "zod";
import type { Message } from "./notify.js";

const KINDS = [
  "anomaly",
  "data-quality",
  "device-silent",
  "backlog-nearly-full",
  "became-eligible",
  "model-updated",
  "test",
] as const;

const messageSchema = z.object({
  kind: z.enum(KINDS),
  subject: z.string(),
  severity: z.enum(["info", "warning", "alarm"]),
  isResolved: z.boolean(),
  atMs: z.number(),
  language: z.enum(["de", "en"]),
  title: z.string(),
  body: z.string(),
}) satisfies z.ZodType<Message>;

/** By name of the channel. */
export const queuesSchema = z.array(z.tuple([z.string(), z.array(messageSchema)]));
