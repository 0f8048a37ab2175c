/** What the tables do not say about Kermi x-center, and what a person decided. */
import type { Family } from "./family-lines.js";

const HEAD = `# yaml-language-server: $schema=../profile.schema.json
# Kermi x-center: the heat pump is unit 40, the heating storage 50, the hot water storage 51 (and
# the general values 30, not described here). Kermi's support turns Modbus on. The manufacturer's
# sheet counts from 1, this file from 0, as on the wire.
name: kermi/x-center
manufacturer: Kermi
model: x-center pro
description:
  de: Kermi x-center mit Speichern über Modbus TCP
  en: Kermi x-center with storages over Modbus TCP
verified: false # no recording yet
sources:
  jr: "jr42/py-kermi-xcenter: src/kermi_modbus/registers.py"
  oh: "openhab/openhab-addons: org.openhab.binding.modbus.kermi, KermiModbusConstans.java and PowerDTO.java"
  ev: "evcc-io/evcc: templates/definition/charger/kermi.yaml"
connection:
  port: 502
  unitId: 40
  wordsPerReadMax: 16 # no limit is published; the longest block has 12
  pollSecondsMin: 10
  source: [jr, oh]
identification:
  - { register: fault_active, oneOf: [0, 1], meaning: "a global alarm of 0 or 1 at 250 of unit 40", source: [jr, oh] }
  - { register: temp_outdoor_heat_pump, min: -60, max: 60, mayBeAbsent: true, meaning: an outdoor temperature at 3 of unit 40, source: [jr, oh] }
parameters:
  storage:
    label: { de: "Speicher (Heizung: Gerät 50, Warmwasser: Gerät 51)", en: "Storages (heating: unit 50, hot water: unit 51)" }
    values: [heating, hot_water]
    default: [heating, hot_water]
defaults:
  space: holding
  encoding: int16
`;

const TAIL = `vectors:
  - { register: temp_outdoor_heat_pump, words: [65497], value: -3.9 }
  - { register: temp_flow, words: [415], value: 41.5 }
  - { register: cop_current, words: [38], value: 3.8 }
  - { register: power_current, words: [21], value: 2.1 }
  - { register: power_thermal, words: [79], value: 7.9 }
  - { register: hours_compressor, words: [40000], value: 40000, note: not negative }
  - { register: hot_water_storage_temp, words: [478], value: 47.8 }
  - { register: heating_storage_temp, words: [352], value: 35.2 }
  - { register: heating_storage_curve_shift, words: [65526], value: -1 }
  - { register: fault_active, words: [2], quality: implausible }
  - { register: pv_modulation_power, words: [35], value: 35, note: raw as long as the scale is disputed }
`;

/** Unit, id, German and English of the two storages; the same table for both. */
const STORAGES = [
  ["50", "heating_storage", "Heizungsspeicher", "Heating storage", "heating"],
  ["51", "hot_water_storage", "Warmwasserspeicher", "Hot water storage", "hot_water"],
] as const;

