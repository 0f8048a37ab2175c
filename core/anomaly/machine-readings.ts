/**
 * From the catalogue's metrics to what detectors see: which metric is which channel, and what a
 * manufacturer's code of the operating mode means.
 */
import type { Snapshot } from "#core/measurement/snapshot.js";
import { type ChannelId, channelIndex } from "./channel.js";
import type { Mode } from "./operating-row.js";

/** Channel by metric; where two serve one channel, the first that has a value counts. */
const CHANNEL_OF: Readonly<Record<string, ChannelId>> = {
  temp_outdoor: "outdoor",
  temp_flow: "flow",
  temp_return: "return",
  temp_hot_water: "tank",
  temp_hot_water_top: "tank",
  power_current: "power",
  power_electric_total: "power",
  power_compressor: "power",
  cop_current: "cop",
  pressure_high: "high",
  pressure_low: "low",
  fan_speed_percent: "fan",
  compressor_frequency: "frequency",
  compressor_rating: "rating",
  compressor_speed_percent: "rating",
  pump_charge: "pump",
  pump_heating: "pump",
  flow_rate: "flowRate",
  temp_hot_gas: "discharge",
  temp_suction_gas: "suction",
  temp_liquid_line: "liquid",
  temp_heat_sink_flow: "condenserOut",
  temp_evaporator: "evaporator",
  temp_evaporating: "evaporator",
  superheat: "superheat",
  power_thermal: "thermal",
};

/** Places of the channels by metric, in the order of preference. */
const PLACES = Object.entries(CHANNEL_OF).map(
  ([metric, id]) => [metric, channelIndex(id)] as const,
);

/** What a device's code of the operating mode means; `undefined`: nothing that is known. */
export type ModeOf = (code: number) => Mode | undefined;

/** One poll as a detector sees it. */
export interface MachineReadings {
  readonly atMs: number;
  /** Value by place of the channel. */
  readonly values: ReadonlyMap<number, number>;
  /** `undefined`: the device does not say. */
  readonly mode: Mode | undefined;
  readonly hasFault: boolean;
}

/** The readings of a poll. What has no value is not there. */
export function toMachineReadings(snapshot: Snapshot, modeOf: ModeOf): MachineReadings {
  const byMetric = new Map<string, number>();
  for (const { metric, value } of snapshot.readings)
    if (value !== undefined && !byMetric.has(metric)) byMetric.set(metric, value);
  const values = new Map<number, number>();
  for (const [metric, channel] of PLACES) {
    const value = byMetric.get(metric);
    if (value !== undefined && !values.has(channel)) values.set(channel, value);
  }
  return {
    atMs: snapshot.takenAtMs,
    values,
    mode: declaredMode(byMetric, modeOf),
    hasFault: byMetric.get("fault_active") === 1,
  };
}

/** Defrosting and standing still are known from flags where there are any. */
function declaredMode(byMetric: ReadonlyMap<string, number>, modeOf: ModeOf): Mode | undefined {
  if (byMetric.get("defrost_active") === 1) return "defrost";
  if (byMetric.get("compressor_state") === 0) return "off";
  const code = byMetric.get("operating_mode");
  return code === undefined ? undefined : modeOf(code);
}

/** Words of profiles' codes. The first that fits counts. */
const WORDS: readonly (readonly [words: RegExp, mode: Mode])[] = [
  [/defrost/i, "defrost"],
  [/hot water|\bdhw\b|legionella/i, "hot_water"],
  [/cooling/i, "cooling"],
  [/heating/i, "heating"],
  [/\b(off|standby|idle|ready)\b/i, "off"],
];
/** Where flags are set together. */
const PRIORITY: readonly Mode[] = ["defrost", "hot_water", "cooling", "heating", "off"];

/** What codes mean by their English texts. Codes that name no hot water are a setting, no state. */
export function readModeCodes(
  codes: ReadonlyMap<number, { readonly en: string }>,
  isFlags: boolean,
): ModeOf {
  const modes = new Map<number, Mode>();
  for (const [code, { en }] of codes) {
    const found = WORDS.find(([words]) => words.test(en));
    if (found !== undefined) modes.set(code, found[1]);
  }
  const named = new Set(modes.values());
  if (!named.has("hot_water") || !named.has("heating") || !named.has("off")) return () => undefined;
  if (!isFlags) return (code) => modes.get(code);
  return (code) => {
    if (code === 0) return modes.get(0);
    const set = [...modes].filter(([mask]) => mask !== 0 && (code & mask) === mask);
    return PRIORITY.find((mode) => set.some(([, one]) => one === mode));
  };
}
