/**
 * How seventeen faults show on an air/water heat pump: the departures from normal at severity 0.6,
 * in heating and in hot water, mean of three simulated R290 installations in January.
 *
 * No heat pump engineer has checked these figures. Directions agree with laboratory work on faults
 * of air-source heat pumps: NIST Technical Note 1648 (2009); Yoon, Payne, Domanski, Applied Thermal
 * Engineering 31, 765 (2011).
 */
import type { ChannelId } from "./channel.js";

/** Departures by channel, in the channel's unit. */
export type Departures = Readonly<Partial<Record<ChannelId, number>>>;

/** One kind of fault. */
export interface FaultKind {
  readonly fault: string;
  readonly days: number;
  /** Grows over days instead of coming at once. */
  readonly ramps: boolean;
  readonly heating: Departures;
  readonly hotWater: Departures;
  /** Also while the machine stands still, in every mode. */
  readonly always?: Departures;
  readonly label: { readonly de: string; readonly en: string };
}

/** The severity that the departures stand for. */
export const TABLE_SEVERITY = 0.6;

type Names = readonly [de: string, en: string];

function kind(
  fault: string,
  [days, ramps]: readonly [days: number, ramps: boolean],
  heating: Departures,
  hotWater: Departures,
  [de, en]: Names,
  always?: Departures,
): FaultKind {
  const label = { de, en };
  return { fault, days, ramps, heating, hotWater, label, ...(always !== undefined && { always }) };
}

/** All of them, in a fixed order. */
export const FAULTS: readonly FaultKind[] = [
  kind(
    "undercharge",
    [14, true],
    { power: 0.02, cop: -0.05, fan: 6, frequency: 9, discharge: 9 },
    { power: -0.26, high: -0.24, low: 0.07, flow: -0.7, return: -0.3, discharge: 9 },
    ["zu wenig Kältemittel", "too little refrigerant"],
  ),
  kind(
    "evaporator_fouling",
    [14, true],
    {
      power: 0.18,
      cop: -0.42,
      low: -0.53,
      fan: 10,
      frequency: 11,
      flow: -0.2,
      return: -0.3,
      discharge: 4,
    },
    { power: -0.08, cop: -0.18, high: -0.24, low: -0.48, flow: -0.7, return: -0.4, discharge: 4 },
    ["verschmutzter Verdampfer", "fouled evaporator"],
  ),
  kind(
    "condenser_fouling",
    [14, true],
    { power: 0.04, cop: -0.18, high: 0.48, discharge: 3 },
    { power: 0.05, cop: -0.1, high: 0.81, discharge: 4 },
    ["verschmutzter Verflüssiger", "fouled condenser"],
  ),
  kind(
    "eev_stuck_open",
    [5, false],
    { power: 0.14, cop: -0.48, low: -0.1, fan: 4, frequency: 6, discharge: -7 },
    { cop: -0.27, high: -0.21, low: -0.06, flow: -0.6, return: -0.3, discharge: -7 },
    ["Expansionsventil klemmt offen", "expansion valve stuck open"],
  ),
  kind(
    "eev_stuck_closed",
    [5, false],
    { power: -0.02, cop: 0.12, fan: 11, frequency: 15, flow: -0.3, discharge: 21 },
    { power: -0.48, cop: 0.16, high: -0.4, low: 0.11, flow: -1.2, return: -0.5, discharge: 21 },
    ["Expansionsventil klemmt geschlossen", "expansion valve stuck closed"],
  ),
  kind(
    "low_flow",
    [5, false],
    { power: -0.14, cop: 0.09, high: -0.26, fan: -5, frequency: -7, return: -2.4, discharge: -2 },
    { power: 0.05, high: 0.84, flow: 3.4, discharge: 3 },
    ["zu wenig Heizwasser-Durchfluss", "too little water flow"],
  ),
  kind(
    "backup_heater_on",
    [3, false],
    {
      power: 2.6,
      cop: -3.1,
      high: 0.62,
      low: -0.23,
      fan: -17,
      frequency: -25,
      flow: 2.3,
      return: 0.8,
      discharge: 7,
    },
    { power: 3, cop: -1, high: 0.77, flow: 2.3, return: 0.5, discharge: -1 },
    ["Heizstab läuft dauernd", "backup heater always on"],
  ),
  kind(
    "compressor_degradation",
    [21, true],
    { power: 0.11, cop: -0.45, fan: 4, frequency: 6, discharge: 5 },
    { cop: -0.21, high: -0.16, low: 0.08, flow: -0.5, return: -0.2, discharge: 7 },
    ["nachlassender Verdichter", "worn compressor"],
  ),
  kind(
    "failed_defrost",
    [4, false],
    { power: 0.06, cop: -0.32, low: -0.38, fan: 4, frequency: 4, discharge: 3 },
    { power: -0.06, cop: -0.12, high: -0.15, low: -0.32, flow: -0.5, return: -0.2, discharge: 3 },
    ["Abtauung findet nicht statt", "defrost does not happen"],
  ),
  kind("short_cycling", [4, false], {}, {}, ["Takten", "short cycling"]),
  kind(
    "wrong_heating_curve",
    [5, false],
    {
      power: 1,
      cop: -0.76,
      high: 1.7,
      low: -0.31,
      fan: 29,
      frequency: 41,
      flow: 6.1,
      return: 4.2,
      discharge: 15,
    },
    {},
    ["Heizkurve verstellt", "heating curve changed"],
  ),
  kind(
    "sensor_outdoor_offset",
    [7, true],
    {
      power: -0.12,
      cop: 0.18,
      high: -0.6,
      fan: -3,
      frequency: -5,
      flow: -2.3,
      return: -2.1,
      discharge: -4,
    },
    {},
    ["Außenfühler zeigt falsch", "outdoor sensor off"],
    { outdoor: 6 },
  ),
  kind(
    "sensor_flow_offset",
    [5, false],
    { cop: 4.1 },
    { cop: 2.1 },
    ["Vorlauffühler zeigt falsch", "flow sensor off"],
    { flow: 2.7 },
  ),
  kind("sensor_return_stuck", [3, false], {}, {}, ["Rücklauffühler steht", "return sensor stuck"]),
  kind(
    "sensor_dhw_offset",
    [5, false],
    {},
    { power: 0.16, cop: -0.29, high: 2.6, flow: 6.5, return: 6.6, discharge: 12 },
    ["Warmwasserfühler zeigt falsch", "hot water sensor off"],
  ),
  kind(
    "sensor_plow_drift",
    [10, true],
    {},
    {},
    ["Niederdruckfühler driftet", "low pressure sensor drifts"],
    { low: 0.61 },
  ),
  kind(
    "fan_failure",
    [4, false],
    {
      power: 0.13,
      cop: -0.23,
      low: -0.51,
      fan: -40,
      frequency: 11,
      flow: -0.2,
      return: -0.2,
      discharge: 4,
    },
    { power: -0.14, cop: -0.12, high: -0.23, low: -0.49, flow: -0.7, return: -0.3, discharge: 5 },
    ["Ventilator läuft nicht richtig", "fan does not run properly"],
  ),
];
