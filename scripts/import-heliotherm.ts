/** What the table does not say about Heliotherm RCG2, and what a person decided. */
import type { Family } from "./family-lines.js";

const HEAD = `# yaml-language-server: $schema=../profile.schema.json
# Heliotherm with the remote control gateway RCG2+ (also Brötje NEO). Addresses count from 0. The
# gateway speaks TCP or RTU, not both at once.
name: heliotherm/rcg2
manufacturer: Heliotherm
model: RCG2+
description:
  de: Heliotherm-Wärmepumpen mit RCG2+ über Modbus TCP
  en: Heliotherm heat pumps with RCG2+ over Modbus TCP
verified: false # no recording yet
sources:
  ht: "Heliotherm RCG2+ Modbus manual (mbuchber/ha_heliotherm: docs/Modbus-Doku_DE.pdf, p. 8-9)"
  mb: "mbuchber/ha_heliotherm: custom_components/ha_heliotherm/__init__.py, issue #69"
connection:
  port: 502
  unitId: 1
  wordsPerReadMax: 32 # all values of the machine lie in one block of 32
  pollSecondsMin: 5
  note: Where orders are written, they are written again and again, but not faster than every 5 s.
  source: [ht, mb]
identification:
  - { register: system_mode, min: 0, max: 7, meaning: "an operating mode from 0 to 7 at holding 100", source: [ht, mb] }
  - { register: temp_outdoor, min: -60, max: 60, mayBeAbsent: true, meaning: an outdoor temperature at input 10, source: [ht, mb] }
# -50.0: no sensor.
defaults:
  space: input
  encoding: int16
  wordOrder: high-first
  absent:
    int16: [-500]
`;

const TAIL = `vectors:
  - { register: temp_outdoor, words: [65413], value: -12.3 }
  - { register: temp_outdoor, words: [65036], quality: absent, note: -50.0 °C }
  - { register: pressure_high, words: [243], value: 24.3 }
  - { register: compressor_state, words: [1], value: 1 }
  - { register: compressor_state, words: [100], value: 1, note: anything but 0 is on }
  - { register: fault_active, words: [0], value: 0 }
  - { register: flow_rate, words: [12000], value: 20, note: 1200.0 l/h }
  - { register: compressor_rating, words: [655], value: 65.5, note: 655 per mille }
  - { register: cop_current, words: [42], value: 4.2 }
  - { register: energy_heat_total, words: [1, 16961], value: 82497, note: 65536 + 16961 }
  - { register: power_current, words: [0, 2345], value: 2.35, note: 2345 W }
  - { register: heat_meter_power, words: [0, 87], value: 87, note: raw as long as the scale is disputed }
`;

const CYCLIC = "write: cyclic";

const DECISIONS = `
# Values
i10 | = temp_outdoor | | |
i11 | = temp_hot_water | | |
i12 | = temp_flow | | |
i13 | = temp_return | | |
i14 | = temp_heat_storage | | |
i15 | = temp_source_in | | |
i16 | = temp_source_out | | |
i17 | = temp_suction_gas | | |
i18 | = temp_evaporating | | |
i19 | = temp_condensing | | |
i20 | = temp_hot_gas | | |
i21 | = pressure_low | | |
i22 | = pressure_high | | |
i23 | = pump_circuit_a | | |
i24 | buffer_charge_pump | | |
i25 | = compressor_state | | |
i26 | = fault_active | | | also: { fault: 1 }
i27 | = defrost_active | | |
i28 | = flow_rate | | |
i29 | = compressor_rating | | |
i30 | = cop_current | | |
i31 | temp_fresh_water | | |
# Disputed: the manual says active when not 0, the integration says active when 0.
i32 | utility_lock | | | encoding: nonzero; confidence: disputed
i33 | = temp_outdoor_average | | |
i34 | temp_target_heating_circuit | | |
i35 | temp_target_mixed_circuit_1 | | |
i36 | temp_target_mixed_circuit_2 | | |
i37 | source_fan_or_pump | | |
i38 | hot_water_priority | | |
i39 | passive_cooling_valve | | |
# Disputed: per mille, or tenths of a percent counted otherwise.
i40 | expansion_valve | | | confidence: disputed
i41 | = operating_mode | | |
# Energies and powers
i60 | = energy_heat_heating | | |
i62 | = energy_electric_heating | | |
i64 | = energy_heat_hot_water | | |
i66 | = energy_electric_hot_water | | |
i68 | = energy_electric_total | | |
i70 | = power_current | | |
i72 | = energy_heat_total | | |
# Disputed: kW, or tenths of a kW. So no thermal power is shared; the device's own COP is at 30.
i74 | heat_meter_power | | | scale: -; unit: -; confidence: disputed
# Settings
h100 | = system_mode | | |
h101 | = temp_room_target_circuit_a | | |
# In force while 103 is 1.
h102 | temp_return_target_given | | | ${CYCLIC}
h103 | temp_return_target_given_active | | | ${CYCLIC}
h104 | temp_return_min_cooling | | |
h105 | = temp_hot_water_target | | |
h106 | temp_hot_water_min | | |
h107 | = mode_circuit_b | | |
h108 | = temp_room_target_circuit_b | | |
h109 | temp_given_mixed_circuit_1 | | | ${CYCLIC}
h110 | temp_given_mixed_circuit_1_active | | | ${CYCLIC}
h111 | temp_return_min_cooling_mixed_circuit_1 | | |
h112 | = mode_circuit_c | | |
h113 | = temp_room_target_circuit_c | | |
h114 | temp_given_mixed_circuit_2 | | | ${CYCLIC}
h115 | temp_given_mixed_circuit_2_active | | | ${CYCLIC}
h116 | temp_return_min_cooling_mixed_circuit_2 | | |
# Orders of an energy manager. 126 must not be written where 125 is used.
h117 | pv_request | | | ${CYCLIC}
h125 | power_electric_given | | Electric power setpoint | ${CYCLIC}
h126 | compressor_speed_given | | Compressor speed setpoint | ${CYCLIC}
h127 | external_request | | | ${CYCLIC}
h128 | fault_reset | | | write: command
h129 | temp_outdoor_given | | | ${CYCLIC}
h130 | temp_outdoor_given_active | | | ${CYCLIC}
h131 | temp_buffer_given | | | ${CYCLIC}
h132 | temp_buffer_given_active | | | ${CYCLIC}
h133 | temp_hot_water_given | | | ${CYCLIC}
h134 | temp_hot_water_given_active | | | ${CYCLIC}
`;

const TEXTS: Readonly<Record<string, string>> = {
  cooling: "Kühlen",
  heating: "Heizen",
  "hot water": "Warmwasser",
  "external request (HA only)": "externe Anforderung (nur Integration)",
  off: "aus",
  auto: "Automatik",
  summer: "Sommer",
  continuous: "Dauerbetrieb",
  setback: "Absenkung",
  holiday: "Urlaub",
  party: "Party",
};

export const HELIOTHERM: Family = {
  profile: "heliotherm/rcg2",
  tables: { "": "heliotherm/rcg2.csv" },
  sources: [
    ["ht", "Heliotherm RCG2+ Modbus manual"],
    ["mb", "mbuchber/"],
  ],
  defaults: { space: "input", encoding: "int16" },
  texts: TEXTS,
  language: "en",
  head: HEAD,
  tail: TAIL,
  decisions: DECISIONS,
};
