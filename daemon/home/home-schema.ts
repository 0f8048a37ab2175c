/** Settings of home automation. */
import { z } from "zod";

/** Shape of `homeAssistant` in the configuration, around the broker that devices use too. */
export function homeSchema<Broker extends z.ZodType>(broker: Broker) {
  return z.strictObject({
    broker: broker.describe("The broker that Home Assistant uses; an account that may write"),
    prefix: z
      .string()
      .regex(/^[A-Za-z0-9_-]+(\/[A-Za-z0-9_-]+)*$/, "a topic without wildcards")
      .default("homeassistant")
      .describe("Prefix of discovery, where Home Assistant's differs"),
  });
}
