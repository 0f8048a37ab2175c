/** What the table does not say about LG Therma V, and what a person decided. */
import type { Family } from "./family-lines.js";

const HEAD = `# yaml-language-server: $schema=../profile.schema.json
# LG Therma V on RS485 behind a gateway that speaks Modbus TCP: 9600 baud, 8N1. The manual counts
# from 1 (30001 is address 0) and swaps the names of two function codes.
# On R290 units polling must not rest once external control is on (CH03): the unit stops about a
# minute after the last request. heatpool never turns external control on.
name: lg/therma-v
manufacturer: LG
model: Therma V
description:
  de: LG Therma V über ein RS485-Gateway
  en: LG Therma V through an RS485 gateway
verified: false # no recording yet
sources:
  lg: "LG Therma V R290 installation manual, p. 173-176 (stephan-aichholzer/lg-r290-control: LG_R290_register.pdf)"
  lge: "LG manual in English (HN0913T p. 162, HN1639HC p. 157)"
  ba: "basti242/homeassistant_lg_therma_v_modbus: modbus_lg_heatpump.yaml"
  sa: "stephan-aichholzer/lg-r290-control: lg_r290_modbus.py"
  re: "reverendcz/lg_therma_data: registers.yaml"
  ev: "evcc-io/evcc: templates/definition/charger/lg-therma.yaml"
connection:
  transport: rtu-gateway
  port: 502
  unitId: 33 # set at the remote control
  anyUnit: false # a shared gateway hands over frames of other devices: the unit must be right
  wordsPerReadMax: 16 # no limit is published; the longest documented block has 14
  bitsPerReadMax: 17
  requestTimeoutMs: 3000
  pauseBetweenRequestsMs: 300 # 0.2 to 0.5 s
  pollSecondsMin: 10
  connectionsMax: 1
  source: [lg, ba, sa, re]
identification:
  - { register: product_info, oneOf: [0, 3, 4, 5, 6], meaning: "a kind of Therma V (0, 3, 4, 5 or 6) at input 9998", source: [lg, ba] }
  - { register: temp_outdoor, min: -60, max: 60, mayBeAbsent: true, meaning: an outdoor temperature at input 12, source: [lg, ba, re, sa] }
parameters:
  power_meter:
    label: { de: Modell misst die elektrische Leistung, en: Model measures electrical power }
    values: ["yes", "no"]
    default: ["no"]
    several: false
# -64.9 °C: no sensor. evcc reads temperatures as uint16, which is wrong below 0 °C.
defaults:
  space: input
  encoding: int16
  absent:
    int16: [-649]
`;

const TAIL = `vectors:
  - { register: temp_outdoor, words: [65436], value: -10 }
  - { register: temp_outdoor, words: [64887], quality: absent, note: -64.9 °C }
  - { register: temp_flow, words: [352], value: 35.2 }
  - { register: temp_solar_collector, words: [3000], quality: absent, note: 300.0 °C }
  - { register: temp_solar_collector, words: [64887], quality: absent }
  - { register: flow_rate, words: [187], value: 18.7 }
  - { register: power_current, words: [1835], value: 1.84, note: 1835 W }
  - { register: pressure_high_raw, words: [2650], value: 2650, note: no unit as long as the scale is disputed }
  - { register: curve_shift_circuit_a, words: [65533], value: -3 }
  - { register: compressor_state, words: [1], value: 1 }
  - { register: operating_mode, words: [2], value: 2 }
`;

const ACTION = "write: command";

