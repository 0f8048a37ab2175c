/** What the tables do not say about Mitsubishi Ecodan behind a Procon, and what a person decided. */
import type { Family } from "./family-lines.js";

const SOURCE_TEXTS = `  fo: "fonske/Mitsubishi_procon: esphome/.procon.base.yaml"
  man: "Procon MelcoBEMS MINI (A1M), installation manual (manualslib 2949420 p. 27/43, easymanua.ls a1m p. 34)"
  hk: "helgeklein/mitsubishi-heat-pump-modbus-home-assistant: packages/mitsubishi_a1m.yaml (A1M+)"`;

const SOURCES = [
  ["fo", "fonske/"],
  ["man", "Procon MelcoBEMS"],
  ["hk", "helgeklein/"],
  ["sk", "Modbus map library star.ke.st"],
  ["gw", "community Modbus gateway profile"],
] as const;

const CIRCUITS = `parameters:
  circuit:
    label: { de: Heizkreise, en: Heating circuits }
    values: [a, b] # zone 1 and zone 2
    default: [a]`;

/** Both maps answer on one device, with other meanings at the same addresses. */
const A1M_HEAD = `# yaml-language-server: $schema=../profile.schema.json
# Mitsubishi Ecodan behind a Procon MelcoBEMS MINI A1M (RTU, so a gateway from TCP stands before it;
# an A1M+ answers function code 4 with the same map). Addresses count from 0; the manual says 30001.
# Powers are whole kW: their quotient would be wrong by a third, so there is no COP.
name: mitsubishi/ecodan-a1m
manufacturer: Mitsubishi Electric
model: Ecodan with Procon MelcoBEMS MINI A1M
description:
  de: Mitsubishi Ecodan mit Procon A1M, kleine Tabelle
  en: Mitsubishi Ecodan with Procon A1M, small map
verified: false # no recording yet
sources:
${SOURCE_TEXTS}
connection:
  transport: rtu-gateway
  port: 502
  unitId: 1
  wordsPerReadMax: 25
  pauseBetweenRequestsMs: 200
  pollSecondsMin: 10
  connectionsMax: 1
  source: [fo, man]
poll:
  slowSeconds: 300
# The Procon serves air conditioners and ventilation too, with other maps.
identification:
  - { register: system_type, oneOf: [1], meaning: "1 (air to water) at input 9; 0 is an air conditioner, 2 ventilation", source: [fo, man] }
  - { register: temp_outdoor, min: -60, max: 60, mayBeAbsent: true, meaning: an outdoor temperature at input 58, source: [fo] }
defaults:
  space: input
  encoding: uint16
`;

const A1M_TAIL = `# Mixed scales: outdoor 0.1, water 0.01. Computed from the table.
vectors:
  - { register: temp_outdoor, words: [65481], value: -5.5 }
  - { register: temp_flow, words: [3525], value: 35.3 }
  - { register: temp_hot_water, words: [4790], value: 47.9 }
  - { register: temp_hot_water_target, words: [5000], value: 50 }
  - { register: energy_used_heating, words: [123, 45], value: 123.45, note: kWh and hundredths }
  - { register: heat_pump_hours, words: [56, 78], value: 7856, note: hours and hundreds of hours }
  - { register: fault, words: [8000], value: 8000, note: no error }
  - { register: power_current, words: [2], value: 2 }
  - { register: resistive_heater_active, words: [1], value: 1 }
`;

