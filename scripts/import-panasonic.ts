/** What the tables do not say about Panasonic Aquarea gateways, and what a person decided. */
import type { Family } from "./family-lines.js";

const CONNECTION = `connection:
  transport: rtu-gateway
  port: 502
  unitId: 1 # by DIP switch
`;

const PRE_H_HEAD = `# yaml-language-server: $schema=../profile.schema.json
# Panasonic Aquarea before the H series behind an Intesis PA-AW-MBS-1 (RTU, so a gateway from TCP
# stands before it). This is the gateway's map, not the pump's; that of the H series differs at the
# same addresses, and nothing in the maps tells the two apart for certain.
name: panasonic/aquarea-pa-aw-mbs-1
manufacturer: Panasonic
model: Aquarea before H with PA-AW-MBS-1
description:
  de: Panasonic Aquarea vor Serie H mit Gateway PA-AW-MBS-1
  en: Panasonic Aquarea before the H series with gateway PA-AW-MBS-1
verified: false # no recording yet
sources:
  gi: "gianfrdp/pyModbusIntesisBox: intesisbox/pa_aw_mbs.py (after the IntesisBox PA-AW-MBS-1 user manual)"
${CONNECTION}  wordsPerReadMax: 91
  gapWordsMax: 64 # 0 to 90 are read at once in the field; so one request reads all, settings too
  readable: [{ space: holding, from: 0, to: 90 }, { space: holding, from: 1000, to: 1007 }]
  pollSecondsMin: 10
  connectionsMax: 1
  source: [gi]
identification:
  - { register: power, oneOf: [0, 1], mayBeAbsent: true, meaning: 0 or 1 (off or on) at 0, source: [gi] }
  - { register: operating_mode, min: 0, max: 5, mayBeAbsent: true, meaning: an operating mode from 0 to 5 at 4, source: [gi] }
  - { register: fault_active, oneOf: [0, 1], mayBeAbsent: true, meaning: "an alarm status of 0 or 1 at 70", source: [gi] }
parameters:
  temperature_scale:
    label: { de: "Temperaturen des Gateways: 1 = ganze Grad, 10 = Zehntelgrad (DIP-Schalter)", en: "Temperatures of the gateway: 1 = whole degrees, 10 = tenths (DIP switch)" }
    values: ["1", "10"]
    default: ["1"]
    several: false
# 0x8000: no value. Codes have the placeholders 0x55 and 0xAA besides; a frequency may well be 85.
defaults:
  space: holding
  encoding: uint16
  absent:
    int16: [-32768]
    uint16: [32768]
`;

const PRE_H_TAIL = `vectors:
  - { register: temp_outdoor, words: [65533], value: -3 }
  - { register: temp_outdoor_tenths, words: [65505], value: -3.1 }
  - { register: temp_flow, words: [35], value: 35 }
  - { register: temp_flow_tenths, words: [352], value: 35.2 }
  - { register: temp_flow_tenths, words: [32768], quality: absent }
  - { register: operating_mode, words: [85], quality: absent, note: placeholder 0x55 }
  - { register: compressor_frequency, words: [85], value: 85, note: no placeholder here }
  - { register: compressor_frequency, words: [32768], quality: absent }
  - { register: fault, words: [65535], value: 65535, note: the gateway does not reach the pump }
  - { register: defrost_active, words: [170], quality: absent }
`;

const CODE = "absent: [32768, 85, 170]";

function bothScales(at: string, metric: string, de: string, en: string, more = ""): string {
  const when = (scale: string) => `${more}when: { parameter: { temperature_scale: ["${scale}"] } }`;
  return `${at} | = ${metric} | ${de} | ${en} | ${when("1")}
${at} | ${metric}_tenths = ${metric} #1 | ${de} | ${en} | priority: -; scale: 0.1; ${when("10")}`;
}

