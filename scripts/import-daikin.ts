/** What the tables do not say about Daikin Altherma 3 and 4, and what a person decided. */
import type { Family } from "./family-lines.js";

interface Model {
  readonly name: string;
  readonly model: string;
  readonly about: string;
  readonly de: string;
  readonly en: string;
  readonly sources: string;
  readonly connectionSource: string;
  readonly holdingTo: number;
  readonly inputTo: number;
  /** Readable coils and discrete inputs. */
  readonly switches: string;
  readonly identification: string;
}

function headOf(one: Model): string {
  return `# yaml-language-server: $schema=../profile.schema.json
${one.about}
name: daikin/${one.name}
manufacturer: Daikin
model: ${one.model}
description:
  de: ${one.de}
  en: ${one.en}
verified: false # no recording yet
sources:
${one.sources}
connection:
  port: 502 # 802 speaks TLS
  unitId: 1
  wordsPerReadMax: 60 # clients read 0 to 59 at once
  gapWordsMax: 8 # holes inside the blocks are answered
  readable: # each of these in requests of its own
    - { space: holding, from: 0, to: 59 }
    - { space: holding, from: 60, to: ${one.holdingTo} }
    - { space: input, from: 20, to: ${one.inputTo} }
${one.switches}  pollSecondsMin: 10
  connectionsMax: 3
  source: [${one.connectionSource}]
identification:
  - { register: unit_error, oneOf: [0, 1, 2], mayBeAbsent: true, meaning: "an error state from 0 to 2 at input 20", source: [${one.connectionSource}] }
  - { register: temp_outdoor, min: -60, max: 60, mayBeAbsent: true, meaning: an outdoor temperature at input 43, source: [${one.connectionSource}] }
${one.identification}# 32767 is not supported, 32766 is not available, 32765 asks to wait: nothing of it is a value.
defaults:
  space: input
  encoding: int16
  absent:
    int16: [32767, 32766, 32765]
    uint16: [32767, 32766, 32765]
    string: [[32767], [32766], [32765]]
`;
}

const VECTORS = `vectors:
  - { register: temp_outdoor, words: [64786], value: -7.5 }
  - { register: temp_outdoor, words: [32767], quality: absent, note: not supported }
  - { register: temp_outdoor, words: [32766], quality: absent, note: not available }
  - { register: temp_outdoor, words: [32765], quality: absent, note: wait }
  - { register: temp_flow_before_backup_heater, words: [3521], value: 35.2 }
  - { register: power_current, words: [184], value: 1.84 }
  - { register: compressor_run, words: [1], value: 1 }
  - { register: unit_error, words: [1], value: 1 }
  - { register: unit_error, words: [32767], quality: absent }
  - { register: unit_error_code, words: [21813], quality: absent, note: "U5: a text, no number" }
  - { register: smart_grid, words: [3], value: 3 }
  - { register: temp_flow_target_circuit_a, words: [38], value: 38, note: whole degrees }
  - { register: curve_shift_circuit_a, words: [65534], value: -2 }
`;

const TEXTS: Readonly<Record<string, string>> = {
  "no error": "kein Fehler",
  fault: "Störung",
  warning: "Warnung",
  Auto: "Automatik",
  Heating: "Heizen",
  Cooling: "Kühlen",
  Off: "aus",
  On: "ein",
  "On (Automatic)": "ein (Automatik)",
  "On (Manual)": "ein (von Hand)",
  Fixed: "fest",
  "Weather dependent": "witterungsgeführt",
  "Fixed + scheduled": "fest, nach Zeitplan",
  "Weather dependent + scheduled": "witterungsgeführt, nach Zeitplan",
  Free: "frei",
  "Forced off": "zwangsweise aus",
  "Recommended on": "Einschaltempfehlung",
  "Forced on": "zwangsweise ein",
  None: "keine",
  Reheat: "Nachheizen",
  "Schedule and reheat": "Zeitplan und Nachheizen",
  Scheduled: "Zeitplan",
};

/** Two ASCII characters, the first one in the high byte. */
const CHARACTERS = "encoding: string; words: 1";

