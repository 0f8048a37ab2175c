/**
 * What the register tables do not say and a person has decided: which catalogue metric a register
 * of an iDM Navigator serves, what its codes are called in German, what is plausible.
 */

/** Fields of a profile line, written after the address and the encoding. */
export interface Decision {
  readonly metric?: string;
  readonly id?: string;
  readonly priority?: number;
  readonly also?: string;
  readonly extra?: readonly string[];
}

const metric = (name: string, ...extra: string[]): Decision => ({ metric: name, extra });

/** By address of the first of repeated registers. */
export const DECISIONS: Readonly<Record<number, Decision>> = {
  74: metric("power_pv_surplus"),
  76: metric("power_resistive_heater"),
  78: metric("power_pv"),
  82: metric("power_house"),
  84: metric("power_battery"),
  86: metric("battery_charge"),
  1000: metric("temp_outdoor"),
  1002: metric("temp_outdoor_average"),
  1004: metric("fault", "max: 999"),
  1005: metric("system_mode"),
  1008: metric("temp_heat_storage"),
  1010: metric("temp_cold_storage"),
  1012: { metric: "temp_hot_water_bottom", also: "{ temp_hot_water: 2 }" },
  1014: metric("temp_hot_water"),
  1030: metric("temp_hot_water_tap"),
  1032: metric("temp_hot_water_target"),
  1033: metric("temp_hot_water_on"),
  1034: metric("temp_hot_water_off"),
  1048: metric("price_electricity"),
  1050: metric("temp_flow"),
  1052: metric("temp_return"),
  1054: metric("temp_hgl_flow"),
  1056: metric("temp_source_in"),
  1058: metric("temp_source_out"),
  1060: metric("temp_air_in"),
  1062: metric("temp_air_heat_exchanger"),
  1064: metric("temp_air_in_2"),
  1066: metric("temp_charge"),
  1068: metric("temp_heat_sink_return"),
  1070: metric("temp_heat_sink_flow"),
  1072: metric("flow_rate"),
  1090: metric("operating_mode", "max: 15"),
  1091: metric("demand_heating"),
  1092: metric("demand_cooling"),
  1093: metric("demand_hot_water"),
  1098: metric("evu_lock"),
  1099: { metric: "fault_active", also: "{ fault: 2 }" },
  1100: metric("compressor_state"),
  1101: metric("compressor_state_2"),
  1102: metric("compressor_state_3"),
  1103: metric("compressor_state_4"),
  1104: metric("pump_charge", "legal: [-1]"),
  1105: metric("pump_intermediate", "legal: [-1]"),
  1106: metric("pump_source", "legal: [-1]"),
  1108: metric("pump_cold_storage", "legal: [-1]"),
  1109: metric("pump_recooling", "legal: [-1]"),
  1110: metric("valve_cooling"),
  1112: metric("valve_hot_water"),
  1118: { id: "circulation_pump", extra: ["legal: [-1]"] },
  1120: metric("temp_bivalence", "legal: [-1]"),
  1121: metric("temp_bivalence_2", "legal: [-1]"),
  1122: { extra: ["legal: [-1]"] },
  1123: { extra: ["legal: [-1]"] },
  1124: metric("bivalence_state"),
  1350: metric("temp_flow_circuit_{circuit}"),
  1364: metric("temp_room_circuit_{circuit}"),
  1378: metric("temp_flow_target_circuit_{circuit}"),
  1392: metric("humidity_room", "overlap: true"),
  1393: metric("mode_circuit_{circuit}", "overlap: true"),
  1401: metric("temp_room_target_circuit_{circuit}"),
  1429: metric("curve_circuit_{circuit}", "overlap: true"),
  1442: metric("heating_limit_circuit_{circuit}", "overlap: true"),
  1471: { id: "circuit_{circuit}_room_setpoint_cooling_eco", extra: ["overlap: true"] },
  1484: metric("cooling_limit_circuit_{circuit}", "overlap: true"),
  1498: metric("mode_active_circuit_{circuit}"),
  1710: { id: "bms_demand_heating" },
  1711: { id: "bms_demand_cooling" },
  1712: { id: "bms_demand_hot_water" },
  1713: { id: "bms_demand_hot_water_once" },
  1714: { id: "bms_demand_source_pump" },
  1715: { id: "bms_demand_groundwater_pump" },
  1748: metric("energy_heat_heating"),
  1750: metric("energy_heat_total"),
  1752: metric("energy_heat_cooling"),
  1754: metric("energy_heat_hot_water"),
  1756: metric("energy_heat_defrost"),
  1758: metric("energy_heat_passive_cooling"),
  1760: metric("energy_heat_solar"),
  1762: metric("energy_heat_resistive"),
  1790: metric("power_thermal"),
  1792: metric("power_solar_thermal"),
  1850: metric("temp_solar_collector"),
  1852: metric("temp_solar_return"),
  1854: metric("temp_solar_charge"),
  1856: metric("solar_mode"),
  4108: metric("power_limit"),
  4120: { id: "firmware_version", extra: ["resolution: 0.01", "group: once"] },
  // Spikes are seen here; no iDM draws 100 kW, so what is above is read again and then dropped.
  4122: metric("power_current", "max: 100"),
  4124: metric("power_electric_total"),
  4126: { id: "power_thermal_flow_sensor", metric: "power_thermal", priority: 2 },
  4128: { id: "energy_heat_flow_sensor", metric: "energy_heat_total", priority: 2 },
};