const PRE_H_DECISIONS = `
h0 | power | Ein/Aus | Power | ${CODE}; group: -
${bothScales("h1", "temp_outdoor", "Außentemperatur", "Outdoor temperature")}
${bothScales("h2", "temp_flow", "Wasseraustrittstemperatur", "Outgoing water temperature")}
${bothScales("h3", "temp_return", "Wassereintrittstemperatur", "Ingoing water temperature")}
h4 | = operating_mode | Betriebsart | | ${CODE}; group: -
h10 | climate_mode | Klimabetrieb | | ${CODE}
h11 | climate_working_mode | Arbeitsweise Klima | | ${CODE}; group: -
# Hot water
h30 | tank_on | Speicher ein | Tank on | ${CODE}
h31 | = hot_water_mode | Arbeitsweise Speicher | | ${CODE}; group: -
${bothScales("h32", "temp_hot_water", "Speichertemperatur", "Tank water temperature")}
${bothScales("h33", "temp_hot_water_target", "Speicher-Soll", "Tank water setpoint", "group: -; ")}
# Of which period is not stated.
h47 | consumption_heating | Verbrauch Heizen | | 
h48 | consumption_cooling | Verbrauch Kühlen | | 
h49 | consumption_tank | Verbrauch Speicher | | 
# Operation. The fault is a number of Panasonic's list; 65535: the gateway does not reach the pump.
h52 | = fault | Fehler | Error | codes: { 65535: { de: keine Verbindung, en: communication error } }
h57 | = defrost_active | Abtauung | | ${CODE}
h59 | booster_heater | Speicherheizstab | Booster heater | ${CODE}
h60 | = compressor_frequency | Verdichterfrequenz | |
h61 | = hours_compressor | Betriebsstunden Verdichter | | 
h66 | quiet_mode | Leisebetrieb | | ${CODE}; group: -
h68 | = resistive_heater_active | Heizstab | Heater status | ${CODE}
h70 | = fault_active | Alarm | Alarm status | ${CODE}
h73 | pump_speed | Pumpenstufe | | group: -
`;

const H_HEAD = `# yaml-language-server: $schema=../profile.schema.json
# Panasonic Aquarea H and J behind an Intesis INMBSPAN001 or PA-AW2-MBS-1, and Aquarea M behind an
# Airzone PAW-AZAW-MBS-M (RTU, so a gateway from TCP stands before them). These are maps of gateways;
# each source knows only a part, and what a gateway lacks it refuses.
name: panasonic/aquarea-h
manufacturer: Panasonic
model: Aquarea H, J, M with Intesis or Airzone gateway
description:
  de: Panasonic Aquarea Serien H, J und M mit Gateway von Intesis oder Airzone
  en: Panasonic Aquarea series H, J and M with a gateway by Intesis or Airzone
verified: false # no recording yet
sources:
  sk: "Modbus map library star.ke.st, entry panasonic-aquarea-h-j (Intesis INMBSPAN001, addresses up to 47)"
  az: "Airzone Aidoo Pro Modbus Aquarea M / PAW-AZAW-MBS-M, integration guide p. 15"
${CONNECTION}  wordsPerReadMax: 91
  pollSecondsMin: 10
  connectionsMax: 1
  source: [sk, az]
identification:
  - { register: power, oneOf: [0, 1], mayBeAbsent: true, meaning: 0 or 1 (off or on) at 0, source: [sk] }
  - { register: temp_outdoor, min: -60, max: 60, mayBeAbsent: true, meaning: "an outdoor temperature in tenths at 1", source: [sk] }
parameters:
  zone:
    label: { de: Heizkreise, en: Zones }
    values: ["1", "2"]
    default: ["1"]
defaults:
  space: holding
  encoding: int16
  absent:
    int16: [-32768]
    uint16: [32768]
`;

const H_TAIL = `vectors:
  - { register: temp_outdoor, words: [65465], value: -7.1 }
  - { register: temp_flow, words: [418], value: 41.8 }
  - { register: temp_return, words: [32768], quality: absent }
  - { register: power_electric_heating, words: [1400], value: 1.4, note: W read as kW }
  - { register: fault, words: [1076], value: 1076, note: H76 }
  - { register: fault, words: [0], value: 0 }
  - { register: fault_active, words: [85], quality: absent, note: placeholder 0x55 }
`;

