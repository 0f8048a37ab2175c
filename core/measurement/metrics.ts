/**
 * The metric catalogue: every quantity that may leave the house, with its unit and its bounds.
 *
 * A metric that is not here is never sent, never stored and never averaged. Ids do not change and
 * are not reused; a new one is added at the end of its group.
 */

/** How a quantity behaves over time; chooses starting probabilities of codec 2. */
export type Behaviour =
  | "fastTemperature"
  | "slowTemperature"
  | "setpoint"
  | "pressure"
  | "percent"
  | "speed"
  | "power"
  | "state"
  | "counter";

/** A named quantity with a fixed unit. */
export interface Metric {
  /** `^[a-z][a-z0-9_]{0,63}$` */
  readonly id: string;
  /** `°C`, `kW`, `bar`, … ; empty for numbers without unit. */
  readonly unit: string;
  /** `gauge` may be averaged; `counter` only rises; `flag` is 0 or 1; `code` is a device's code. */
  readonly kind: "gauge" | "counter" | "flag" | "code";
  readonly behaviour: Behaviour;
  /** Values are stored as multiples of multiplier / 10 ** decimals. */
  readonly resolution: { readonly multiplier: number; readonly decimals: number };
  /** Plausible range in the unit; what lies outside is refused. */
  readonly min: number;
  readonly max: number;
  readonly label: { readonly de: string; readonly en: string };
}

const tenth = { multiplier: 1, decimals: 1 };
const hundredth = { multiplier: 1, decimals: 2 };
const whole = { multiplier: 1, decimals: 0 };

function temperature(
  id: string,
  behaviour: Behaviour,
  bounds: readonly [number, number],
  de: string,
  en: string,
): Metric {
  const [min, max] = bounds;
  return {
    id,
    unit: "°C",
    kind: "gauge",
    behaviour,
    resolution: tenth,
    min,
    max,
    label: { de, en },
  };
}

/** All metrics. */
export const METRICS: readonly Metric[] = [
  temperature(
    "temp_outdoor",
    "fastTemperature",
    [-60, 60],
    "Außentemperatur",
    "Outdoor temperature",
  ),
  temperature("temp_flow", "fastTemperature", [-30, 120], "Vorlauftemperatur", "Flow temperature"),
  temperature(
    "temp_return",
    "fastTemperature",
    [-30, 120],
    "Rücklauftemperatur",
    "Return temperature",
  ),
  temperature(
    "temp_hot_water",
    "slowTemperature",
    [-10, 120],
    "Warmwassertemperatur",
    "Hot water temperature",
  ),
  {
    id: "power_current",
    unit: "kW",
    kind: "gauge",
    behaviour: "power",
    resolution: hundredth,
    min: 0,
    max: 500,
    label: { de: "Elektrische Leistungsaufnahme", en: "Electrical power" },
  },
  {
    id: "power_compressor",
    unit: "kW",
    kind: "gauge",
    behaviour: "power",
    resolution: hundredth,
    min: 0,
    max: 500,
    label: { de: "Elektrische Leistung des Verdichters", en: "Compressor electrical power" },
  },
  {
    id: "power_thermal",
    unit: "kW",
    kind: "gauge",
    behaviour: "power",
    resolution: hundredth,
    min: -500,
    max: 1000,
    label: { de: "Wärmeleistung", en: "Thermal power" },
  },
  {
    id: "cop_current",
    unit: "",
    kind: "gauge",
    behaviour: "power",
    resolution: hundredth,
    min: 0,
    max: 15,
    label: { de: "Leistungszahl (COP)", en: "COP" },
  },
  {
    id: "pressure_high",
    unit: "bar",
    kind: "gauge",
    behaviour: "pressure",
    resolution: hundredth,
    min: 0,
    max: 150,
    label: { de: "Hochdruck", en: "High pressure" },
  },
  {
    id: "pressure_low",
    unit: "bar",
    kind: "gauge",
    behaviour: "pressure",
    resolution: hundredth,
    min: 0,
    max: 100,
    label: { de: "Niederdruck", en: "Low pressure" },
  },
  {
    id: "fan_speed",
    unit: "",
    kind: "gauge",
    behaviour: "speed",
    resolution: whole,
    min: 0,
    max: 10000,
    label: { de: "Ventilatordrehzahl", en: "Fan speed" },
  },
  {
    id: "compressor_frequency",
    unit: "",
    kind: "gauge",
    behaviour: "speed",
    resolution: tenth,
    min: 0,
    max: 12000,
    label: { de: "Verdichterfrequenz", en: "Compressor frequency" },
  },
  {
    id: "compressor_state",
    unit: "",
    kind: "flag",
    behaviour: "state",
    resolution: whole,
    min: 0,
    max: 1,
    label: { de: "Verdichter läuft", en: "Compressor running" },
  },
  {
    id: "operating_mode",
    unit: "",
    kind: "code",
    behaviour: "state",
    resolution: whole,
    min: 0,
    max: 65535,
    label: { de: "Betriebsart", en: "Operating mode" },
  },
  {
    id: "fault",
    unit: "",
    kind: "code",
    behaviour: "state",
    resolution: whole,
    min: 0,
    max: 65535,
    label: { de: "Störung", en: "Fault" },
  },
];

const byId = new Map(METRICS.map((metric) => [metric.id, metric]));

/** The metric of that id, or `undefined`. */
export function findMetric(id: string): Metric | undefined {
  return byId.get(id);
}
