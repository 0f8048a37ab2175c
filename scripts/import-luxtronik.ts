/** What the table does not say about the Luxtronik Smart Home Interface, and what a person decided. */
import type { Family } from "./family-lines.js";

const HEAD = `# yaml-language-server: $schema=../profile.schema.json
# Luxtronik 2.1 with the Smart Home Interface (alpha innotec, Novelan and others), from firmware
# 3.90.1 on; the installer turns it on. Addresses hold the interface's offset of 10000. The service
# on ports 8888 and 8889 is another protocol.
name: luxtronik/shi-2.1
manufacturer: alpha innotec, Novelan
model: Luxtronik 2.1 SHI
description:
  de: Luxtronik 2.1 mit Smart-Home-Interface über Modbus TCP
  en: Luxtronik 2.1 with Smart Home Interface over Modbus TCP
verified: false # no recording yet
sources:
  bo: "Bouni/python-luxtronik: luxtronik/definitions/inputs.py and holdings.py"
  ev: "evcc-io/evcc: templates/definition/charger/luxtronik.yaml"
connection:
  port: 502
  unitId: 1
  wordsPerReadMax: 32 # no limit is published; blocks are contiguous and short
  gapWordsMax: 0 # a field that the firmware does not have is not answered at all
  requestTimeoutMs: 3000
  closeAfterPoll: true # the library connects for each transaction
  pollSecondsMin: 10
  connectionsMax: 1
  source: [bo]
identification:
  - { register: operating_mode, min: 0, max: 7, meaning: "an operating mode from 0 to 7 at input 10002", source: [bo] }
  - { register: temp_outdoor, min: -60, max: 60, mayBeAbsent: true, meaning: an outdoor temperature at input 10108, source: [bo] }
# Whatever the firmware or the installation does not have times out, so it is not asked for.
firmware: { register: firmware_version }
parameters:
  circuit:
    label: { de: Mischkreise (B bis D sind 1 bis 3), en: Mixing circuits (B to D are 1 to 3) }
    values: [b, c, d]
    default: []
defaults:
  space: input
  encoding: int16
  wordOrder: high-first
  absent: # 0x7FFF: the function is not available
    int16: [32767]
    uint16: [32767]
    bits: [32767]
    bool: [32767]
`;

const TAIL = `derived:
  - { metric: cop_current, divide: [power_thermal, power_current], when: { power_current: { above: 0.1 } }, source: [bo] }
vectors:
  - { register: temp_outdoor, words: [65459], value: -7.7 }
  - { register: temp_outdoor, words: [32767], quality: absent }
  - { register: temp_return, words: [287], value: 28.7 }
  - { register: temp_return, words: [32767], quality: absent }
  - { register: compressor_state, words: [5], value: 1, note: compressor 1 and second heat generator }
  - { register: second_generator_active, words: [5], value: 1 }
  - { register: compressor_state_2, words: [5], value: 0 }
  - { register: heatpump_status, words: [5], value: 5 }
  - { register: compressor_state, words: [32767], quality: absent, note: not every compressor at once }
  - { register: operating_mode, words: [5], value: 5 }
  - { register: power_current, words: [19], value: 1.9 }
  - { register: power_thermal, words: [82], value: 8.2 }
  - { register: energy_electric_total, words: [2, 8071], value: 13914.3, note: 139143 tenths }
  - { register: energy_electric_total, words: [65535, 65535], quality: implausible, note: less than nothing }
`;

const SINCE = 'when: { firmware: { since: "3.92.0" } }';
const CIRCUIT = "stride: { circuit: 10 }";
const COOLING = "when: { register: { cooling_configured: { oneOf: [1] } } }";
const COOLING_SINCE =
  'when: { firmware: { since: "3.92.0" }, register: { cooling_configured: { oneOf: [1] } } }';