const DECISIONS = `
# Values
i0 | = fault | | |
i1 | = operating_mode | | |
i2 | = temp_return | | |
i3 | = temp_flow | | |
i4 | temp_backup_heater_out | | |
i5 | = temp_hot_water | | |
i6 | = temp_solar_collector | | | absent: [-649, 3000]
i7 | = temp_room_circuit_a | | |
i8 | = flow_rate | | |
i9 | = temp_flow_circuit_b | | |
i10 | = temp_room_circuit_b | | |
i11 | = smart_grid | | |
i12 | = temp_outdoor | | |
i13 | = pressure_water | | |
# Not in the manual. The sources differ about scales and meanings: read locally, shared with nobody.
i18 | = temp_suction_gas | Sauggastemperatur (undokumentiert) | |
# Disputed: 1 °C or 0.1 °C.
i19 | temp_hot_gas_raw | | Inverter discharge temperature (undocumented) | confidence: disputed
i20 | temp_evaporator_in | Wärmetauscher/Verdampfereintritt (undokumentiert) | |
# Disputed: a temperature, or the evaporator's pressure.
i21 | temp_evaporator_out | Verdampferaustritt (undokumentiert) | Evaporator outlet temperature (undocumented) | confidence: disputed
# Disputed: the scales of 22 to 24.
i22 | pressure_high_raw | Hochdruck Kältemittel (undokumentiert) | High pressure refrigerant (undocumented) | confidence: disputed
i23 | pressure_low_raw | Niederdruck Kältemittel (undokumentiert) | Low pressure refrigerant (undocumented) | confidence: disputed
i24 | compressor_frequency_raw | Verdichterfrequenz (undokumentiert) | | confidence: disputed
# Some models alone have it.
i35 | = power_current | | | when: { parameter: { power_meter: ["yes"] } }
i9997 | product_group | | | group: once
i9998 | product_info | | | group: once
# Settings
h0 | = system_mode | | |
h1 | control_method | | |
# A water or a room temperature, as control_method says.
h2 | temp_target_circuit_1 | | |
h3 | temp_room_given_circuit_1 | | |
h4 | = curve_shift_circuit_a | | |
h5 | temp_target_circuit_2 | | |
h6 | temp_room_given_circuit_2 | | |
h7 | = curve_shift_circuit_b | | |
h8 | = temp_hot_water_target | | |
h9 | energy_state_given | | |
h24 | = power_limit | | |
# Switches
c0 | heating_cooling_on | | |
c1 | hot_water_on | | |
c2 | silent_mode_on | | |
c3 | disinfection_start | | | ${ACTION}
c4 | emergency_stop | | | ${ACTION}
c5 | emergency_operation_start | | | ${ACTION}
c6 | power_limitation_on | | |
# States
d0 | water_flow_too_low | | |
d1 | water_pump | | |
d2 | water_pump_external | | |
d3 | = compressor_state | | |
d4 | = defrost_active | | |
d5 | hot_water_heating | | |
d6 | hot_water_disinfection | | |
d7 | silent_mode | | |
d8 | cooling | | |
d9 | solar_pump | | |
d10 | = resistive_heater_active | | |
d11 | backup_heater_2 | | |
d12 | hot_water_boost_heater | | |
d13 | = fault_active | | |
d14 | emergency_available_heating | | |
d15 | emergency_available_hot_water | | |
d16 | mix_pump | | |
`;

const TEXTS: Readonly<Record<string, string>> = {
  standby: "Bereitschaft",
  cooling: "Kühlen",
  heating: "Heizen",
  split: "Split",
  monobloc: "Monoblock",
  "high temp": "Hochtemperatur",
  "medium temp": "Mitteltemperatur",
  "system boiler": "Systemkessel",
  auto: "Automatik",
  "water outlet": "Wasseraustritt",
  "water inlet": "Wassereintritt",
  "room air": "Raumluft",
  "not used": "nicht benutzt",
  "forced off": "zwangsweise aus",
  normal: "Normal",
  "on-recommendation": "Einschaltempfehlung",
  "on-command": "Einschaltbefehl",
  "on-command step 2": "Einschaltbefehl Stufe 2",
  "on-recommendation step 1": "Einschaltempfehlung Stufe 1",
  "energy save": "Energiesparen",
  "super energy save": "starkes Energiesparen",
};

export const LG: Family = {
  profile: "lg/therma-v",
  tables: { "": "lg/therma-v.csv" },
  sources: [
    ["lg", "LG Therma V R290"],
    ["lge", "LG manual English"],
    ["ba", "basti242/"],
    ["sa", "stephan-aichholzer/"],
    ["re", "reverendcz/"],
    ["ev", "evcc-io/"],
  ],
  defaults: { space: "input", encoding: "int16" },
  texts: TEXTS,
  language: "en",
  head: HEAD,
  tail: TAIL,
  decisions: DECISIONS,
};
