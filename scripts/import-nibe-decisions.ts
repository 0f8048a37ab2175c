/** What the export tables of the NIBE S series do not say and a person has decided, by space and address. */

/** Fields that the table has not, or has otherwise. */
export interface Decision {
  readonly id?: string;
  readonly metric?: string;
  readonly priority?: number;
  readonly also?: string;
  readonly unit?: string;
  /** `fast` unless it is a counter or a setting. */
  readonly group?: "slow";
  readonly extra?: readonly string[];
  readonly comment?: string;
}

const metric = (name: string, priority?: number): Decision =>
  priority === undefined ? { metric: name } : { metric: name, priority };
const slow = (name: string, priority?: number): Decision => ({
  ...metric(name, priority),
  group: "slow",
});

/** Words that hold one byte have 255 where there is nothing. */
const byte = (decision: Decision): Decision => ({
  ...decision,
  extra: [...(decision.extra ?? []), "absent: [255, 65535]"],
});

/** A difference of temperatures; the tables say °C. */
const kelvin = (name: string): Decision => ({ metric: name, unit: "K" });

const room = (circuit: string) => metric(`temp_room_circuit_${circuit}`);
const roomTarget = (circuit: string) => slow(`temp_room_target_circuit_${circuit}`);

export const DECISIONS: Readonly<Record<string, Decision>> = {
  "input 1": metric("temp_outdoor"),
  "input 5": metric("temp_flow"),
  "input 7": metric("temp_return"),
  "input 8": { metric: "temp_hot_water", also: "{ temp_hot_water_top: 1 }" },
  "input 9": metric("temp_hot_water", 2),
  "input 13": metric("temp_hot_gas", 3),
  "input 16": metric("temp_suction_gas", 3),
  "input 26": metric("temp_room"),
  "input 37": metric("temp_outdoor_average"),
  "input 38": metric("temp_second_generator"),
  "input 40": metric("flow_rate"),
  "input 46": metric("current_l3"),
  "input 48": metric("current_l2"),
  "input 50": metric("current_l1"),
  "input 87": metric("temp_hot_water_tap"),
  "input 110": room("g"),
  "input 111": room("f"),
  "input 112": room("e"),
  "input 113": room("d"),
  "input 114": room("c"),
  "input 115": room("b"),
  "input 116": room("a"),
  "input 301": metric("compressor_frequency_target", 2),
  "input 401": metric("fan_speed"),
  "input 406": {
    comment: "Generated power for heating alone, perhaps an estimate: no power_thermal, so no COP",
  },
  "input 409": kelvin("superheat_target"),
  "input 410": kelvin("superheat"),
  "input 550": metric("temp_evaporating"),
  "input 551": metric("temp_condensing"),
  "input 552": metric("temp_injection"),
  "input 555": metric("temp_evaporator", 2),
  "input 936": metric("fan_speed", 2),
  "input 1017": metric("temp_flow_target_circuit_a"),
  "input 1025": slow("hours_resistive_heater"),
  "input 1027": metric("power_resistive_heater"),
  "input 1028": byte(metric("operating_mode")),
  "input 1046": metric("compressor_frequency", 2),
  "input 1065": { id: "compressor_frequency_whole" },
  "input 1102": byte(metric("pump_heating")),
  "input 1475": metric("temp_heat_sink_return"),
  "input 1479": metric("temp_hot_gas"),
  "input 1480": metric("temp_liquid_line"),
  "input 1481": metric("temp_suction_gas"),
  "input 1489": slow("starts_compressor"),
  "input 1491": slow("hours_compressor"),
  "input 1493": slow("hours_compressor_hot_water"),
  "input 1524": metric("temp_hot_gas", 2),
  "input 1526": metric("temp_suction_gas", 2),
  "input 1583": slow("energy_heat_hot_water"),
  "input 1585": slow("energy_heat_heating"),
  "input 1621": metric("temp_air_in"),
  "input 1622": metric("temp_evaporator"),
  "input 1801": metric("pressure_high"),
  "input 1802": metric("pressure_low"),
  "input 1803": metric("compressor_frequency"),
  "input 1805": {
    comment: "Not only 0 and 1 is likely, and what they mean is not stated: no flag",
  },
  "input 1815": metric("pressure_high", 2),
  "input 1854": metric("compressor_frequency_target"),
  "input 1911": byte(metric("smart_grid")),
  "input 1967": metric("temp_inverter"),
  "input 1973": metric("temp_inverter", 2),
  "input 1974": { comment: "A step, not turns a minute: no fan_speed" },
  "input 1975": metric("fault"),
  "input 2126": metric("temp_condensing", 2),
  "input 2129": metric("temp_evaporator", 3),
  "input 2166": {
    comment: "2166, 2176, 2408 and 2727 are powers too; how they differ from 2305 is not stated",
  },
  "input 2195": byte(metric("fault_active")),
  "input 2305": metric("power_current"),
  "input 3800": metric("temp_second_generator", 2),
  "input 3821": slow("energy_heat_total"),
  "input 3823": slow("energy_electric_total"),
  "holding 11": { metric: "degree_minutes" },
  "holding 22": { extra: ["write: command"] },
  "holding 26": slow("curve_circuit_a"),
  "holding 56": slow("hot_water_mode"),
  "holding 203": roomTarget("d"),
  "holding 204": roomTarget("c"),
  "holding 205": roomTarget("b"),
  "holding 206": roomTarget("a"),
  "holding 237": byte(slow("system_mode")),
  "holding 2743": { id: "operating_mode_setting" },
  "holding 953": roomTarget("g"),
  "holding 954": roomTarget("f"),
  "holding 955": roomTarget("e"),
  "holding 3032": {
    comment: "Would have to be 1 before an external control; heatpool never writes",
  },
  "holding 5000": { extra: ["write: command"] },
};

/** Codes in German. */
export const GERMAN: Readonly<Record<string, string>> = {
  Off: "aus",
  "Hot Water": "Warmwasser",
  Heat: "Heizen",
  Pool: "Pool",
  Cooling: "Kühlen",
  "Normal Price": "Normalpreis",
  "High Price": "hoher Preis",
  "Low Price": "niedriger Preis",
  "Free Electricity": "kostenloser Strom",
  "No alarm": "kein Alarm",
  Alarm: "Alarm",
  Small: "klein",
  Medium: "mittel",
  Large: "groß",
  "Smart Control": "Smart Control",
  Auto: "automatisch",
  Manual: "manuell",
  "Add. heat only": "nur Zusatzheizung",
};

/** Headings between the lines. */
export const HEADINGS: readonly (readonly [space: string, address: number, text: string])[] = [
  ["input", 1, "Measured values, function code 4"],
  ["input", 269, "Operation and accessories"],
  ["input", 400, "Outdoor air heat pump EB101"],
  ["input", 683, "Smart Energy Source"],
  ["input", 1017, "Operation"],
  ["input", 1451, "Heat pumps: versions, temperatures, counters"],
  ["input", 1800, "Refrigerant and compressor"],
  ["input", 2166, "Power and energy"],
  ["holding", 11, "Settings, function code 3"],
];