const POOL = "when: { register: { pool_heating_configured: { oneOf: [1] } } }";
const POOL_SINCE =
  'when: { firmware: { since: "3.92.0" }, register: { pool_heating_configured: { oneOf: [1] } } }';

const DECISIONS = `
# States. The bits of the first one tell who runs.
i10000 | heatpump_status | Laufende Wärmeerzeuger | Running heat generators | encoding: -; bits: { first: 0, count: 16 }
i10000 | = compressor_state | Verdichter 1 läuft | Compressor 1 running | encoding: -; bit: 0; codes: -
i10000 | = compressor_state_2 | Verdichter 2 läuft | Compressor 2 running | encoding: -; bit: 1; codes: -
i10000 | = second_generator_active | Zweiter Wärmeerzeuger 1 läuft | Second heat generator 1 running | encoding: -; bit: 2; codes: -
i10000 | second_generator_2_active | Zweiter Wärmeerzeuger 2 läuft | Second heat generator 2 running | encoding: -; bit: 3; codes: -
i10000 | second_generator_3_active | Zweiter Wärmeerzeuger 3 läuft | Second heat generator 3 running | encoding: -; bit: 4; codes: -
i10002 | = operating_mode | Betriebsart | Operating mode |
i10003 | heating_status | Heizung: Zustand | Heating: state |
i10004 | hot_water_status | Warmwasser: Zustand | Hot water: state |
i10006 | cooling_status | Kühlung: Zustand | Cooling: state | ${COOLING}
i10007 | pool_heating_status | Schwimmbad oder Solar: Zustand | Pool or solar: state | ${POOL}
# Temperatures
i10100 | = temp_return | Rücklauf | Return |
i10101 | = temp_return_target | Rücklauf, Soll | Return target |
i10102 | temp_return_external | Rücklauf extern | External return |
i10103 | temp_return_limit | Rücklaufbegrenzung | Return limit | group: slow
i10104 | temp_return_target_min | Rücklauf, kleinster Sollwert | Least return target | group: slow
i10105 | = temp_flow | Vorlauf | Flow |
i10106 | = temp_room | Raum | Room |
i10107 | temp_heating_limit | Heizgrenze | Heating limit | group: slow
i10108 | = temp_outdoor | Außentemperatur | Outdoor temperature |
i10109 | = temp_outdoor_average | Mittlere Außentemperatur | Averaged outdoor temperature | ${SINCE}
i10110 | = temp_source_in | Wärmequelleneintritt | Heat source inlet | ${SINCE}
i10111 | = temp_source_out | Wärmequellenaustritt | Heat source outlet | ${SINCE}
# No scale and no unit is known.
i10112 | temp_flow_max_raw | Höchster Vorlauf (ohne bekannte Skala) | Greatest flow (scale not known) | group: slow; ${SINCE}
i10120 | = temp_hot_water | Warmwasser | Hot water |
i10121 | = temp_hot_water_target | Warmwasser, Soll | Hot water target |
i10122 | temp_hot_water_min | Warmwasser, kleinster Sollwert | Least hot water target | group: slow
i10123 | temp_hot_water_max | Warmwasser, größter Sollwert | Greatest hot water target | group: slow
i10124 | temp_hot_water_limit | Warmwasserbegrenzung | Hot water limit | group: slow
# Mixing circuits 1 to 3 are heating circuits B to D.
i10140 | = temp_flow_circuit_{circuit} | Mischkreis {CIRCUIT}: Vorlauf | Mixing circuit {CIRCUIT}: flow | ${CIRCUIT}
i10141 | = temp_flow_target_circuit_{circuit} | Mischkreis {CIRCUIT}: Vorlauf, Soll | Mixing circuit {CIRCUIT}: flow target | ${CIRCUIT}
i10142 | mixing_circuit_{circuit}_temp_min | Mischkreis {CIRCUIT}: kleinster Sollwert | Mixing circuit {CIRCUIT}: least target | group: slow; ${CIRCUIT}
i10143 | mixing_circuit_{circuit}_temp_max | Mischkreis {CIRCUIT}: größter Sollwert | Mixing circuit {CIRCUIT}: greatest target | group: slow; ${CIRCUIT}
~ i10150 i10151 i10152 i10153 i10160 i10161 i10162 i10163
# Fault and configuration
i10201 | = fault | Fehlernummer | Error number |
i10202 | buffer_type | Art des Puffers | Kind of buffer | group: once
i10203 | time_off_min | Mindeststillstand | Least time off | group: once
i10204 | time_on_min | Mindestlaufzeit | Least time on | group: once
i10205 | cooling_configured | Kühlung eingerichtet | Cooling configured | group: once
i10206 | pool_heating_configured | Schwimmbadheizung eingerichtet | Pool heating configured | group: once
i10207 | cooling_released | Kühlung freigegeben | Cooling released |
# Powers and energies
i10300 | = power_thermal | Heizleistung | Heating power |
i10301 | = power_current | Elektrische Leistung | Electrical power |
i10302 | power_electric_min | Kleinste elektrische Leistung, Vorhersage | Least electrical power, predicted |
i10310 | = energy_electric_total | Stromverbrauch gesamt | Electricity, total |
i10312 | = energy_electric_heating | Stromverbrauch Heizen | Electricity, heating |
i10314 | = energy_electric_hot_water | Stromverbrauch Warmwasser | Electricity, hot water |
i10316 | = energy_electric_cooling | Stromverbrauch Kühlen | Electricity, cooling | ${COOLING}
i10318 | = energy_electric_pool | Stromverbrauch Schwimmbad | Electricity, pool | ${POOL}
i10320 | = energy_heat_total | Wärmemenge gesamt | Heat, total | ${SINCE}
i10322 | = energy_heat_heating | Wärmemenge Heizen | Heat, heating | ${SINCE}
i10324 | = energy_heat_hot_water | Wärmemenge Warmwasser | Heat, hot water | ${SINCE}
i10326 | = energy_heat_cooling | Kältemenge | Heat removed, cooling | ${COOLING_SINCE}
i10328 | = energy_heat_pool | Wärmemenge Schwimmbad | Heat, pool | ${POOL_SINCE}
i10400 | firmware_version | Firmware | Firmware | words: 3; group: once
# Orders of a smart home: volatile, gone when the controller restarts.
h10000 | heating_control | Heizung: Vorgabe | Heating: control |
h10001 | heating_given | Heizung: vorgegebene Temperatur | Heating: given temperature |
h10002 | heating_offset | Heizung: vorgegebene Verschiebung | Heating: given offset |
h10003 | heating_level | Heizung: vorgegebene Stufe | Heating: given level | ${SINCE}
h10005 | hot_water_control | Warmwasser: Vorgabe | Hot water: control |
h10006 | hot_water_given | Warmwasser: vorgegebene Temperatur | Hot water: given temperature |
h10007 | hot_water_offset | Warmwasser: vorgegebene Verschiebung | Hot water: given offset |
h10008 | hot_water_level | Warmwasser: vorgegebene Stufe | Hot water: given level | ${SINCE}
h10010 | mixing_circuit_{circuit}_heating_control | Mischkreis {CIRCUIT}: Vorgabe Heizen | Mixing circuit {CIRCUIT}: heating control | ${CIRCUIT}
h10011 | mixing_circuit_{circuit}_heating_given | Mischkreis {CIRCUIT}: vorgegebene Temperatur Heizen | Mixing circuit {CIRCUIT}: given heating temperature | ${CIRCUIT}
h10012 | mixing_circuit_{circuit}_heating_offset | Mischkreis {CIRCUIT}: vorgegebene Verschiebung Heizen | Mixing circuit {CIRCUIT}: given heating offset | ${CIRCUIT}
h10013 | mixing_circuit_{circuit}_heating_level | Mischkreis {CIRCUIT}: vorgegebene Stufe Heizen | Mixing circuit {CIRCUIT}: given heating level | ${CIRCUIT}; ${SINCE}
h10015 | mixing_circuit_{circuit}_cooling_control | Mischkreis {CIRCUIT}: Vorgabe Kühlen | Mixing circuit {CIRCUIT}: cooling control | ${CIRCUIT}
h10016 | mixing_circuit_{circuit}_cooling_given | Mischkreis {CIRCUIT}: vorgegebene Temperatur Kühlen | Mixing circuit {CIRCUIT}: given cooling temperature | ${CIRCUIT}
h10017 | mixing_circuit_{circuit}_cooling_offset | Mischkreis {CIRCUIT}: vorgegebene Verschiebung Kühlen | Mixing circuit {CIRCUIT}: given cooling offset | ${CIRCUIT}
~ h10020 h10021 h10022 h10023 h10025 h10026 h10027 h10030 h10031 h10032 h10033 h10035 h10036 h10037
# The meaning of further codes is cut off in the table.
h10040 | power_limit_mode | Leistungsbegrenzung: Art | Power limit: mode | codes: { 0: { de: keine Leistungsbegrenzung, en: no power limitation } }
h10041 | = power_limit | Leistungsbegrenzung | Power limit |
h10050 | lock_heating | Sperre Heizung | Lock of heating | ${SINCE}
h10051 | lock_hot_water | Sperre Warmwasser | Lock of hot water | ${SINCE}
h10052 | lock_cooling | Sperre Kühlung | Lock of cooling | ${COOLING}
h10053 | lock_pool | Sperre Schwimmbad | Lock of pool | ${POOL}
h10065 | heating_overall_control | Heizung gesamt: Vorgabe | All heating: control | ${SINCE}
h10066 | heating_overall_offset | Heizung gesamt: vorgegebene Verschiebung | All heating: given offset | ${SINCE}
h10067 | heating_overall_level | Heizung gesamt: vorgegebene Stufe | All heating: given level | ${SINCE}
h10070 | circulation | Zirkulation | Circulation | ${SINCE}
h10071 | hot_water_extra | Warmwasser einmal mehr | Hot water once more | ${SINCE}
`;