const A1M_DECISIONS = `
# Gateway
i3 | procon_version | Version des Gateways | Gateway version | group: once
i8 | = fault | | Fault code | codes: { 8000: { de: kein Fehler, en: no fault }, 6999: { de: keine Verbindung zwischen A1M und Gerät, en: no communication between A1M and unit } }
i9 | system_type | Erkannte Geräteart | System type detected | group: once
i151 | model_profile | Reglertyp | Controller model | group: once; codes: { 0: FTC2B, 1: FTC4, 2: FTC5, 3: FTC6 }
# Operation
i26 | defrost_state | | Defrost |
i27 | residual_heat_removal | Restwärmeabfuhr | Residual heat removal |
i28 | refrigerant_error | Kältekreisfehler | Refrigerant error |
i29 | display_error_1 | Fehlerzeichen 1 der Siebensegmentanzeige | Error digit 1 of the seven segment display |
i30 | display_error_2 | Fehlerzeichen 2 der Siebensegmentanzeige | Error digit 2 of the seven segment display |
i32 | = compressor_frequency | | Heat pump frequency (master) |
i39 | = bivalence_state | Status Heizquelle | Heat source status |
# Temperatures
i40 | setpoint_zone_1 | Sollwert Heizkreis 1 | Setpoint zone 1 |
i44 | = temp_flow_target_circuit_a | Vorlauf-Soll Heizkreis 1 | Flow target zone 1 |
i48 | legionella_setpoint | Legionellenschutz Soll | Legionella setpoint |
i50 | hot_water_drop | Warmwasser Schaltdifferenz | Hot water temperature drop | unit: K
i52 | = temp_room_circuit_a | Raumtemperatur Heizkreis 1 | Room temperature zone 1 |
i56 | = temp_liquid_line | Flüssigkeitstemperatur Kältemittel | Refrigerant liquid temperature |
i58 | = temp_outdoor | | Outdoor temperature |
i60 | = temp_flow | | Flow temperature |
i62 | = temp_return | | Return temperature |
i64 | = temp_hot_water | | Tank water temperature |
# The source calls it a setpoint in one place and a temperature in another.
i68 | return_zone_1 | Rücklauf Heizkreis 1 | Return zone 1 |
i74 | boiler_flow | Vorlauf Heizkessel | Boiler flow temperature |
i76 | boiler_return | Rücklauf Heizkessel | Boiler return temperature |
# Counters of two words. Whether "last measured" is a total or the last day is not stated, so the
# energies stay in the house.
i79 | heat_pump_hours | Betriebsstunden Wärmepumpe | Heat pump run time | magnitudes: [1, 100]; unit: h; group: slow
~ i80
i156 | energy_used_heating | Stromverbrauch Heizen, zuletzt gemessen | Energy used for heating, last measured | magnitudes: [1, 0.01]; unit: kWh; group: slow
~ i157
i158 | energy_used_cooling | Stromverbrauch Kühlen, zuletzt gemessen | Energy used for cooling, last measured | magnitudes: [1, 0.01]; unit: kWh; group: slow
~ i159
i160 | energy_used_hot_water | Stromverbrauch Warmwasser, zuletzt gemessen | Energy used for hot water, last measured | magnitudes: [1, 0.01]; unit: kWh; group: slow
~ i161
i162 | energy_used | Stromverbrauch gesamt, zuletzt gemessen | Energy used, last measured | group: slow
i166 | energy_made_heating | Wärme Heizen, zuletzt gemessen | Heat for heating, last measured | magnitudes: [1, 0.01]; unit: kWh; group: slow
~ i167
i168 | energy_made_cooling | Kälte, zuletzt gemessen | Heat removed, last measured | magnitudes: [1, 0.01]; unit: kWh; group: slow
~ i169
i170 | energy_made_hot_water | Wärme Warmwasser, zuletzt gemessen | Heat for hot water, last measured | magnitudes: [1, 0.01]; unit: kWh; group: slow
~ i171
i172 | energy_made | Wärme gesamt, zuletzt gemessen | Heat, last measured | group: slow
# Flow and power
i173 | = flow_rate | | Flow rate |
i227 | = power_current | | Consumed electric power |
i228 | = power_thermal | | Produced power |
# Settings. It takes one or two minutes until a written value shows.
h26 | = operating_mode | Betriebsart | Operating mode |
h27 | = hot_water_mode | Betriebsart Warmwasser | Operating mode hot water |
h30 | = temp_hot_water_target | Warmwasser-Soll | Set tank water temperature | scale: 0.01
h32 | thermostat_setting_zone_1 | Thermostat-Soll Heizkreis 1 (Vorgabe) | Thermostat target zone 1 (setting) | scale: 0.01
h37 | force_hot_water | Warmwasser erzwingen | Force hot water |
h38 | holiday | Urlaub | Holiday |
h41 | cooling_prohibited_zone_1 | Kühlen gesperrt Heizkreis 1 | Cooling prohibited zone 1 |
h54 | = temp_room_target_circuit_a | Thermostat-Soll Heizkreis 1 | Thermostat target zone 1 | scale: 0.01
c1 | system_on | Anlage ein | System on | encoding: bool
# Inputs and outputs
d0 | thermostat_1 | Eingang 1: Raumthermostat | Input 1: room thermostat | encoding: bool
d17 | = resistive_heater_active | Zusatzheizstab | Booster heater | encoding: bool
d20 | immersion_heater | Einschraubheizkörper | Immersion heater | encoding: bool
d21 | water_pump | Wasserpumpe | Water pump | encoding: bool
d24 | three_way_valve | Dreiwegeventil | Three-way valve | encoding: bool
`;