/** Alike in both. */
const STATES = `
# State
i20 | unit_error = fault #1 | Störungszustand | Unit error |
i21 | unit_error_code | Störungscode | Unit error code | ${CHARACTERS}
i22 | unit_error_sub_code = fault #3 | Störungsuntercode | Unit error sub code |
i29 | circulation_pump_run | Umwälzpumpe läuft | Circulation pump running |
i30 | compressor_run = compressor_state #1 | Verdichter läuft | Compressor running |
i31 | booster_heater_run | Zusatzheizung des Speichers läuft | Booster heater running |
i32 | disinfection_run | Desinfektion läuft | Disinfection running |
# Defrosting or starting: not only the one.
i34 | defrost_or_start | Abtauung oder Anlauf | Defrost or start |
i35 | hot_start | Warmstart | Hot start |
i36 | three_way_valve | Dreiwegeventil | Three-way valve |
i37 | = operating_mode | Betriebsart | Operation mode |
# Values
i39 | temp_flow_before_heat_exchanger = temp_flow #2 | | Leaving water before the plate heat exchanger (PHE) |
i40 | temp_flow_before_backup_heater = temp_flow #1 | | Leaving water before the backup heater (BUH) |
i41 | = temp_return | | Return water |
i42 | = temp_hot_water | | Hot water |
i43 | = temp_outdoor | | Outdoor temperature |
i44 | = temp_liquid_line | Flüssiges Kältemittel | Liquid refrigerant |
`;

const LIMITS = `
i53 | temp_flow_heating_min | Hauptzone: kleinster Vorlauf beim Heizen | Main zone: least leaving water when heating | group: slow
i54 | temp_flow_heating_max | Hauptzone: größter Vorlauf beim Heizen | Main zone: greatest leaving water when heating | group: slow
i55 | temp_flow_cooling_min | Hauptzone: kleinster Vorlauf beim Kühlen | Main zone: least leaving water when cooling | group: slow
i56 | temp_flow_cooling_max | Hauptzone: größter Vorlauf beim Kühlen | Main zone: greatest leaving water when cooling | group: slow
i57 | temp_flow_heating_min_zone_2 | Zusatzzone: kleinster Vorlauf beim Heizen | Additional zone: least leaving water when heating | group: slow
i58 | temp_flow_heating_max_zone_2 | Zusatzzone: größter Vorlauf beim Heizen | Additional zone: greatest leaving water when heating | group: slow
i59 | temp_flow_cooling_min_zone_2 | Zusatzzone: kleinster Vorlauf beim Kühlen | Additional zone: least leaving water when cooling | group: slow
i60 | temp_flow_cooling_max_zone_2 | Zusatzzone: größter Vorlauf beim Kühlen | Additional zone: greatest leaving water when cooling | group: slow
`;

const MAIN_SETTINGS = `
h0 | = temp_flow_target_circuit_a | Hauptzone: Vorlauf beim Heizen, Soll | Main zone: leaving water target when heating |
h1 | temp_flow_target_cooling | Hauptzone: Vorlauf beim Kühlen, Soll | Main zone: leaving water target when cooling |
h2 | = system_mode | Betriebsart, Vorgabe | Operation mode, wanted |
h3 | heating_cooling_on | Heizen oder Kühlen ein | Space heating or cooling on |
`;

const SHIFT_SETTINGS = `
h53 | = curve_shift_circuit_a | Hauptzone: Verschiebung beim Heizen | Main zone: offset when heating | unit: K
h54 | curve_shift_cooling | Hauptzone: Verschiebung beim Kühlen | Main zone: offset when cooling | unit: K; min: -
h55 | = smart_grid | Smart Grid | Smart grid | write: cyclic
`;

const ZONE_2_SETTINGS = `
h62 | = temp_flow_target_circuit_b | Zusatzzone: Vorlauf beim Heizen, Soll | Additional zone: leaving water target when heating |
h63 | temp_flow_target_cooling_zone_2 | Zusatzzone: Vorlauf beim Kühlen, Soll | Additional zone: leaving water target when cooling |
`;

const ZONE_2_SHIFTS = `
h65 | = curve_shift_circuit_b | Zusatzzone: Verschiebung beim Heizen | Additional zone: offset when heating | unit: K
h66 | curve_shift_cooling_zone_2 | Zusatzzone: Verschiebung beim Kühlen | Additional zone: offset when cooling | unit: K; min: -
`;