const TEXTS: Readonly<Record<string, string>> = {
  VD1: "Verdichter 1",
  VD2: "Verdichter 2",
  ZWE1: "zweiter Wärmeerzeuger 1",
  ZWE2: "zweiter Wärmeerzeuger 2",
  ZWE3: "zweiter Wärmeerzeuger 3",
  Heating: "Heizen",
  "DHW heating": "Warmwasser",
  "Pool heating / Solar": "Schwimmbad oder Solar",
  "Utility lockout": "EVU-Sperre",
  Defrost: "Abtauung",
  "No demand": "keine Anforderung",
  "Not used": "nicht benutzt",
  Cooling: "Kühlen",
  Off: "aus",
  Demand: "Anforderung",
  Active: "aktiv",
  "no influence": "kein Einfluss",
  "Heating setpoint": "Heiztemperatur",
  "Heating offset": "Verschiebung Heizen",
  "Heating level": "Stufe Heizen",
  "DHW setpoint": "Warmwassertemperatur",
  "DHW offset": "Verschiebung Warmwasser",
  "DHW level": "Stufe Warmwasser",
  "Cooling setpoint": "Kühltemperatur",
  "Cooling offset": "Verschiebung Kühlen",
  "Cooling level": "Stufe Kühlen",
};

export const LUXTRONIK: Family = {
  profile: "luxtronik/shi-2.1",
  tables: { "": "luxtronik/shi-2.1.csv" },
  sources: [
    ["bo", "Bouni/"],
    ["ev", "evcc-io/"],
  ],
  defaults: { space: "input", encoding: "int16" },
  texts: TEXTS,
  language: "en",
  head: HEAD,
  tail: TAIL,
  decisions: DECISIONS,
};