const PLUS_HEAD = `# yaml-language-server: $schema=../profile.schema.json
# Mitsubishi Ecodan behind a Procon MelcoBEMS MINI A1M+, all points by function code 3. Factory
# address 192.168.92.114. Addresses count from 0. What function code 4 reads is another map.
# Powers are whole kW: their quotient would be wrong by a third, so there is no COP.
name: mitsubishi/ecodan-a1m-plus
manufacturer: Mitsubishi Electric
model: Ecodan with Procon MelcoBEMS MINI A1M+
description:
  de: Mitsubishi Ecodan mit Procon A1M+, alle Datenpunkte
  en: Mitsubishi Ecodan with Procon A1M+, all points
verified: false # no recording yet
sources:
${SOURCE_TEXTS}
  sk: "Modbus map library star.ke.st, entry mitsubishi-ecodan (from the manual, addresses up to 81)"
  gw: "community Modbus gateway profile me_ecodan (repository not identified)"
connection:
  port: 502
  unitId: 1
  wordsPerReadMax: 25
  pollSecondsMin: 10
  connectionsMax: 1
  source: [hk, man]
poll:
  slowSeconds: 300
# The Procon serves air conditioners and ventilation too, with other maps.
identification:
  - { register: system_type, oneOf: [1], meaning: "1 (air to water) at holding 13; 0 is an air conditioner, 2 ventilation", source: [man] }
  - { register: temp_outdoor, min: -60, max: 60, mayBeAbsent: true, meaning: an outdoor temperature at holding 99, source: [hk] }
${CIRCUITS}
defaults:
  space: holding
  encoding: uint16
`;

const PLUS_TAIL = `# Mixed scales: outdoor 0.1 and signed, water 0.01. Computed from the table.
vectors:
  - { register: temp_outdoor, words: [65501], value: -3.5 }
  - { register: temp_flow, words: [4012], value: 40.1 }
  - { register: temp_return, words: [3587], value: 35.9 }
  - { register: temp_hot_water, words: [5049], value: 50.5 }
  - { register: energy_made_heating, words: [1234, 56], value: 1234.56, note: kWh and tens of Wh }
  - { register: fault, words: [8000], value: 8000, note: no error }
  - { register: fault_hex, words: [27033], value: 27033, note: "0x6999: no communication with the unit" }
  - { register: operating_mode, words: [6], value: 6, note: legionella }
  - { register: compressor_frequency, words: [58], value: 58 }
`;

const ZONE_2 = "when: { parameter: { circuit: [b] } }";

const PLUS_DECISIONS = `
# Gateway
h9 | fault_hex | Fehlercode (hexadezimal) | Fault code (hexadecimal) | codes: { 32768: { de: kein Fehler, en: no fault }, 27033: { de: keine Verbindung zum Gerät, en: no communication with the unit } }
h11 | communication_counter | Zähler der Modbus-Kommunikation | Modbus communications counter | group: slow
h12 | = fault | | |
h13 | system_type | Erkannte Geräteart | System type detected | group: once
# Settings. It takes one or two minutes until a written value shows; of signed and unsigned twins
# only one may be written.
h25 | = system_mode | | |
h26 | = operating_mode | | |
h27 | = hot_water_mode | | Operating mode hot water |
h28 | = mode_circuit_a | | |
h29 | = mode_circuit_b | A/C Modus Heizkreis 2 | | ${ZONE_2}; codes: { 0: { de: Heizen nach Raumtemperatur, en: heating room temp }, 1: { de: Heizen nach Vorlauftemperatur, en: heating flow temp }, 2: { de: Heizkurve, en: heating curve }, 3: { de: Kühlen nach Raumtemperatur, en: cooling room temp }, 4: { de: Kühlen nach Vorlauftemperatur, en: cooling flow temp }, 5: { de: Estrichtrocknung, en: floor dryup } }
h30 | tank_setpoint_signed = temp_hot_water_target #2 | Solltemperatur Wasserspeicher (mit Vorzeichen) | |
h31 | = temp_hot_water_target | | |
# Room or flow, as the mode of the zone says.
h32 | thermostat_target_zone_1_signed | Thermostat-Vorgabe Heizkreis 1 (mit Vorzeichen) | |
h33 | thermostat_target_zone_1 | Thermostat-Vorgabe Heizkreis 1 | |
h34 | thermostat_target_zone_2_signed | Thermostat-Vorgabe Heizkreis 2 (mit Vorzeichen) | | ${ZONE_2}
h35 | thermostat_target_zone_2 | Thermostat-Vorgabe Heizkreis 2 | | ${ZONE_2}
h37 | force_hot_water | Warmwasser erzwingen | Force hot water |
h38 | holiday | Urlaub | |
h39 | hot_water_prohibited | Warmwasser gesperrt | Hot water prohibited |
h40 | heating_prohibited_zone_1 | Heizen gesperrt Heizkreis 1 | Heating prohibited zone 1 |
h41 | cooling_prohibited_zone_1 | Kühlen gesperrt Heizkreis 1 | Cooling prohibited zone 1 |
h42 | heating_prohibited_zone_2 | Heizen gesperrt Heizkreis 2 | Heating prohibited zone 2 | ${ZONE_2}
h43 | cooling_prohibited_zone_2 | Kühlen gesperrt Heizkreis 2 | Cooling prohibited zone 2 | ${ZONE_2}
# Operation
h55 | = temp_room_target_circuit_a | | |
h58 | heating_cooling | | |
h67 | defrost_state | | |
h68 | residual_heat_removal | Restwärmeabfuhr | |
h69 | refrigerant_error | Kältekreisfehler | Refrigerant error |
h72 | heating_state | Status Heizen | |
h73 | = compressor_frequency | | |
h80 | = bivalence_state | | |
# Temperatures
h99 | = temp_outdoor | | |
h102 | = temp_flow | | |
h104 | = temp_return | | |
h106 | = temp_hot_water | | |
h108 | = temp_flow_circuit_a | | |
h110 | = temp_return_circuit_a | | |
# English: boiler; German: hot water storage. Not decided which.
h116 | boiler_flow | | |
h118 | boiler_return | | |
# Whether a total or the last day is not stated, so the energies stay in the house.
h292 | energy_made_heating | Wärme Heizen | Heat for heating | magnitudes: [1, 0.01]; unit: kWh; group: slow
~ h293
h294 | energy_made_cooling | Kälte | Heat removed, cooling | magnitudes: [1, 0.01]; unit: kWh; group: slow
~ h295
h296 | energy_made_hot_water | Wärme Warmwasser | Heat for hot water | magnitudes: [1, 0.01]; unit: kWh; group: slow
~ h297
# Flow and power
h299 | = flow_rate | | |
h379 | = power_current | | |
h380 | = power_thermal | | |
`;