const H_DECISIONS = `
h0 | power | Ein/Aus | | ${CODE}
h1 | = temp_outdoor | Außentemperatur | |
h2 | = temp_flow | Wasseraustrittstemperatur | |
h3 | = temp_return | Wassereintrittstemperatur | |
h4 | = operating_mode | Betriebsart | | group: fast
h5 | heating_method | Vorgabe der Wassertemperatur beim Heizen | |
h6 | cooling_method | Vorgabe der Wassertemperatur beim Kühlen | |
h9 | zones_on | Heizkreise 1 und 2 ein | Zones 1 and 2 on |
# Water, room or pool, as the sensor of the zone is set.
h10 | zone_{zone}_sensor | Fühler Heizkreis {ZONE} | Sensor of zone {ZONE} | stride: { zone: 1 }; group: slow
~ h11
h12 | zone_{zone}_setpoint | Sollwert Heizkreis {ZONE} | Setpoint of zone {ZONE} | stride: { zone: 1 }
~ h13
h14 | zone_{zone}_temp | Temperatur Heizkreis {ZONE} | Temperature of zone {ZONE} | stride: { zone: 1 }
~ h15
# Hot water
h30 | tank_on | Speicher ein | Tank on | ${CODE}
h32 | = temp_hot_water | Speichertemperatur | |
h33 | = temp_hot_water_target | Speicher-Soll | |
h34 | tank_heater | Speicherheizstab | |
# Input while in that mode. Whether they add up is not stated, so there is no power of all.
h45 | = power_electric_hot_water | Leistungsaufnahme Speicherbetrieb | Power in tank mode |
h46 | = power_electric_heating | Leistungsaufnahme Heizbetrieb | Power in heat mode |
h47 | = power_electric_cooling | Leistungsaufnahme Kühlbetrieb | Power in cool mode |
# Operation
h50 | gateway_version | Version des Gateways | Version of the gateway | group: once
# 1076 is H76, 2xxx an F, 3xxx a U.
h52 | = fault | Fehlercode | | codes: { 0: { de: kein Fehler, en: no error } }
h64 | = defrost_active | Abtauung | Defrost | ${CODE}
h70 | = fault_active | Fehler liegt vor | | ${CODE}
h81 | tank_connected | Speicher angeschlossen | Tank connected | ${CODE}
h82 | zones | Anzahl der Heizkreise | | ${CODE}
h86 | outdoor_type | Bauart der Außeneinheit | | group: once; ${CODE}
`;

const TEXTS = {
  off: "aus",
  on: "ein",
  none: "keine",
  heat: "Heizen",
  "heat+tank": "Heizen und Speicher",
  tank: "Speicher",
  "cool+tank": "Kühlen und Speicher",
  cool: "Kühlen",
  normal: "normal",
  eco: "Eco",
  powerful: "Leistung",
  "no alarm": "kein Alarm",
  alarm: "Alarm",
  "no error": "kein Fehler",
  error: "Fehler",
  no: "nein",
  yes: "ja",
  "1 zone": "1 Heizkreis",
  "2 zones": "2 Heizkreise",
  STD: "Standard",
  TCAP: "T-CAP",
  HWT: "HWT",
};

export const AQUAREA_PRE_H: Family = {
  profile: "panasonic/aquarea-pa-aw-mbs-1",
  tables: { "": "panasonic/aquarea-pre-h-pa-aw-mbs-1.csv" },
  sources: [["gi", "gianfrdp/"]],
  defaults: { space: "holding", encoding: "uint16" },
  texts: TEXTS,
  language: "en",
  head: PRE_H_HEAD,
  tail: PRE_H_TAIL,
  decisions: PRE_H_DECISIONS,
};

export const AQUAREA_H: Family = {
  profile: "panasonic/aquarea-h",
  tables: { "": "panasonic/aquarea-h-series-intesis-airzone.csv" },
  sources: [
    ["sk", "Modbus map library star.ke.st"],
    ["az", "Airzone"],
  ],
  defaults: { space: "holding", encoding: "int16" },
  texts: TEXTS,
  language: "en",
  head: H_HEAD,
  tail: H_TAIL,
  decisions: H_DECISIONS,
};
