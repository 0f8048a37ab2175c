/** What the table does not say about Weishaupt WBB and WWP, and what a person decided. */
import type { Family } from "./family-lines.js";
import { ENGLISH, FAULTS, PAUSES } from "./import-weishaupt-texts.js";
import { bilingual } from "./profile-line.js";

const HEAD = `# yaml-language-server: $schema=../profile.schema.json
# Weishaupt heat pumps (WBB, WWP LS and others) with Modbus TCP: Settings > Modbus TCP on the system
# device. The printed number is the address on the wire: 30001 is 30001. No power, no pressures, no
# compressor frequency by Modbus; energies begin anew each day, month and year and are no counters.
name: weishaupt/wbb-wwp
manufacturer: Weishaupt
model: WBB, WWP LS
description:
  de: Weishaupt-Wärmepumpen WBB und WWP über Modbus TCP
  en: Weishaupt heat pumps WBB and WWP over Modbus TCP
verified: false # no recording yet
sources:
  os: "OStrama/weishaupt_modbus: custom_components/weishaupt_modbus/weishaupt_modbus_api/hpconst.py"
  ev: "evcc-io/evcc: templates/definition/charger/weishaupt-wpm.yaml"
connection:
  port: 502
  unitId: 1
  wordsPerReadMax: 5 # the manufacturer's list allows no more
  pollSecondsMin: 30
  connectionsMax: 1
  absentExceptions: [2, 4, 10] # what a module answers that is not installed
  source: [os, ev]
poll:
  slowSeconds: 300
# Other heat pumps have nothing at these addresses.
identification:
  - { register: operating_mode, min: 0, max: 43, meaning: "an operating state from 0 to 43 at 30006, the printed number", source: [os] }
  - { register: temp_outdoor, min: -60, max: 60, mayBeAbsent: true, meaning: an outdoor temperature at 30001, source: [os] }
# -32768: no sensor. -32767: sensor broken. The manual allows some 100,000 writes in a lifetime.
defaults:
  space: input
  encoding: int16
  absent:
    int16: [-32768, -32767]
`;

const TAIL = `vectors:
  - { register: temp_outdoor, words: [65484], value: -5.2 }
  - { register: temp_outdoor, words: [32768], quality: absent, note: no sensor }
  - { register: temp_flow, words: [32769], quality: absent, note: sensor broken }
  - { register: temp_hot_water, words: [487], value: 48.7 }
  - { register: fault, words: [65535], value: 65535, note: no fault }
  - { register: fault, words: [26], value: 26, note: high pressure }
  - { register: fault_active, words: [0], value: 1, note: 0 means fault }
  - { register: fault_active, words: [1], value: 0, note: 1 means free of faults }
  - { register: heat_pump_fault, words: [0], value: 1 }
  - { register: compressor_rating, words: [65535], quality: absent }
  - { register: compressor_rating, words: [64], value: 64 }
  - { register: curve_circuit_a, words: [125], value: 1.3 }
`;

const FAULT_CODES = Object.entries(FAULTS)
  .map(([code, [de, en]]) => `${code}: ${bilingual({ de, en })}`)
  .join(", ");
const NO_PERCENT = "absent: [65535]";
const NO_VALUE = "group: slow";

/** Outputs are configured by bare numbers. */
const NUMBERS = Object.fromEntries(
  [0, 1, 2, 3, 4, 5, 6, 7, 65535].map((code) => [`${code}`, `${code}`]),
);

/** Four energies of one kind: today, yesterday, month, year. */
function energies(start: number, id: string, de: string, en: string): string {
  const periods = [
    ["today", "heute", "today"],
    ["yesterday", "gestern", "yesterday"],
    ["month", "Monat", "this month"],
    ["year", "Jahr", "this year"],
  ];
  return periods
    .map(
      ([key, german, english], i) =>
        `i${start + i} | ${id}_${key} | ${de} ${german} | ${en}, ${english} | group: slow`,
    )
    .join("\n");
}

