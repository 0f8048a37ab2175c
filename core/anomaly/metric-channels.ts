/**
 * Which metric of the catalogue is which channel of the detectors, and what the states of a machine
 * say about its mode. Daemon and backend read the same rows because both read them by this.
 */
import { type ChannelId, channelIndex } from "./channel.js";
import { MODES, type Mode } from "./operating-row.js";

/** Channel by metric; other metrics are not looked at. */
export const METRIC_CHANNELS: Readonly<Record<string, ChannelId>> = {
  temp_outdoor: "outdoor",
  temp_flow: "flow",
  temp_return: "return",
  temp_hot_water: "tank",
  power_current: "power",
  cop_current: "cop",
  pressure_high: "high",
  pressure_low: "low",
  fan_speed_percent: "fan",
  compressor_frequency: "frequency",
  compressor_rating: "rating",
  pump_heating: "pump",
  flow_rate: "flowRate",
  temp_hot_gas: "discharge",
  temp_suction_gas: "suction",
  temp_liquid_line: "liquid",
  temp_evaporator: "evaporator",
  superheat: "superheat",
  power_thermal: "thermal",
};

/** States that tell the mode. */
export const MODE_METRICS = [
  "compressor_state",
  "defrost_active",
  "valve_hot_water",
  "valve_cooling",
  "operating_mode",
] as const;
export type ModeMetric = (typeof MODE_METRICS)[number];

/** Electric power above which a machine without other signs runs. */
const RUN_KW = 0.2;
const UNKNOWN = MODES.indexOf("unknown");

/**
 * Bits of `operating_mode`, strongest first, by the beginning of the heat pump model's name.
 * iDM: register 1090 of the Navigator's manual.
 */
const MODE_BITS: readonly (readonly [
  prefix: string,
  bits: readonly (readonly [number, Mode])[],
])[] = [
  [
    "idm/",
    [
      [8, "defrost"],
      [4, "hot_water"],
      [2, "cooling"],
      [1, "heating"],
    ],
  ],
];

/** One instant's states and drives; NaN is absent. */
export type StateReader = (metric: ModeMetric | "frequency" | "rating" | "power") => number;

/** Index in `MODES`; `unknown` where the states do not tell heating from hot water. */
export function modeOfStates(heatpumpModel: string, read: StateReader): number {
  const bits = MODE_BITS.find(([prefix]) => heatpumpModel.startsWith(prefix))?.[1];
  const code = read("operating_mode");
  if (bits !== undefined && !Number.isNaN(code)) {
    const mode = bits.find(([bit]) => (code & bit) !== 0)?.[1] ?? "off";
    return MODES.indexOf(mode);
  }
  if (read("defrost_active") === 1) return MODES.indexOf("defrost");
  const isRunning = runs(read);
  if (isRunning === undefined) return UNKNOWN;
  if (!isRunning) return MODES.indexOf("off");
  if (read("valve_cooling") === 1) return MODES.indexOf("cooling");
  const valve = read("valve_hot_water");
  if (Number.isNaN(valve)) return UNKNOWN;
  return MODES.indexOf(valve === 1 ? "hot_water" : "heating");
}

/** Place of the channel that a metric fills. */
export function channelOfMetric(metric: string): number | undefined {
  const id = Object.hasOwn(METRIC_CHANNELS, metric) ? METRIC_CHANNELS[metric] : undefined;
  return id === undefined ? undefined : channelIndex(id);
}

function runs(read: StateReader): boolean | undefined {
  for (const sign of ["compressor_state", "frequency", "rating"] as const)
    if (!Number.isNaN(read(sign))) return read(sign) > 0;
  const power = read("power");
  return Number.isNaN(power) ? undefined : power > RUN_KW;
}
