/** What the table does not say about Vaillant geoTHERM/3 behind ise, and what a person decided. */
import type { Family } from "./family-lines.js";

const HEAD = `# yaml-language-server: $schema=../profile.schema.json
# Vaillant geoTHERM/3 (VWS 220/3 to 460/3) behind the gateway ise smart connect Modbus Vaillant,
# unit 1: the heat pump. Not for aroTHERM. The manual prints numbers from 1, this file counts from 0.
# A page of the manual was not readable, so addresses 20 to 53 are missing, and with them the flow,
# return and outdoor temperatures. Units 2 (hot water), 3 (heater), 4 to 18 (modules) are not here.
name: vaillant/ise-geotherm3
manufacturer: Vaillant
model: geoTHERM/3 with ise smart connect
description:
  de: Vaillant geoTHERM/3 hinter ise smart connect Modbus (unvollständig)
  en: Vaillant geoTHERM/3 behind ise smart connect Modbus (incomplete)
verified: false # no recording yet
sources:
  ise: "ise smart connect Modbus Vaillant, product manual S-0002-007, p. 17, 19, 20"
  mb: "nobrega8/mbmap-library: maps/ise/smart-connect-vaillant-geotherm3.mbmap.json: base and word order, after the same manual"
connection:
  port: 502
  unitId: 1
  wordsPerReadMax: 20 # no limit is published; the longest block has 20
  pollSecondsMin: 60 # the gateway asks the heat pump every 2 to 60 minutes, as the value needs
  refreshSeconds: 120
  source: [ise, mb]
poll:
  slowSeconds: 300
# With the wrong word order a temperature would be some 1e-38 and a counter beyond any life.
identification:
  - { register: hours_compressor, min: 0, max: 450000, meaning: "compressor hours up to 450,000 at input 14, low word first", source: [ise, mb] }
  - { register: temp_source_in, min: -60, max: 60, mayBeAbsent: true, meaning: "a brine temperature at input 6, low word first", source: [ise, mb] }
# Before each measured value stands the state of its sensor. What its numbers mean is not in the
# readable pages, so a value is judged by its bounds alone.
defaults:
  space: input
  encoding: uint16
  wordOrder: low-first
  resolution: 0.1
  confidence: verified-in-1-sources # both sources are one manual
  absent:
    float32: [nan]
`;

const TAIL = `# Low word first: 8.25 is 0x41040000, 100000 is 0x000186A0.
vectors:
  - { register: temp_source_in, words: [0, 16644], value: 8.3 }
  - { register: temp_source_in, words: [16644, 0], value: 0, note: high word first would be 0.0 }
  - { register: temp_source_out, words: [0, 49224], value: -3.1 }
  - { register: temp_source_out, words: [0, 32704], quality: absent }
  - { register: pressure_high, words: [0, 16840], value: 25 }
  - { register: starts_compressor, words: [34464, 1], value: 100000 }
  - { register: hours_compressor, words: [12345, 0], value: 12345 }
  - { register: degree_minutes, words: [65476], value: -60 }
`;

const DECISIONS = `
# Bus between gateway and heat pump
i0 | ebus_error | eBUS-Fehler | |
i1 | ebus_last_error | letzter eBUS-Fehler | |
# Source
i2 | temp_source_out_state | Fühlerzustand Luft-/Soleaustritt | Sensor state, air/brine outlet |
i3 | = temp_source_out | Luft-/Soleaustrittstemperatur | |
i5 | temp_source_in_state | Fühlerzustand Soleeintritt | Sensor state, brine inlet |
i6 | = temp_source_in | Soleeintrittstemperatur | |
i8 | pressure_source_state | Fühlerzustand Druck Quellenkreis | Sensor state, source circuit pressure |
i9 | = pressure_source | Druck Quellenkreis | |
i11 | source_pump_state | Status Ventilator/Solepumpe | |
# Compressor
i12 | = starts_compressor | Verdichterstarts | | group: slow
i14 | = hours_compressor | Betriebsstunden Verdichter | | group: slow
i16 | = compressor_state | Verdichter läuft | |
i17 | pressure_high_state | Fühlerzustand Hochdruck | Sensor state, high pressure |
i18 | = pressure_high | Hochdruck Verdichter | High pressure, compressor |
# Heating circuit
i54 | mixer_activation | Mischeransteuerung | |
i55 | circuit_pump_state | Status Heizkreispumpe | |
# Settings
h56 | brine_pump_speed | Drehzahlvorgabe Solepumpe | |
h57 | compressor_hysteresis | Hysterese Verdichter | |
h58 | = degree_minutes | Energieintegral seit Verdichterstart | | unit: K·min; group: fast
h59 | circuit_pump_speed | Drehzahlvorgabe Heizkreispumpe | |
h60 | = mode_circuit_a | Betriebsart Heizkreis | |
h61 | = temp_room_target_circuit_a | Raum-Soll Tag | |
h62 | temp_setback | Absenktemperatur | |
h63 | = curve_circuit_a | Heizkurve | |
h65 | flow_target_max | Vorlauf-Soll höchstens | |
h66 | flow_target_min | Vorlauf-Soll mindestens | |
h67 | outdoor_switch_off | Abschaltgrenze Außentemperatur | |
`;

export const ISE_GEOTHERM: Family = {
  profile: "vaillant/ise-geotherm3",
  tables: { "": "vaillant/ise-geotherm3-unit1-partial.csv" },
  sources: [
    ["ise", "ise smart connect"],
    ["mb", "base and word order: nobrega8"],
  ],
  defaults: { space: "input", encoding: "uint16" },
  texts: {},
  language: "en",
  head: HEAD,
  tail: TAIL,
  decisions: DECISIONS,
};