const DECISIONS = `
# System
i30001 | = temp_outdoor | Außentemperatur | |
i30002 | = temp_air_in | | |
i30003 | = fault | | | codes: { ${FAULT_CODES} }
i30004 | = warning | | | codes: { ${FAULT_CODES} }
# 0 means fault, here and at 33102.
i30005 | = fault_active | Störung | Fault | encoding: bool; invert: true; codes: { 0: { de: störungsfrei, en: no fault }, 1: { de: Fehler aktiv, en: fault present } }
i30006 | = operating_mode | | |
# Heating circuit
i31101 | = temp_room_target_circuit_a | Raumsolltemperatur | Room target |
i31102 | = temp_room_circuit_a | Raumtemperatur | Room temperature |
i31103 | = humidity_room_circuit_a | Raumfeuchte | Room humidity | ${NO_PERCENT}
i31104 | = temp_flow_target_circuit_a | Vorlaufsolltemperatur | Flow target |
i31105 | = temp_flow_circuit_a | Vorlauftemperatur | Flow temperature |
i31106 | unknown_31106 | Adresse 31106 | Address 31106 | ${NO_VALUE}
# Hot water
i32101 | = temp_hot_water_target | | |
i32102 | = temp_hot_water | | |
# Heat pump
i33101 | heat_pump_mode = operating_mode #2 | | |
i33102 | heat_pump_fault = fault #2 | | | encoding: bool; invert: true; codes: { 0: { de: störungsfrei, en: no fault }, 1: { de: Störung, en: fault } }
i33103 | = compressor_rating | | | ${NO_PERCENT}
i33104 | = temp_flow | | |
i33105 | = temp_return | | |
i33106 | = temp_evaporating | | |
i33107 | = temp_suction_gas | Verdichtersauggastemperatur | |
i33108 | temp_diverter | | |
i33109 | demand_regenerative_flow | Anforderung (Vorlauf regenerativ) | Demand (regenerative flow) |
# The source itself is not sure.
i33110 | temp_buffer_uncertain | Puffertemperatur (unsicher) | |
i33111 | temp_flow_b7 | Summenvorlauf (B7) | |
# Second heat generator
i34101 | = second_generator_active | Status 2. WEZ | Second heat generator |
i34102 | starts_heater_1 | Schaltspiele E-Heizung 1 | Starts, electric heater 1 | ${NO_VALUE}
i34103 | = hours_resistive_heater | Betriebsstunden E-Heizung 1 | Hours, electric heater 1 | unit: h; ${NO_VALUE}
i34104 | = resistive_heater_active | Status E-Heizung 1 | Electric heater 1 |
i34105 | heater_2 | Status E-Heizung 2 | Electric heater 2 |
i34106 | starts_heater_2 | Schaltspiele E-Heizung 2 | Starts, electric heater 2 | ${NO_VALUE}
i34107 | hours_heater_2 | Betriebsstunden E-Heizung 2 | Hours, electric heater 2 | unit: h; ${NO_VALUE}
# Inputs and outputs
i35101 | sg_ready_1 | | |
i35102 | sg_ready_2 | | |
i35103 | output_h1_2 | Ausgang H1.2 | Output H1.2 |
i35104 | output_h1_3 | Ausgang H1.3 | Output H1.3 |
i35105 | output_h1_4 | Ausgang H1.4 | Output H1.4 |
i35106 | output_h1_5 | Ausgang H1.5 | Output H1.5 |
i35107 | input_de1 | Eingang DE1 | Input DE1 |
i35108 | input_de2 | Eingang DE2 | Input DE2 |
# Energies of a day, a month, a year: they begin anew and are no counters.
${energies(36101, "energy", "Gesamte Energie", "Energy")}
${energies(36201, "energy_heating", "Energie Heizen", "Energy, heating")}
${energies(36301, "energy_hot_water", "Energie Warmwasser", "Energy, hot water")}
${energies(36401, "energy_cooling", "Energie Kühlen", "Energy, cooling")}
${energies(36501, "energy_defrost", "Energie Abtauen", "Energy, defrost")}
${energies(36601, "energy_ii", "Gesamte Energie II", "Energy II")}
${energies(36701, "energy_electric", "Elektrische Energie", "Electrical energy")}
i36801 | unknown_36801 | Adresse 36801 | Address 36801 | ${NO_VALUE}
# Settings: kept in EEPROM.
h40001 | = system_mode | | | write: eeprom
# Takes the place of SG Ready while it is set.
h40002 | pv_setpoint | Sollwert PV | | write: cyclic
h41101 | circuit_configuration | Konfiguration Heizkreis | Circuit configuration | group: slow
h41102 | circuit_demand_kind | Art der Anforderung | Kind of demand | write: eeprom
h41103 | = mode_circuit_a | | Circuit mode | write: eeprom
h41104 | pause_party | | | write: eeprom
h41105 | room_target_comfort | Raum-Soll Komfort | Room target comfort | write: eeprom
h41106 | room_target_normal | Raum-Soll Normal | Room target normal | write: eeprom
h41107 | room_target_setback | Raum-Soll Absenk | Room target setback | write: eeprom
h41108 | = curve_circuit_a | | Heating curve | write: eeprom
h41109 | = heating_limit_circuit_a | Umschaltung Sommer/Winter | Change between summer and winter | write: eeprom
h41110 | constant_heating | Konstanttemperatur Heizen | Constant temperature for heating | write: eeprom
h41111 | constant_heating_setback | Konstanttemperatur Heizen Absenk | Constant temperature for heating, setback | write: eeprom
h41112 | constant_cooling | Konstanttemperatur Kühlen | Constant temperature for cooling | write: eeprom
h42101 | hot_water_configuration | Konfiguration Warmwasser | Hot water configuration | group: slow
h42102 | hot_water_push | | Hot water push | write: eeprom
h42103 | hot_water_normal | | Hot water normal | write: eeprom
h42104 | hot_water_setback | | Hot water setback | write: eeprom
h42105 | sg_ready_raise | Anhebung durch SG Ready | Raise by SG Ready | unit: K; min: -; write: eeprom
h43101 | heat_pump_configuration | Konfiguration Wärmepumpe | Heat pump configuration | group: slow
h43102 | quiet_mode | | Quiet mode | group: slow
h43103 | pump_start_kind | Einschaltart der Pumpe | Kind of pump start | group: slow
h43104 | pump_target_heating | Pumpenleistung Soll Heizen | Pump power target, heating | group: slow; ${NO_PERCENT}
h43105 | pump_target_cooling | Pumpenleistung Soll Kühlen | Pump power target, cooling | group: slow; ${NO_PERCENT}
h43106 | pump_target_hot_water | Pumpenleistung Soll Warmwasser | Pump power target, hot water | group: slow; ${NO_PERCENT}
h43107 | pump_target_defrost | Pumpenleistung Soll Abtaubetrieb | Pump power target, defrost | group: slow; ${NO_PERCENT}
h43108 | flow_target_heating | Volumenstrom Soll Heizen | Flow rate target, heating | group: slow
h43109 | flow_target_cooling | Volumenstrom Soll Kühlen | Flow rate target, cooling | group: slow
h43110 | flow_target_hot_water | Volumenstrom Soll Warmwasser | Flow rate target, hot water | group: slow
h44101 | second_generator_configuration | Konfiguration 2. WEZ | Second generator configuration | group: slow
h44102 | configuration_ep1 | | Configuration EP1 | group: slow
h44103 | configuration_ep2 | | Configuration EP2 | group: slow
h44104 | temp_limit | | Limit temperature | write: eeprom
h44105 | = temp_bivalence | | Bivalence temperature | write: eeprom
h44106 | temp_bivalence_hot_water | Bivalenztemperatur Warmwasser | Bivalence temperature, hot water | write: eeprom
h45101 | configuration_sgr1 | Konfiguration Eingang SGR1 | Configuration of input SGR1 | group: slow
h45102 | configuration_sgr2 | Konfiguration Eingang SGR2 | Configuration of input SGR2 | group: slow
h45103 | configuration_h1_2 | Konfiguration Ausgang H1.2 | Configuration of output H1.2 | group: slow
h45104 | configuration_h1_3 | Konfiguration Ausgang H1.3 | Configuration of output H1.3 | group: slow
h45105 | configuration_h1_4 | Konfiguration Ausgang H1.4 | Configuration of output H1.4 | group: slow
h45106 | configuration_h1_5 | Konfiguration Ausgang H1.5 | Configuration of output H1.5 | group: slow
h45107 | configuration_de1 | Konfiguration Eingang DE1 | Configuration of input DE1 | group: slow
h45108 | configuration_de2 | Konfiguration Eingang DE2 | Configuration of input DE2 | group: slow
`;

export const WEISHAUPT: Family = {
  profile: "weishaupt/wbb-wwp",
  tables: { "": "weishaupt/wbb-wwp-ls.csv" },
  sources: [
    ["os", "OStrama/"],
    ["ev", "evcc-io/"],
  ],
  defaults: { space: "input", encoding: "int16" },
  texts: { ...ENGLISH, ...PAUSES, ...NUMBERS },
  language: "de",
  head: HEAD,
  tail: TAIL,
  decisions: DECISIONS,
};