/** Where the two controllers differ. */
export const DECISIONS_2_0: Readonly<Record<number, Decision>> = { 1006: metric("smart_grid") };
export const DECISIONS_10: Readonly<Record<number, Decision>> = { 90: metric("smart_grid") };

/** Plausible values of what is read locally alone, by unit; °C of rooms and water alike. */
export const LOCAL_BOUNDS: Readonly<Record<string, string>> = {
  "°C": "min: -60, max: 200",
  "%": "min: -1, max: 100",
  kW: "min: -1000, max: 1000",
};

/** Codes and flags in German. */
export const GERMAN: Readonly<Record<string, string>> = {
  off: "aus",
  on: "ein",
  standby: "Bereitschaft",
  automatic: "Automatik",
  absent: "abwesend",
  holiday: "Urlaub",
  "hot water only": "nur Warmwasser",
  "heating/cooling only": "nur Heizung/Kühlung",
  heating: "Heizen",
  cooling: "Kühlen",
  "hot water": "Warmwasser",
  "hot water+heating": "Warmwasser und Heizen",
  "heat source/pool": "Wärmequelle/Pool",
  defrost: "Abtauung",
  storage: "Speicher",
  "heat source": "Wärmequelle",
  "cold storage": "Kältespeicher",
  bypass: "Bypass",
  "no waste heat": "keine Abwärme",
  "time program": "Zeitprogramm",
  normal: "Normal",
  eco: "Eco",
  comfort: "Komfort",
  "manual heating": "Handbetrieb Heizen",
  "manual cooling": "Handbetrieb Kühlen",
  "lock+no cheap power": "EVU-Sperre, kein günstiger Strom",
  "supply+no cheap power": "EVU-Bezug, kein günstiger Strom",
  "no supply+cheap power": "kein EVU-Bezug, günstiger Strom",
  "lock+cheap power": "EVU-Sperre, günstiger Strom",
};

/** Headings between the lines, by the first address they stand above. */
export const HEADINGS: readonly (readonly [number, string])[] = [
  [0, "Photovoltaics and battery, written by an energy manager"],
  [1000, "System and storage"],
  [1030, "Hot water"],
  [1048, "Heat pump"],
  [1090, "Operation, compressors, pumps, valves"],
  [1120, "Further heat generators"],
  [1147, "Cascade"],
  [1350, "Heating circuits A to G"],
  [1392, "1392/1393, 1441/1442 and 1483/1484 share words: each is looked up by its own address"],
  [1650, "Values from a building management system"],
  [1680, "Faults of the heat source"],
  [1690, "Demands from a building management system"],
  [1748, "Energy and power"],
  [1850, "Solar"],
  [1870, "ISC: cooling with heat recovery"],
  [1999, "Acknowledgement of faults: an order to the device, never to be read or sent"],
  [2000, "Zone modules: 65 words each, rooms 7 words each"],
  [4001, "Booster, power and heat meter"],
];
