/** Metrics of the machine's drives, flows, powers and pressures. */
import {
  finePercent,
  flow,
  type Metric,
  percent,
  power,
  pressure,
  setting,
  speed,
} from "./metric.js";

/** Pumps whose controller reports -1 while they are switched off (iDM). */
const PUMP = [-1, 100] as const;
const SUPPLY_KW = [0, 500] as const;
const FLOW_LITRES_PER_MINUTE = [0, 2000] as const;

/** Compressor, fan, pumps, valves. */
export const DRIVES: readonly Metric[] = [
  finePercent(
    "compressor_speed_percent",
    ["Verdichterdrehzahl in Prozent", "Compressor speed in percent"],
    [0, 150],
  ),
  finePercent("compressor_rating", ["Verdichterleistungsstufe", "Compressor rating"], [0, 150]),
  speed("compressor_speed", "rpm", [0, 15000], ["Verdichterdrehzahl", "Compressor speed"]),
  setting(
    "compressor_frequency_target",
    "Hz",
    [0, 500],
    ["Verdichterfrequenz, Soll", "Compressor frequency target"],
  ),
  finePercent(
    "fan_speed_percent",
    ["Ventilatordrehzahl in Prozent", "Fan speed in percent"],
    [0, 150],
  ),
  speed("fan_speed_2", "rpm", [0, 10000], ["Ventilatordrehzahl 2", "Fan 2 speed"]),
  percent("pump_charge", ["Ladepumpe", "Charging pump"], PUMP),
  percent("pump_source", ["Wärmequellenpumpe", "Heat source pump"], PUMP),
  percent(
    "pump_intermediate",
    ["Sole-/Zwischenkreispumpe", "Brine or intermediate circuit pump"],
    PUMP,
  ),
  percent("pump_heating", ["Heizungspumpe", "Heating pump"], PUMP),
  percent("pump_circulation", ["Zirkulationspumpe", "Hot water circulation pump"], PUMP),
  percent("pump_cold_storage", ["Kältespeicherpumpe", "Cold storage pump"], PUMP),
  percent("pump_recooling", ["Rückkühlpumpe", "Recooling pump"], PUMP),
  finePercent("eev_opening", ["Öffnung des Expansionsventils", "Expansion valve opening"]),
  finePercent("evi_opening", ["Öffnung des Einspritzventils", "Injection valve opening"]),
];

/** Electrical and thermal powers beyond the established ones. */
export const POWERS: readonly Metric[] = [
  power("power_electric_total", SUPPLY_KW, [
    "Elektrische Gesamtleistung",
    "Total electrical power",
  ]),
  power("power_thermal_heating", [-500, 1000], ["Wärmeleistung Heizen", "Thermal power, heating"]),
  power(
    "power_thermal_hot_water",
    [-500, 1000],
    ["Wärmeleistung Warmwasser", "Thermal power, hot water"],
  ),
  power("power_thermal_cooling", [-1000, 1000], ["Kälteleistung", "Thermal power, cooling"]),
  power("power_electric_heating", SUPPLY_KW, [
    "Elektrische Leistung Heizen",
    "Electrical power, heating",
  ]),
  power("power_electric_hot_water", SUPPLY_KW, [
    "Elektrische Leistung Warmwasser",
    "Electrical power, hot water",
  ]),
  power("power_electric_cooling", SUPPLY_KW, [
    "Elektrische Leistung Kühlen",
    "Electrical power, cooling",
  ]),
  flow("power_resistive_heater", "kW", SUPPLY_KW, [
    "Leistung Elektroheizstab",
    "Electric heater power",
  ]),
  power("power_solar_thermal", [-50, 500], ["Solarthermische Leistung", "Solar thermal power"]),
  power("power_pv", [-1, 1000], ["Photovoltaikleistung", "Photovoltaic power"]),
  power("power_pv_surplus", [-1000, 1000], ["Photovoltaik-Überschuss", "Photovoltaic surplus"]),
  power("power_house", [-1000, 1000], ["Hausverbrauch", "House consumption"]),
  power(
    "power_battery",
    [-1000, 1000],
    ["Batterieleistung, Entladen positiv", "Battery power, discharge positive"],
  ),
  power("power_limit", SUPPLY_KW, ["Leistungsbegrenzung", "Power limit"]),
  percent("battery_charge", ["Ladestand der Batterie", "Battery state of charge"]),
  flow("current_l1", "A", [0, 500], ["Strom L1", "Current L1"]),
  flow("current_l2", "A", [0, 500], ["Strom L2", "Current L2"]),
  flow("current_l3", "A", [0, 500], ["Strom L3", "Current L3"]),
  setting("price_electricity", "€/MWh", [-2000, 10000], ["Strompreis", "Electricity price"]),
];

/** Water, brine, air and pressures. */
export const FLUIDS: readonly Metric[] = [
  flow("flow_rate", "l/min", FLOW_LITRES_PER_MINUTE, ["Durchfluss", "Flow rate"]),
  flow("flow_rate_source", "l/min", FLOW_LITRES_PER_MINUTE, [
    "Durchfluss Wärmequelle",
    "Source flow rate",
  ]),
  pressure("pressure_water", [0, 16], ["Wasserdruck der Heizung", "Heating water pressure"]),
  pressure("pressure_source", [0, 16], ["Druck im Quellenkreis", "Source circuit pressure"]),
  pressure("pressure_medium", [0, 150], ["Mitteldruck", "Medium pressure"]),
  percent("humidity_room", ["Raumfeuchte", "Room humidity"]),
  percent("humidity_outdoor", ["Außenluftfeuchte", "Outdoor humidity"]),
  setting("degree_minutes", "K·min", [-32768, 32767], ["Gradminuten", "Degree minutes"]),
];
