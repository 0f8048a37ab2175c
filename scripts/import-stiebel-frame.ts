/** What stands around the registers in the profiles of Stiebel Eltron behind an ISG. */

const SOURCE_TEXTS = {
  th: (name: string) =>
    `ThyMYthOS/python-stiebel-eltron: api/${name}_*.csv (Stiebel Eltron ISG Modbus manual)`,
  pa: (name: string) =>
    `pail23/stiebel_eltron_isg_component: custom_components/stiebel_eltron_isg/${name}_coordinator.py`,
  oh: () => "openhab/openhab-addons: bundles/org.openhab.binding.modbus.stiebeleltron",
  ny: () => "nymea/nymea-plugins-modbus: stiebeleltron/stiebel-eltron-registers.json",
  ev: (name: string) =>
    `evcc-io/evcc: templates/definition/charger/stiebel-${name === "lwz" ? "lwa" : name}.yaml`,
};

const CONNECTION = `# The gateway is an ISG web or ISG plus with Modbus. The manual counts from 1, this file from 0.
connection:
  port: 502
  unitId: 1
  wordsPerReadMax: 111 # 500 to 610 are read at once in the field
  gapWordsMax: 64 # inside a block what is not there answers 0x8000, no exception
  pollSecondsMin: 30 # faster polling hangs the ISG until somebody restarts it
  refreshSeconds: 30
  connectionsMax: 1
  absentExceptions: [2]
  source: [th, pa, oh]
poll:
  slowSeconds: 300`;

const DEFAULTS = `# 0x8000: this installation does not have it. 0x9000: switched off.
defaults:
  space: input
  encoding: int16
  absent:
    int16: [-32768, -28672]
    uint16: [32768, 36864]
    bool: [32768, 36864]
    bits: [32768, 36864]
    sum: [32768, 36864] # in either word`;

const CIRCUIT = `  circuit:
    label: { de: Heizkreise, en: Heating circuits }
    values: [a, b, c, d, e] # the manual counts 1 to 5
    default: [a]`;

const HEATER_HEAT =
  "  - { metric: energy_heat_resistive, sum: [heater_heat_heating, heater_heat_hot_water], source: [th] }";

const WPM_HEAD = `# yaml-language-server: $schema=../profile.schema.json
# Stiebel Eltron heat pumps with the manager WPM 3, WPM 3i or WPMsystem behind an ISG.
# Not available by Modbus: fan and compressor speed, thermal power, a COP of the moment.
name: stiebel-eltron/wpm-isg
manufacturer: Stiebel Eltron
model: WPM 3, WPM 3i, WPMsystem
description:
  de: Stiebel-Eltron-Wärmepumpen mit WPM hinter einem Internet Service Gateway (ISG)
  en: Stiebel Eltron heat pumps with WPM behind an Internet Service Gateway (ISG)`;

const WPM_IDENTITY = `# Other controllers have other meanings at the same addresses.
identification:
  - { register: controller, oneOf: [390, 391, 449], meaning: "390 (WPM 3), 391 (WPM 3i) or 449 (WPMsystem) at 5001; an LWZ has 103, 104 or 551", source: [th] }
parameters:
${CIRCUIT}
  heat_pump:
    label: { de: Weitere Wärmepumpen der Kaskade, en: Further heat pumps of the cascade }
    values: ["2", "3", "4", "5", "6"]
    default: []`;

const WPM_TAIL = `derived:
${HEATER_HEAT}
vectors:
  - { register: temp_outdoor, words: [65486], value: -5 }
  - { register: temp_outdoor, words: [32768], quality: absent, note: no sensor }
  - { register: temp_flow, words: [352], value: 35.2 }
  - { register: temp_flow, words: [36864], quality: absent, note: switched off }
  - { register: flow_rate, words: [1834], value: 18.3, note: hundredths of a litre per minute }
  - { register: pressure_high, words: [2512], value: 25.12, note: WPM 3 and WPMsystem count hundredths }
  - { register: high_pressure, words: [251], value: 25.1, note: WPM 3i counts tenths }
  - { register: energy_heat_heating, words: [345, 12], value: 12345, note: kWh and MWh }
  - { register: energy_heat_heating, words: [32768, 0], quality: absent }
  - { register: energy_heat_heating, words: [0, 32768], quality: absent }
  - { register: heat_for_heating_last_1_to_24_hours, words: [500, 23], value: 23500, note: Wh and kWh }
  - { register: operating_status, words: [592], value: 592, note: "compressor, heating and defrost" }
  - { register: compressor_state, words: [592], value: 1 }
  - { register: defrost_active, words: [592], value: 1 }
  - { register: resistive_heater_active, words: [592], value: 0 }
  - { register: compressor_state, words: [32768], quality: absent }
  - { register: can_bus_state, words: [65532], value: -4 }
  - { register: fault, words: [1], value: 1 }
  - { register: controller, words: [449], value: 449 }
  - { register: power_current, words: [23], value: 2.3 }
  - { register: power_current, words: [65535], quality: implausible }
  - { register: power_limit, words: [4600], value: 4.6, note: W become kW }
  - { register: curve_circuit_a, words: [65], value: 0.7, note: "hundredths, kept in tenths" }
`;

