/** Metrics that are temperatures of the machine, its source, its tanks and the house. */
import {
  difference,
  fastTemperature,
  type Metric,
  slowTemperature,
  temperatureTarget,
} from "./metric.js";

/** Water in pipes: below the freezing point of brine nothing flows, above 120 °C nothing is sold. */
const WATER = [-30, 120] as const;
/** Water in tanks. */
const TANK = [-10, 120] as const;
/** Air where people live or heat pumps stand. */
const AIR = [-60, 60] as const;
/** Refrigerant on the cold side, on the warm side. */
const COLD_SIDE = [-70, 80] as const;
const WARM_SIDE = [-40, 150] as const;

/** Temperatures of the machine and its source. */
export const MACHINE_TEMPERATURES: readonly Metric[] = [
  fastTemperature(
    "temp_hgl_flow",
    [-30, 150],
    ["Heißgas-Vorlauftemperatur (HGL)", "Hot gas flow temperature (HGL)"],
  ),
  fastTemperature("temp_charge", WATER, ["Ladefühlertemperatur", "Charging sensor temperature"]),
  fastTemperature("temp_source_in", AIR, ["Wärmequelleneintritt", "Heat source inlet temperature"]),
  fastTemperature("temp_source_out", AIR, [
    "Wärmequellenaustritt",
    "Heat source outlet temperature",
  ]),
  fastTemperature("temp_air_in", AIR, ["Luftansaugtemperatur", "Air intake temperature"]),
  fastTemperature("temp_air_in_2", AIR, ["Luftansaugtemperatur 2", "Air intake temperature 2"]),
  fastTemperature("temp_air_out", AIR, ["Luftausblastemperatur", "Air outlet temperature"]),
  fastTemperature(
    "temp_air_heat_exchanger",
    [-60, 100],
    ["Luftwärmetauschertemperatur", "Air heat exchanger temperature"],
  ),
  fastTemperature("temp_hot_gas", [-40, 180], ["Heißgastemperatur", "Hot gas temperature"]),
  fastTemperature("temp_suction_gas", COLD_SIDE, ["Sauggastemperatur", "Suction gas temperature"]),
  fastTemperature("temp_evaporating", COLD_SIDE, [
    "Verdampfungstemperatur",
    "Evaporating temperature",
  ]),
  fastTemperature("temp_evaporator", COLD_SIDE, ["Verdampfertemperatur", "Evaporator temperature"]),
  fastTemperature("temp_condensing", WARM_SIDE, [
    "Kondensationstemperatur",
    "Condensing temperature",
  ]),
  fastTemperature("temp_liquid_line", WARM_SIDE, [
    "Flüssigkeitstemperatur",
    "Liquid line temperature",
  ]),
  fastTemperature("temp_injection", WARM_SIDE, ["Einspritztemperatur", "Injection temperature"]),
  fastTemperature("temp_oil", WARM_SIDE, ["Öltemperatur", "Oil temperature"]),
  fastTemperature("temp_inverter", WARM_SIDE, ["Umrichtertemperatur", "Inverter temperature"]),
  fastTemperature("temp_heat_sink_flow", WATER, [
    "Wärmesenke Vorlauf",
    "Heat sink flow temperature",
  ]),
  fastTemperature("temp_heat_sink_return", WATER, [
    "Wärmesenke Rücklauf",
    "Heat sink return temperature",
  ]),
  difference("superheat", [-30, 100], ["Überhitzung", "Superheat"]),
  difference("superheat_target", [-30, 100], ["Überhitzung, Soll", "Superheat target"], "setpoint"),
  difference("subcooling", [-30, 100], ["Unterkühlung", "Subcooling"]),
];

/** Temperatures of tanks, house, sun and pool. */
export const HOUSE_TEMPERATURES: readonly Metric[] = [
  slowTemperature("temp_outdoor_average", AIR, [
    "Gemittelte Außentemperatur",
    "Averaged outdoor temperature",
  ]),
  slowTemperature("temp_heat_storage", TANK, [
    "Wärmespeichertemperatur",
    "Heat storage temperature",
  ]),
  slowTemperature(
    "temp_cold_storage",
    [-30, 60],
    ["Kältespeichertemperatur", "Cold storage temperature"],
  ),
  slowTemperature("temp_hot_water_bottom", TANK, [
    "Warmwassertemperatur unten",
    "Hot water temperature, bottom",
  ]),
  slowTemperature("temp_hot_water_top", TANK, [
    "Warmwassertemperatur oben",
    "Hot water temperature, top",
  ]),
  slowTemperature("temp_hot_water_tap", TANK, [
    "Warmwasserzapftemperatur",
    "Hot water temperature at the tap",
  ]),
  fastTemperature("temp_hot_water_charge", WATER, [
    "Warmwasserladetemperatur",
    "Hot water charging temperature",
  ]),
  slowTemperature("temp_room", [-20, 60], ["Raumtemperatur", "Room temperature"]),
  fastTemperature("temp_cooling_flow", WATER, [
    "Kühlvorlauftemperatur",
    "Cooling flow temperature",
  ]),
  fastTemperature("temp_cooling_return", WATER, [
    "Kühlrücklauftemperatur",
    "Cooling return temperature",
  ]),
  fastTemperature("temp_second_generator", WATER, [
    "Temperatur zweiter Wärmeerzeuger",
    "Second heat generator temperature",
  ]),
  fastTemperature(
    "temp_solar_collector",
    [-60, 300],
    ["Solarkollektortemperatur", "Solar collector temperature"],
  ),
  fastTemperature(
    "temp_solar_return",
    [-60, 200],
    ["Solarkollektor-Rücklauftemperatur", "Solar collector return temperature"],
  ),
  fastTemperature(
    "temp_solar_charge",
    [-30, 200],
    ["Solarladetemperatur", "Solar charging temperature"],
  ),
  slowTemperature("temp_pool", [-10, 80], ["Pooltemperatur", "Pool temperature"]),
];

/** Temperatures that somebody wants. */
export const TEMPERATURE_TARGETS: readonly Metric[] = [
  temperatureTarget("temp_flow_target", WATER, [
    "Vorlauftemperatur, Soll",
    "Flow temperature target",
  ]),
  temperatureTarget("temp_return_target", WATER, [
    "Rücklauftemperatur, Soll",
    "Return temperature target",
  ]),
  temperatureTarget("temp_hot_water_target", TANK, [
    "Warmwassertemperatur, Soll",
    "Hot water temperature target",
  ]),
  temperatureTarget("temp_hot_water_on", TANK, [
    "Warmwasserladung, Einschalttemperatur",
    "Hot water charging starts at",
  ]),
  temperatureTarget("temp_hot_water_off", TANK, [
    "Warmwasserladung, Ausschalttemperatur",
    "Hot water charging ends at",
  ]),
  temperatureTarget(
    "temp_room_target",
    [-20, 60],
    ["Raumtemperatur, Soll", "Room temperature target"],
  ),
  temperatureTarget("temp_heat_storage_target", TANK, [
    "Wärmespeichertemperatur, Soll",
    "Heat storage temperature target",
  ]),
  temperatureTarget("temp_bivalence", AIR, ["Bivalenzpunkt", "Bivalence point"]),
  temperatureTarget("temp_bivalence_2", AIR, ["Bivalenzpunkt 2", "Bivalence point 2"]),
];