export const ALTHERMA_3: Family = {
  profile: "daikin/altherma-3-homehub-ekrhh",
  tables: { "": "daikin/altherma-3-homehub-ekrhh.csv" },
  sources: [
    ["ge", "gerione/"],
    ["do", "domoticz/"],
    ["ev", "evcc-io/"],
  ],
  defaults: { space: "input", encoding: "int16" },
  texts: TEXTS,
  language: "en",
  head: headOf({
    name: "altherma-3-homehub-ekrhh",
    model: "Altherma 3 with HomeHub EKRHH",
    about: `# Daikin Altherma 3 behind the HomeHub EKRHH (use case 3). The manual counts from 1, this file from
# 0, as on the wire; one report has every address off by one.`,
    de: germanOf("Altherma 3 mit HomeHub EKRHH"),
    en: "Daikin Altherma 3 with HomeHub EKRHH over Modbus TCP",
    sources: `  ge: "gerione/daikin-ha-ekrhh-modbus: custom_components/daikin_ha_ekrhh_modbus/const.py"
  do: "domoticz/domoticz: hardware/DaikinModbus.cpp, issue #6891"
  ev: "evcc-io/evcc: templates/definition/charger/daikin-homehub.yaml, issue #29243"`,
    connectionSource: "ge, do",
    holdingTo: 66,
    inputTo: 60,
    switches: "",
    identification: "",
  }),
  tail: `${VECTORS}  - { register: flow_rate, words: [1875], value: 18.8, note: 18.75 l/min }
`,
  decisions: `
${STATES.replace("booster_heater_run |", "= resistive_heater_active |")}
i48 | = flow_rate | Durchfluss | Flow rate |
# evcc calls this one the buffer's temperature; it is the remote controller's room.
i49 | = temp_room | Raum (Bediengerät) | Room (remote controller) |
i50 | = power_current | | Heat pump power consumption |
i51 | hot_water_normal | Warmwasser: Normalbetrieb | Hot water: normal operation |
i52 | heating_normal | Heizen oder Kühlen: Normalbetrieb | Space heating or cooling: normal operation |
${LIMITS}
# Settings
${MAIN_SETTINGS}
h5 | = temp_room_target | Raumtemperatur beim Heizen, Soll | Room target when heating |
h6 | temp_room_target_cooling | Raumtemperatur beim Kühlen, Soll | Room target when cooling |
h8 | quiet_mode | Leiser Betrieb | Quiet mode |
h9 | = temp_hot_water_target | Warmwasser: Nachheizen, Soll | Hot water: reheat set point |
h11 | hot_water_reheat_on | Warmwasser: Nachheizen ein | Hot water: reheat on |
h12 | hot_water_booster_on | Warmwasser: Schnellheizung ein | Hot water: booster mode on |
h52 | weather_mode | Hauptzone: Witterungsführung | Main zone: weather dependent mode |
${SHIFT_SETTINGS}
h56 | power_limit_recommended_on | Leistungsgrenze bei Einschaltempfehlung | Power limit while recommended on | write: cyclic
h57 | = power_limit | Leistungsgrenze | General power limit | write: cyclic
h58 | thermostat_main | Hauptzone: Thermostateingang A | Main zone: thermostat input A |
h60 | thermostat_zone_2 | Zusatzzone: Thermostateingang A | Additional zone: thermostat input A |
${ZONE_2_SETTINGS}
h64 | weather_mode_zone_2 | Zusatzzone: Witterungsführung | Additional zone: weather dependent mode |
${ZONE_2_SHIFTS}
`,
};