const LWZ_HEAD = `# yaml-language-server: $schema=../profile.schema.json
# Stiebel Eltron ventilation heat pumps LWZ behind an ISG. The tables name LWA devices too, but not
# what those answer at 5001: they are refused until somebody knows.
# Not available by Modbus: power of the whole machine, thermal power, a COP of the moment.
name: stiebel-eltron/lwz-isg
manufacturer: Stiebel Eltron
model: LWZ
description:
  de: Stiebel-Eltron-Lüftungs-Wärmepumpen LWZ hinter einem Internet Service Gateway (ISG)
  en: Stiebel Eltron ventilation heat pumps LWZ behind an Internet Service Gateway (ISG)`;

const LWZ_IDENTITY = `# Other controllers have other meanings at the same addresses. What only some LWZ have answers 0x8000.
identification:
  - { register: controller, oneOf: [103, 104, 551], meaning: "103 (LWZ), 104 (LWZ x04 SOL) or 551 (LWZ R290) at 5001; a WPM has 390, 391 or 449", source: [th] }
parameters:
${CIRCUIT}`;

const LWZ_TAIL = `derived:
  - { metric: starts_compressor, sum: [compressor_starts_thousands, compressor_starts_units], source: [pa] }
${HEATER_HEAT}
  - { metric: energy_heat_solar, sum: [solar_heat_heating, solar_heat_hot_water], source: [th] }
  - { metric: hours_resistive_heater, sum: [heater_hours_heating, heater_hours_hot_water], source: [th] }
vectors:
  - { register: temp_outdoor, words: [65413], value: -12.3 }
  - { register: temp_outdoor, words: [32768], quality: absent, note: no sensor }
  - { register: pressure_low, words: [312], value: 3.12 }
  - { register: compressor_frequency, words: [455], value: 45.5 }
  - { register: compressor_frequency, words: [36864], quality: absent, note: switched off }
  - { register: compressor_starts_thousands, words: [7], value: 7000 }
  - { register: energy_heat_hot_water, words: [999, 3], value: 3999, note: kWh and MWh }
  - { register: energy_heat_hot_water, words: [999, 32768], quality: absent }
  - { register: operating_status, words: [2054], value: 2054, note: "compressor, heating and defrost" }
  - { register: compressor_state, words: [2054], value: 1 }
  - { register: defrost_active, words: [2054], value: 1 }
  - { register: evu_lock, words: [128], value: 1 }
  - { register: evu_lock, words: [2054], value: 0 }
  - { register: can_bus_state, words: [65535], value: -1 }
  - { register: inverter_power, words: [187], value: 1.87 }
  - { register: controller, words: [103], value: 103 }
`;

/** The text before `registers:` and behind them. */
export function frameOf(name: "wpm-isg" | "lwz-isg"): {
  readonly head: string;
  readonly tail: string;
} {
  const isWpm = name === "wpm-isg";
  const keys = isWpm ? (["th", "pa", "oh", "ny", "ev"] as const) : (["th", "pa", "ev"] as const);
  const sources = keys
    .map((key) => `  ${key}: "${SOURCE_TEXTS[key](isWpm ? "wpm" : "lwz")}"\n`)
    .join("");
  const connection = isWpm ? CONNECTION : CONNECTION.replace("[th, pa, oh]", "[th, pa]");
  const head = `${isWpm ? WPM_HEAD : LWZ_HEAD}
verified: false # no recording yet
sources:
${sources}${connection}
${isWpm ? WPM_IDENTITY : LWZ_IDENTITY}
${DEFAULTS}
registers:
`;
  return { head, tail: isWpm ? WPM_TAIL : LWZ_TAIL };
}
