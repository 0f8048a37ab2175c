/**
 * What a metric is, and short ways to write one down by its kind of quantity.
 *
 * The catalogue itself is `metrics.ts`. Resolutions follow what sensors can tell apart: 0.1 °C is
 * finer than any sensor in a heat pump (IEC 60751 class B: +-0.3 °C at 0 °C).
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

/** Lowest and highest plausible value. */
export type Bounds = readonly [min: number, max: number];

/** German, then English. */
export type Names = readonly [de: string, en: string];

const whole = { multiplier: 1, decimals: 0 };
const tenth = { multiplier: 1, decimals: 1 };
const hundredth = { multiplier: 1, decimals: 2 };

/** Greatest total of an energy counter: 50 years at 20 kW. */
const ENERGY_KWH_MAX = 10_000_000;
/** Hours of 50 years. */
const HOURS_MAX = 450_000;
/** 50 years with a start every four minutes. */
const STARTS_MAX = 6_500_000;

function gauge(
  id: string,
  unit: string,
  [min, max]: Bounds,
  [de, en]: Names,
  shape: Pick<Metric, "behaviour" | "resolution">,
): Metric {
  return { id, unit, kind: "gauge", ...shape, min, max, label: { de, en } };
}

/** A temperature that follows the machine within minutes, in °C. */
export function fastTemperature(id: string, bounds: Bounds, names: Names): Metric {
  return gauge(id, "°C", bounds, names, { behaviour: "fastTemperature", resolution: tenth });
}

/** A temperature of a tank, a room or an average, in °C. */
export function slowTemperature(id: string, bounds: Bounds, names: Names): Metric {
  return gauge(id, "°C", bounds, names, { behaviour: "slowTemperature", resolution: tenth });
}

/** A temperature that is wanted, in °C. */
export function temperatureTarget(id: string, bounds: Bounds, names: Names): Metric {
  return gauge(id, "°C", bounds, names, { behaviour: "setpoint", resolution: tenth });
}

/** A difference of temperatures, in K. */
export function difference(
  id: string,
  bounds: Bounds,
  names: Names,
  behaviour: Behaviour = "fastTemperature",
): Metric {
  return gauge(id, "K", bounds, names, { behaviour, resolution: tenth });
}

/** Any other number that a person or the controller has set. */
export function setting(id: string, unit: string, bounds: Bounds, names: Names): Metric {
  return gauge(id, unit, bounds, names, { behaviour: "setpoint", resolution: tenth });
}

/** A pressure in bar. */
export function pressure(id: string, bounds: Bounds, names: Names): Metric {
  return gauge(id, "bar", bounds, names, { behaviour: "pressure", resolution: hundredth });
}

/** A share in whole percent. */
export function percent(id: string, names: Names, bounds: Bounds = [0, 100]): Metric {
  return gauge(id, "%", bounds, names, { behaviour: "percent", resolution: whole });
}

/** A share in tenths of a percent. */
export function finePercent(id: string, names: Names, bounds: Bounds = [0, 100]): Metric {
  return gauge(id, "%", bounds, names, { behaviour: "percent", resolution: tenth });
}

/** Turns, cycles: `rpm` in whole numbers, `Hz` in tenths. */
export function speed(id: string, unit: "rpm" | "Hz", bounds: Bounds, names: Names): Metric {
  const resolution = unit === "rpm" ? whole : tenth;
  return gauge(id, unit, bounds, names, { behaviour: "speed", resolution });
}

/** A power in kW, to 10 W. */
export function power(id: string, bounds: Bounds, names: Names): Metric {
  return gauge(id, "kW", bounds, names, { behaviour: "power", resolution: hundredth });
}

/** Something that flows and changes like a power, in tenths of its unit. */
export function flow(id: string, unit: string, bounds: Bounds, names: Names): Metric {
  return gauge(id, unit, bounds, names, { behaviour: "power", resolution: tenth });
}

/** A ratio of two powers. */
export function ratio(id: string, bounds: Bounds, names: Names): Metric {
  return gauge(id, "", bounds, names, { behaviour: "power", resolution: hundredth });
}

function counter(
  id: string,
  unit: string,
  max: number,
  [de, en]: Names,
  shape: Pick<Metric, "behaviour" | "resolution">,
): Metric {
  return { id, unit, kind: "counter", ...shape, min: 0, max, label: { de, en } };
}

/** A total in kWh that only rises. */
export function energy(id: string, names: Names): Metric {
  return counter(id, "kWh", ENERGY_KWH_MAX, names, { behaviour: "counter", resolution: tenth });
}

/** Hours of running since the machine was made. */
export function hours(id: string, names: Names): Metric {
  return counter(id, "h", HOURS_MAX, names, { behaviour: "state", resolution: tenth });
}

/** How often something was switched on since the machine was made. */
export function starts(id: string, names: Names): Metric {
  return counter(id, "", STARTS_MAX, names, { behaviour: "state", resolution: whole });
}

/** Yes or no. */
export function flag(id: string, [de, en]: Names): Metric {
  const label = { de, en };
  return {
    id,
    unit: "",
    kind: "flag",
    behaviour: "state",
    resolution: whole,
    min: 0,
    max: 1,
    label,
  };
}

/** A manufacturer's code; equal numbers mean the same only within one profile. */
export function code(id: string, [de, en]: Names, behaviour: Behaviour = "state"): Metric {
  const label = { de, en };
  return {
    id,
    unit: "",
    kind: "code",
    behaviour,
    resolution: whole,
    min: 0,
    max: 65535,
    label,
  };
}
