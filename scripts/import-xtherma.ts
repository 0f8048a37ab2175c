/** What the table does not say about Xtherma, and what a person decided. */
import type { Family } from "./family-lines.js";

const HEAD = `# yaml-language-server: $schema=../profile.schema.json
# Xtherma, as the manufacturer publishes it. evcc's template has other types and scales for some of
# these registers; the manufacturer's are used here. Addresses count from 0.
name: xtherma/xtherma-tcp
manufacturer: Xtherma
model: Xtherma Modbus TCP
description:
  de: Xtherma-Wärmepumpen über Modbus TCP
  en: Xtherma heat pumps over Modbus TCP
verified: false # no recording yet
sources:
  xt: "Xtherma/xtherma_tcp: README.md (published by the manufacturer)"
  ev: "evcc-io/evcc: templates/definition/charger/xtherma.yaml"
connection:
  port: 502
  unitId: 1
  wordsPerReadMax: 16 # no limit is published; the longest block has 14
  pollSecondsMin: 60 # asked for by the manufacturer
  note: Writes at most once a minute; 0, 1, 2, 60 and 65 at most every 30 minutes.
  source: [xt]
identification:
  - { register: fault_active, oneOf: [0, 1], meaning: "a fault status of 0 or 1 at 102", source: [xt] }
  - { register: sg_ready_mode, min: 0, max: 4, meaning: "an SG Ready mode from 0 to 4 at 60", source: [xt] }
  - { register: temp_outdoor, min: -60, max: 60, mayBeAbsent: true, meaning: an outdoor temperature at 140, source: [xt] }
defaults:
  space: holding
  encoding: int16
`;

const TAIL = `vectors:
  - { register: fault_active, words: [0], value: 1, note: 0 is a fault }
  - { register: fault_active, words: [1], value: 0 }
  - { register: temp_outdoor, words: [65441], value: -9.5 }
  - { register: temp_flow, words: [348], value: 34.8 }
  - { register: power_current, words: [184], value: 1.84, note: 1840 W }
  - { register: power_current_heat_pump, words: [171], value: 1.71 }
  - { register: power_thermal, words: [745], value: 7.45 }
  - { register: cop_current, words: [435], value: 4.35 }
  - { register: compressor_frequency, words: [62], value: 62 }
  - { register: fan_speed, words: [540], value: 540 }
  - { register: heating_curve_1_outdoor_1, words: [65526], value: -10 }
  - { register: day_heat_heating, words: [2154], value: 21.54 }
`;

const SWITCH = "write: plain";