const TEXTS = {
  "no error": "kein Fehler",
  "bad communication": "keine Verbindung zum Gerät",
  ATA: "Luft-Luft",
  ATW: "Luft-Wasser",
  Lossnay: "Lüftung Lossnay",
  undetermined: "unbestimmt",
  normal: "normal",
  standby: "Bereitschaft",
  defrost: "Abtauung",
  "waiting restart": "wartet auf Neustart",
  prepared: "vorbereitet",
  "residual heat removal": "Restwärmeabfuhr",
  "system error": "Anlagenfehler",
  "startup error": "Anlauffehler",
  maintenance: "Wartung",
  "heat pump": "Wärmepumpe",
  "screw-in heater": "Einschraubheizkörper",
  "electric heater": "Elektroheizstab",
  both: "beide",
  "DHW boiler": "Warmwasserkessel",
  off: "aus",
  on: "ein",
  "emergency run(r)": "Notbetrieb",
  "test run(r)": "Testbetrieb",
  stop: "Stopp",
  "hot water": "Warmwasser",
  heating: "Heizen",
  cooling: "Kühlen",
  "freeze stat": "Frostschutz",
  legionella: "Legionellenschutz",
  "heating-eco": "Heizen Eco",
  eco: "Eco",
  "heating room temp": "Heizen nach Raumtemperatur",
  "heating flow temp": "Heizen nach Vorlauftemperatur",
  "heating curve": "Heizkurve",
  "cooling room temp": "Kühlen nach Raumtemperatur",
  "cooling flow temp": "Kühlen nach Vorlauftemperatur",
  "floor dryup": "Estrichtrocknung",
  force: "erzwungen",
  holiday: "Urlaub",
  prohibit: "gesperrt",
};

export const A1M: Family = {
  profile: "mitsubishi/ecodan-a1m",
  tables: { "": "mitsubishi/ecodan-a1m-input-map.csv" },
  sources: SOURCES,
  defaults: { space: "input", encoding: "uint16" },
  texts: TEXTS,
  language: "en",
  head: A1M_HEAD,
  tail: A1M_TAIL,
  decisions: A1M_DECISIONS,
};

export const A1M_PLUS: Family = {
  profile: "mitsubishi/ecodan-a1m-plus",
  tables: { "": "mitsubishi/ecodan-a1m-plus-holding-map.csv" },
  sources: SOURCES,
  defaults: { space: "holding", encoding: "uint16" },
  texts: TEXTS,
  language: "en",
  head: PLUS_HEAD,
  tail: PLUS_TAIL,
  decisions: PLUS_DECISIONS,
};