/** Per row: id, German, English, metric at unit 50, metric at unit 51. */
const STORAGE_ROWS: readonly (readonly [string, string, string, string, string, string?])[] = [
  ["h1", "heating_temp", "Heizen Ist", "heating", "temp_heat_storage", ""],
  ["h2", "heating_target", "Heizen Soll", "heating set point", "temp_heat_storage_target", ""],
  ["h50", "cooling_temp", "Kühlen Ist", "cooling", "temp_cold_storage", ""],
  ["h51", "cooling_target", "Kühlen Soll", "cooling set point", "", ""],
  ["h100", "hot_water_temp", "Warmwasser Ist", "hot water", "", "temp_hot_water"],
  [
    "h101",
    "hot_water_target",
    "Warmwasser Soll",
    "hot water set point",
    "",
    "temp_hot_water_target",
  ],
  [
    "h102",
    "hot_water_constant",
    "Warmwasser Soll konstant",
    "hot water constant set point",
    "",
    "",
  ],
  [
    "h103",
    "hot_water_once",
    "Warmwasser Einmalladung aktiv",
    "hot water single charge active",
    "",
    "",
  ],
  [
    "h104",
    "hot_water_once_target",
    "Warmwasser Einmalladung Soll",
    "hot water single charge set point",
    "",
    "",
  ],
  ["h150", "circuit_status", "Heizkreis Status", "heating circuit status", "", ""],
  ["h151", "circuit_temp", "Heizkreis Ist", "heating circuit", "temp_flow_circuit_a", ""],
  [
    "h152",
    "circuit_target",
    "Heizkreis Soll",
    "heating circuit set point",
    "temp_flow_target_circuit_a",
    "",
  ],
  [
    "h153",
    "circuit_mode_active",
    "Heizkreis Betriebsmodus",
    "heating circuit operating mode",
    "mode_active_circuit_a",
    "",
  ],
  [
    "h154",
    "circuit_mode",
    "Heizkreis Betriebsart",
    "heating circuit operating type",
    "mode_circuit_a",
    "",
  ],
  ["h155", "circuit_energy_mode", "Heizkreis Energiemodus", "heating circuit energy mode", "", ""],
  [
    "h156",
    "curve_shift",
    "Heizkurve Parallelverschiebung",
    "heating curve parallel offset",
    "curve_shift_circuit_a",
    "",
  ],
  ["h250", "t1", "T1", "T1", "", ""],
  ["h251", "t2", "T2", "T2", "", ""],
  ["h252", "t3", "T3", "T3", "", ""],
  ["h253", "t4", "T4", "T4", "", ""],
  [
    "h254",
    "temp_outdoor",
    "Außentemperatur",
    "outdoor temperature",
    "temp_outdoor #2",
    "temp_outdoor #3",
  ],
  [
    "h255",
    "temp_outdoor_average",
    "Außentemperatur gemittelt",
    "averaged outdoor temperature",
    "temp_outdoor_average",
    "temp_outdoor_average #2",
  ],
  ["h300", "hours_pump", "Betriebsstunden Kreispumpe", "operating hours circuit pump", "", ""],
];

function storageLines(): string {
  return STORAGES.map(([unit, prefix, german, english, value]) => {
    const lines = STORAGE_ROWS.map(([at, id, de, en, heating, hotWater = ""]) => {
      const metric = unit === "50" ? heating : hotWater;
      // heating_storage_heating_temp says it twice
      const short = prefix.startsWith(id.replace(/_temp$/, "")) ? "temp" : id;
      const name = `${prefix}_${short}${metric === "" ? "" : ` = ${metric}`}`;
      return `storage:${at}@${unit} | ${name} | ${german}: ${de} | ${english}: ${en} | when: { parameter: { storage: [${value}] } }`;
    });
    return `# ${english}, unit ${unit}\n${lines.join("\n")}`;
  }).join("\n");
}

const DECISIONS = `
# Heat pump, unit 40
h1 | = temp_source_out | | |
h2 | = temp_source_in | | |
h3 | temp_outdoor_heat_pump = temp_outdoor | | |
h50 | = temp_flow | | |
h51 | = temp_return | | |
h52 | = flow_rate | | |
h100 | = cop_current | | |
h101 | cop_heating | | |
h102 | cop_hot_water | | |
h103 | cop_cooling | | |
h104 | = power_thermal | | |
h105 | = power_thermal_heating | | |
h106 | = power_thermal_hot_water | | |
h107 | = power_thermal_cooling | | |
h108 | = power_current | | |
h109 | = power_electric_heating | | |
h110 | = power_electric_hot_water | | |
h111 | = power_electric_cooling | | |
h150 | = hours_fan | | |
h151 | = hours_pump | | |
h152 | = hours_compressor | | |
h200 | = operating_mode | | |
h250 | = fault_active | | | also: { fault: 1 }
h300 | pv_modulation | | |
# Disputed: W, or 100 W. Falls back unless it is written again within 60 s.
h301 | pv_modulation_power | | | unit: -; write: { kind: watchdog, rewriteSeconds: 60 }; confidence: disputed
h302 | pv_modulation_target_heating | | |
h303 | pv_modulation_target_hot_water | | |
${storageLines()}
`;

export const KERMI: Family = {
  profile: "kermi/x-center",
  tables: {
    "": "kermi/x-center-unit40-heatpump.csv",
    storage: "kermi/x-center-unit50-51-storage.csv",
  },
  sources: [
    ["jr", "jr42/"],
    ["oh", "openhab/"],
    ["ev", "evcc-io/"],
  ],
  defaults: { space: "holding", encoding: "int16" },
  texts: {},
  language: "en",
  head: HEAD,
  tail: TAIL,
  decisions: DECISIONS,
};