const DECISIONS = `
# Settings
h0 | heat_pump_on | | Heat pump on | ${SWITCH}
h1 | = system_mode | | Operating mode | ${SWITCH}
h2 | hot_water_now | | Hot water at once | ${SWITCH}
# Heating curve of circuit 1
h10 | heating_curve_1_active | Heizkurve 1 aktiv | Heating curve 1 active |
h11 | heating_curve_1_outdoor_1 | Heizkurve 1: Außentemperatur P1 | Heating curve 1: outdoor temperature P1 |
h12 | heating_curve_1_outdoor_2 | Heizkurve 1: Außentemperatur P2 | Heating curve 1: outdoor temperature P2 |
h13 | heating_curve_1_temp_1 | Heizkurve 1: Heiztemperatur P1 | Heating curve 1: temperature P1 |
h14 | heating_curve_1_temp_2 | Heizkurve 1: Heiztemperatur P2 | Heating curve 1: temperature P2 |
h15 | heating_curve_1_constant | Heizkurve 1: konstanter Sollwert | Heating curve 1: constant set point |
# Cooling curve of circuit 1
h20 | cooling_curve_1_active | Kühlkurve 1 aktiv | Cooling curve 1 active |
h21 | cooling_curve_1_outdoor_1 | Kühlkurve 1: Außentemperatur P1 | Cooling curve 1: outdoor temperature P1 |
h22 | cooling_curve_1_outdoor_2 | Kühlkurve 1: Außentemperatur P2 | Cooling curve 1: outdoor temperature P2 |
h23 | cooling_curve_1_temp_1 | Kühlkurve 1: Kühltemperatur P1 | Cooling curve 1: temperature P1 |
h24 | cooling_curve_1_temp_2 | Kühlkurve 1: Kühltemperatur P2 | Cooling curve 1: temperature P2 |
h25 | cooling_curve_1_constant | Kühlkurve 1: konstanter Sollwert | Cooling curve 1: constant set point |
# Heating curve of circuit 2
h30 | heating_curve_2_active | Heizkurve 2 aktiv | Heating curve 2 active |
h31 | heating_curve_2_outdoor_1 | Heizkurve 2: Außentemperatur P1 | Heating curve 2: outdoor temperature P1 |
h32 | heating_curve_2_outdoor_2 | Heizkurve 2: Außentemperatur P2 | Heating curve 2: outdoor temperature P2 |
h33 | heating_curve_2_temp_1 | Heizkurve 2: Heiztemperatur P1 | Heating curve 2: temperature P1 |
h34 | heating_curve_2_temp_2 | Heizkurve 2: Heiztemperatur P2 | Heating curve 2: temperature P2 |
h35 | heating_curve_2_constant | Heizkurve 2: konstanter Sollwert | Heating curve 2: constant set point |
# Cooling curve of circuit 2
h40 | cooling_curve_2_active | Kühlkurve 2 aktiv | Cooling curve 2 active |
h41 | cooling_curve_2_outdoor_1 | Kühlkurve 2: Außentemperatur P1 | Cooling curve 2: outdoor temperature P1 |
h42 | cooling_curve_2_outdoor_2 | Kühlkurve 2: Außentemperatur P2 | Cooling curve 2: outdoor temperature P2 |
h43 | cooling_curve_2_temp_1 | Kühlkurve 2: Kühltemperatur P1 | Cooling curve 2: temperature P1 |
h44 | cooling_curve_2_temp_2 | Kühlkurve 2: Kühltemperatur P2 | Cooling curve 2: temperature P2 |
h45 | cooling_curve_2_constant | Kühlkurve 2: konstanter Sollwert | Cooling curve 2: constant set point |
# Hot water, network, surplus
h50 | = temp_hot_water_target | Warmwasser-Sollwert | Hot water set point |
h51 | temp_hot_water_keep | Warmhalten, Sollwert | Keep-warm set point |
h60 | sg_ready_mode | SG-Ready-Modus | SG Ready mode | ${SWITCH}
h61 | sg_ready_heating_raise | SG Ready: ΔT Heizen | SG Ready: ΔT heating |
h62 | sg_ready_hot_water_raise | SG Ready: ΔT Warmwasser | SG Ready: ΔT hot water |
h63 | sg_ready_cooling_lower | SG Ready: ΔT Kühlen | SG Ready: ΔT cooling |
h65 | power_limitation_on | | § 14a EnWG active | ${SWITCH}
h70 | surplus_active | Überschussregelung aktiv | Surplus control active |
h71 | power_surplus_given | Überschuss, vorgegeben | Surplus, given from outside | write: cyclic
# State
h100 | controller_version | Softwareversion | Software version | group: once
# Disputed: the manufacturer's page counts the modes from 1 in one edition and from 0 in another.
h101 | = operating_mode | Betriebsmodus | Operating mode | codes: -; confidence: disputed
h102 | = fault_active | | Fault | invert: true; also: { fault: 1 }
h103 | power_limitation | § 14a EnWG Status | § 14a EnWG state |
h104 | = smart_grid | SG-Ready-Status | SG Ready state |
h105 | evu | | EVU |
# Set points in force
h110 | = temp_flow_target | Sollwert Heizen | Heating set point |
h111 | = temp_flow_target_circuit_a | Sollwert Heizen 1 | Heating 1 set point |
h112 | = temp_flow_target_circuit_b | Sollwert Heizen 2 | Heating 2 set point |
h113 | temp_cooling_target | Sollwert Kühlen | Cooling set point |
h114 | temp_cooling_target_1 | Sollwert Kühlen 1 | Cooling 1 set point |
h115 | temp_cooling_target_2 | Sollwert Kühlen 2 | Cooling 2 set point |
# Disputed: whole degrees, or tenths as the manufacturer's page says in another edition.
h116 | temp_hot_water_target_raw | Sollwert Warmwasser (Skala umstritten) | Hot water set point (scale disputed) | unit: -; min: -; confidence: disputed
# Sensors
h120 | temp_heating_cooling | TK Heiz-/Kühltemperatur | TK heating or cooling temperature |
h121 | = temp_flow_circuit_a | TK1 Kreis 1 | TK1 circuit 1 |
h122 | = temp_flow_circuit_b | TK2 Kreis 2 | TK2 circuit 2 |
h123 | = temp_hot_water | TW Warmwasser | TW hot water |
h124 | = temp_room | TR Raum | TR room |
h125 | = temp_return | TRL Rücklauf | TRL return |
h126 | = temp_flow | TVL Vorlauf | TVL flow |
# Drives
h130 | = flow_rate | | Flow rate |
h131 | circulation_pump | Umwälzpumpe PK | Circulating pump PK |
h132 | circulation_pump_power | Umwälzpumpe PK: Leistung | Circulating pump PK: power |
h133 | = pump_circuit_a | Umwälzpumpe PK1 Kreis 1 | Circulating pump PK1 circuit 1 |
h134 | = pump_circuit_b | Umwälzpumpe PK2 Kreis 2 | Circulating pump PK2 circuit 2 |
h135 | hot_water_circulation_pump | Zirkulationspumpe Warmwasser PWW | Hot water circulation pump PWW |
h136 | = compressor_frequency | Verdichterfrequenz VF | Compressor frequency VF |
h137 | = fan_speed | Lüfter 1 | Fan 1 |
h138 | = fan_speed_2 | Lüfter 2 | Fan 2 | also: { fan_speed: 2 }
# Outdoor temperatures
h140 | = temp_outdoor | TA Außentemperatur | TA outdoor temperature |
h141 | temp_outdoor_1h | TA1 Außentemperatur, Mittel 1 h | TA1 outdoor temperature, 1 h average |
h142 | temp_outdoor_4h | TA4 Außentemperatur, Mittel 4 h | TA4 outdoor temperature, 4 h average |
h143 | temp_outdoor_8h | TA8 Außentemperatur, Mittel 8 h | TA8 outdoor temperature, 8 h average |
h144 | = temp_outdoor_average | TA24 Außentemperatur, Mittel 24 h | TA24 outdoor temperature, 24 h average |
# Powers
h170 | power_thermal_heat_pump = power_thermal #2 | Wärmepumpe thermisch | Heat pump, thermal |
h171 | power_current_heat_pump = power_current #2 | Wärmepumpe elektrisch | Heat pump, electrical |
h172 | = cop_current | COP Wärmepumpe | COP of the heat pump |
h173 | cop_total | COP gesamt | COP with backup heater |
h174 | power_thermal_backup | Zusatzheizung thermisch | Backup heater, thermal |
h175 | = power_resistive_heater | Zusatzheizung elektrisch | Backup heater, electrical |
h176 | = power_thermal | Gesamt thermisch | Total, thermal |
h177 | = power_current | Gesamt elektrisch | Total, electrical |
# Energies of the day so far: they start at 0 every day and are no counters.
h180 | day_heat_heating | Tag: Heizen thermisch | Day: heating, thermal |
h181 | day_electric_heating | Tag: Heizen elektrisch | Day: heating, electrical |
h182 | day_heat_cooling | Tag: Kühlen thermisch | Day: cooling, thermal |
h183 | day_electric_cooling | Tag: Kühlen elektrisch | Day: cooling, electrical |
h184 | day_heat_hot_water | Tag: Warmwasser thermisch | Day: hot water, thermal |
h185 | day_electric_hot_water | Tag: Warmwasser elektrisch | Day: hot water, electrical |
h186 | day_heat_backup_3_heating | Tag: Zusatzheizung 3 kW Heizen thermisch | Day: backup heater 3 kW, heating, thermal |
h187 | day_electric_backup_3_heating | Tag: Zusatzheizung 3 kW Heizen elektrisch | Day: backup heater 3 kW, heating, electrical |
h188 | day_heat_backup_3_hot_water | Tag: Zusatzheizung 3 kW Warmwasser thermisch | Day: backup heater 3 kW, hot water, thermal |
h189 | day_electric_backup_3_hot_water | Tag: Zusatzheizung 3 kW Warmwasser elektrisch | Day: backup heater 3 kW, hot water, electrical |
h190 | day_heat_backup_6_heating | Tag: Zusatzheizung 6 kW Heizen thermisch | Day: backup heater 6 kW, heating, thermal |
h191 | day_electric_backup_6_heating | Tag: Zusatzheizung 6 kW Heizen elektrisch | Day: backup heater 6 kW, heating, electrical |
h192 | day_heat_backup_6_hot_water | Tag: Zusatzheizung 6 kW Warmwasser thermisch | Day: backup heater 6 kW, hot water, thermal |
h193 | day_electric_backup_6_hot_water | Tag: Zusatzheizung 6 kW Warmwasser elektrisch | Day: backup heater 6 kW, hot water, electrical |
`;

const TEXTS: Readonly<Record<string, string>> = {
  Standby: "standby",
  Heizen: "heating",
  Kühlen: "cooling",
  WW: "hot water",
  Auto: "automatic",
  "Kein Eingriff": "no intervention",
  Normalbetrieb: "normal",
  Sperre: "lock",
  "Temperaturen anheben": "raise temperatures",
  Anlaufbefehl: "order to start",
  Heizbetrieb: "heating",
  Kühlbetrieb: "cooling",
  Warmwasser: "hot water",
};

export const XTHERMA: Family = {
  profile: "xtherma/xtherma-tcp",
  tables: { "": "xtherma/xtherma-tcp.csv" },
  sources: [
    ["xt", "Xtherma/"],
    ["ev", "evcc-io/"],
  ],
  defaults: { space: "holding", encoding: "int16" },
  texts: TEXTS,
  language: "de",
  head: HEAD,
  tail: TAIL,
  decisions: DECISIONS,
};
