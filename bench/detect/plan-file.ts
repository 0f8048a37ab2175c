/** `--plan`: which columns of somebody else's file are which channels, as YAML. */
import { readFileSync } from "node:fs";
import { z } from "zod";
import { CHANNELS } from "#core/anomaly/channel.js";
import { MODES } from "#core/anomaly/operating-row.js";
import { readYaml } from "#core/schema/read-yaml.js";

const planSchema = z.strictObject({
  timestamp: z.string().default("timestamp").describe("Column with the time"),
  delimiter: z.string().length(1).optional().describe("Left out: as the first line suggests"),
  channels: z
    .record(z.string(), z.enum(CHANNELS.map(({ id }) => id)))
    .describe("Channel by column"),
  mode: z
    .strictObject({
      column: z.string(),
      values: z.record(z.string(), z.enum(MODES)).describe("Mode by what stands in the column"),
    })
    .optional(),
});

/** Which column is which channel; others are not looked at. */
export const COLUMNS: Readonly<Record<string, string>> = {
  temp_outdoor: "outdoor",
  temp_flow: "flow",
  temp_return: "return",
  temp_hot_water: "tank",
  power_current: "power",
  cop_current: "cop",
  pressure_high: "high",
  pressure_low: "low",
  fan_speed: "fan",
  compressor_frequency: "frequency",
  compressor_rating: "rating",
  pump_speed: "pump",
  flow_rate: "flowRate",
  temp_discharge: "discharge",
  temp_suction: "suction",
  temp_liquid_line: "liquid",
  temp_condenser_out: "condenserOut",
  temp_evaporator: "evaporator",
  superheat: "superheat",
  power_thermal: "thermal",
};

/** What stands where in a file. */
export type FilePlan = z.output<typeof planSchema>;

/** The files' codes of modes, and their names. */
const MODE_VALUES: FilePlan["mode"] = {
  column: "mode",
  values: {
    0: "off",
    1: "heating",
    2: "hot_water",
    3: "defrost",
    4: "cooling",
    ...Object.fromEntries(MODES.map((mode) => [mode, mode])),
  },
};

/** The columns that need no plan. */
export const OWN_COLUMNS: FilePlan = {
  timestamp: "timestamp",
  channels: planSchema.shape.channels.parse(COLUMNS),
  mode: MODE_VALUES,
};

/** @throws HeatpoolError `CONFIG_INVALID`, naming every faulty line */
export function readPlan(path: string): FilePlan {
  return readYaml(readFileSync(path, "utf8"), planSchema, { name: path, code: "CONFIG_INVALID" });
}