export const ALTHERMA_4: Family = {
  profile: "daikin/altherma-4",
  tables: { "": "daikin/altherma-4.csv" },
  sources: [
    ["ge", "gerione/"],
    ["jo", "joklee/"],
    ["ev", "evcc-io/"],
  ],
  defaults: { space: "input", encoding: "int16" },
  texts: TEXTS,
  language: "en",
  head: headOf({
    name: "altherma-4",
    model: "Altherma 4",
    about: `# Daikin Altherma 4, on its own Ethernet port. The manual counts from 1, this file from 0, as on the
# wire. Flow rate and water pressure have no unit in the sources and are read locally alone.`,
    de: germanOf("Altherma 4"),
    en: "Daikin Altherma 4 over Modbus TCP",
    sources: `  ge: "gerione/daikin-ha-ekrhh-modbus: custom_components/daikin_ha_ekrhh_modbus/const.py"
  jo: "joklee/ha_daikin_altherma4_modbus: custom_components/ha_daikin_altherma4_modbus/const.py"
  ev: "evcc-io/evcc: templates/definition/charger/daikin-homehub.yaml"`,
    connectionSource: "ge, jo",
    holdingTo: 79,
    inputTo: 86,
    switches: `    - { space: coil, from: 0, to: 6 }
    - { space: discrete, from: 0, to: 25 }
`,
    identification: `  - { register: compressor_run_contact, oneOf: [0, 1], meaning: "discrete inputs, which an Altherma 3 behind a HomeHub does not have", source: [ge, jo] }
`,
  }),
  tail: `${VECTORS}  - { register: hot_water_boost_target, words: [5500], value: 55, note: hundredths here }
  - { register: defrost_active, words: [1], value: 1 }
`,
  decisions: `
${STATES}
i48 | flow_rate_raw | Durchfluss (Einheit unbekannt) | Flow rate (unit not known) |
# evcc calls this one the buffer's temperature; it is the remote controller's room.
i49 | = temp_room | Raum (Bediengerät der Hauptzone) | Room (remote controller of the main zone) |
i50 | = power_current | | Heat pump power consumption |
i51 | hot_water_normal | Warmwasser: Normalbetrieb | Hot water: normal operation |
i52 | heating_normal | Heizen oder Kühlen: Normalbetrieb | Space heating or cooling: normal operation |
${LIMITS}
i62 | disinfection_state | Desinfektion: Zustand | Disinfection state |
i63 | holiday_mode | Urlaub | Holiday mode |
i64 | demand_response_mode | Netzdienlicher Betrieb | Demand response mode |
i65 | bypass_valve | Stellung des Bypassventils | Bypass valve position |
i66 | tank_valve | Stellung des Speicherventils | Tank valve position |
i67 | circulation_pump_speed | Umwälzpumpe: Drehzahl (Einheit unbekannt) | Circulation pump speed (unit not known) |
i68 | mixing_kit_mixed_pump | Mischerset: PWM der Mischkreispumpe | Mixing kit: PWM of the mixed pump |
i69 | mixing_kit_direct_pump | Mischerset: PWM der direkten Pumpe | Mixing kit: PWM of the direct pump |
i70 | mixing_kit_valve | Mischerset: Stellung des Mischers | Mixing kit: mixing valve position |
i71 | mixing_kit_temp_flow | Mischerset: Vorlauf | Mixing kit: leaving water |
i72 | mixing_kit_temp_target | Mischerset: Hauptzone, Soll | Mixing kit: target of the main zone |
i73 | temp_flow_outdoor_unit | Vorlauf vor PHE, Außeneinheit | Leaving water before PHE, outdoor unit |
i74 | temp_flow_tank_valve | Vorlauf am Speicherventil | Leaving water at the tank valve |
i75 | = temp_hot_water_top | Warmwasser oben | Hot water, top |
i76 | = temp_hot_water_bottom | Warmwasser unten | Hot water, bottom |
i77 | temp_room_zone_2 | Raum (Bediengerät der Zusatzzone) | Room (remote controller of the additional zone) |
i78 | pressure_water_raw | Wasserdruck (Einheit unbekannt) | Water pressure (unit not known) |
i79 | temp_target_zone_1 | Hauptzone: Soll | Main zone: target |
i80 | temp_target_zone_2 | Zusatzzone: Soll | Additional zone: target |
i81 | error_count_user | Zahl der Störungen (Benutzer) | Abnormality counter (user) |
i82 | unit_operation_mode | Betriebszustand des Geräts | Unit operation mode |
i83 | temp_room_heating_min | Raum: kleinster Sollwert beim Heizen | Room: least set point when heating | group: slow
i84 | temp_room_heating_max | Raum: größter Sollwert beim Heizen | Room: greatest set point when heating | group: slow
i85 | temp_room_cooling_min | Raum: kleinster Sollwert beim Kühlen | Room: least set point when cooling | group: slow
i86 | temp_room_cooling_max | Raum: größter Sollwert beim Kühlen | Room: greatest set point when cooling | group: slow
# Settings
${MAIN_SETTINGS}
h8 | quiet_mode | Leiser Betrieb | Quiet mode |
h9 | = temp_hot_water_target | Warmwasser: Nachheizen, Soll | Hot water: reheat set point |
h12 | hot_water_boost_on | Warmwasser: Schnellheizung ein | Hot water: powerful mode on |
h13 | hot_water_boost_target | Warmwasser: Schnellheizung, Soll | Hot water: powerful mode set point |
h14 | hot_water_once_on | Warmwasser: einmal heizen | Hot water: single heat-up on |
h15 | hot_water_once_target | Warmwasser: einmal heizen, Soll | Hot water: single heat-up set point |
${SHIFT_SETTINGS}
h57 | = power_limit | Leistungsgrenze | General power limit | write: cyclic
${ZONE_2_SETTINGS}
${ZONE_2_SHIFTS}
h67 | weather_mode_heating | Hauptzone: Witterungsführung beim Heizen | Main zone: weather dependent when heating |
h68 | weather_mode_cooling | Hauptzone: Witterungsführung beim Kühlen | Main zone: weather dependent when cooling |
h73 | thermostat_main | Hauptzone: Thermostatanforderung | Main zone: thermostat request |
h74 | thermostat_zone_2 | Zusatzzone: Thermostatanforderung | Additional zone: thermostat request |
h75 | = temp_room_target | Hauptzone: Raum beim Heizen, Soll | Main zone: room target when heating |
h76 | temp_room_target_cooling | Hauptzone: Raum beim Kühlen, Soll | Main zone: room target when cooling |
h77 | temp_room_target_zone_2 | Zusatzzone: Raum beim Heizen, Soll | Additional zone: room target when heating |
h78 | temp_room_target_cooling_zone_2 | Zusatzzone: Raum beim Kühlen, Soll | Additional zone: room target when cooling |
h79 | hot_water_mode_wanted | Warmwasser: Betriebsart | Hot water: mode |
# Switches
c0 | hot_water_on | Warmwasser ein | Hot water on |
c1 | zone_1_on | Hauptzone ein | Main zone on |
c2 | zone_2_on | Zusatzzone ein | Additional zone on |
c3 | schedule_heating_zone_1 | Hauptzone: Zeitplan Heizen | Main zone: heating schedule |
c4 | schedule_cooling_zone_1 | Hauptzone: Zeitplan Kühlen | Main zone: cooling schedule |
c5 | schedule_heating_zone_2 | Zusatzzone: Zeitplan Heizen | Additional zone: heating schedule |
c6 | schedule_cooling_zone_2 | Zusatzzone: Zeitplan Kühlen | Additional zone: cooling schedule |
# Contacts and states
d0 | shutoff_valve | Absperrventil | Shut-off valve |
d1 | backup_heater_relay_1 | Zusatzheizung Relais 1 | Backup heater relay 1 |
d2 | backup_heater_relay_2 | Zusatzheizung Relais 2 | Backup heater relay 2 |
d3 | backup_heater_relay_3 | Zusatzheizung Relais 3 | Backup heater relay 3 |
d4 | backup_heater_relay_4 | Zusatzheizung Relais 4 | Backup heater relay 4 |
d5 | backup_heater_relay_5 | Zusatzheizung Relais 5 | Backup heater relay 5 |
d6 | backup_heater_relay_6 | Zusatzheizung Relais 6 | Backup heater relay 6 |
d7 | booster_heater | Zusatzheizung des Speichers | Booster heater |
d8 | tank_boiler | Speicherkessel | Tank boiler |
d9 | = second_generator_active | Bivalenz | Bivalent |
d10 | compressor_run_contact = compressor_state #2 | Verdichter läuft | Compressor running |
d11 | quiet_mode_active | Leiser Betrieb aktiv | Quiet mode active |
d12 | holiday_active | Urlaub aktiv | Holiday active |
d13 | antifrost | Frostschutz | Antifrost |
d14 | pipe_freeze_prevention | Frostschutz der Wasserleitung | Water pipe freeze prevention |
d15 | disinfection_active | Desinfektion | Disinfection |
d16 | = defrost_active | Abtauung | Defrost |
d17 | hot_start_active | Warmstart | Hot start |
d18 | hot_water_active | Warmwasserbereitung läuft | Hot water running |
d19 | zone_1_active | Hauptzone läuft | Main zone running |
d20 | zone_2_active | Zusatzzone läuft | Additional zone running |
d21 | powerful_request | Schnellheizung angefordert | Powerful tank heat-up requested |
d22 | manual_request | Aufheizen von Hand angefordert | Manual tank heat-up requested |
d23 | emergency_active | Notbetrieb | Emergency active |
d24 | circulation_pump_active | Umwälzpumpe läuft | Circulation pump running |
d25 | imposed_limit_accepted | Auferlegte Begrenzung angenommen | Imposed limit accepted |
`,
};

/** The German description. */
function germanOf(model: string): string {
  return `Daikin ${model} über Modbus TCP`;
}
