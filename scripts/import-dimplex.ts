/** What the table does not say about Dimplex WPM, and what a person decided. */
import type { Family } from "./family-lines.js";

const HEAD = `# yaml-language-server: $schema=../profile.schema.json
# Dimplex heat pump manager (WPM Touch, or with NWPM), as seen on an SI 11TU. Three small sources,
# three rows agree. One of them reads the values with function code 3, as holding registers.
name: dimplex/wpm-si11tu
manufacturer: Glen Dimplex
model: WPM (SI 11TU)
description:
  de: Dimplex-Wärmepumpenmanager über Modbus TCP
  en: Dimplex heat pump manager over Modbus TCP
verified: false # no recording yet
sources:
  ti: "timlaing/modbus_local_gateway: device_configs/Dimplex-SI-11TU.yaml"
  m2: "modbus2mqtt/specification: public/specifications/dimplexpco5.yaml (Dimplex SI 6, PCO5, function code 3)"
  ev: "evcc-io/evcc: templates/definition/charger/glen-dimplex.yaml"
connection:
  port: 502
  unitId: 1
  wordsPerReadMax: 8
  bitsPerReadMax: 8
  pollSecondsMin: 10
  source: [ti]
identification:
  - { register: operating_mode, oneOf: [0, 1, 2, 3, 4, 5, 10, 11, 24, 30], meaning: "a known status at input 103", source: [ti] }
  - { register: temp_outdoor, min: -60, max: 60, mayBeAbsent: true, meaning: an outdoor temperature at input 1, source: [ti, m2] }
defaults:
  space: input
  encoding: int16
`;

const TAIL = `vectors:
  - { register: temp_outdoor, words: [65472], value: -6.4 }
  - { register: temp_hot_water, words: [473], value: 47.3 }
  - { register: energy_heat_heating, words: [4321, 2, 0], value: 24321 }
  - { register: energy_heat_heating, words: [9999, 9999, 0], quality: implausible, note: beyond what a house uses in 50 years }
  - { register: energy_heat_hot_water, words: [17, 0, 0], value: 17 }
  - { register: power_current, words: [231], value: 2.31, note: 2310 W }
  - { register: hours_compressor, words: [40123], value: 40123, note: not negative }
  - { register: curve_shift_circuit_a, words: [0], value: -19 }
  - { register: curve_shift_circuit_a, words: [22], value: 3 }
  - { register: operating_mode, words: [30], value: 30 }
  - { register: evu_lock, words: [1], value: 1 }
  - { register: power_pv_surplus, words: [65486], value: -0.5, note: -500 W }
`;

const DECISIONS = `
# Temperatures
i1 | = temp_outdoor | | Outdoor temperature (R1) |
i2 | = temp_return | | Return temperature (R2) |
i3 | = temp_hot_water | | Hot water temperature (R3) |
i5 | = temp_flow | | Flow temperature (R9) |
i6 | = temp_source_in | | Heat source inlet temperature (R24) |
i7 | = temp_source_out | | Heat source outlet temperature (R6) |
i11 | = temp_room | | Room temperature |
i53 | = temp_return_target | | Return target temperature |
i58 | = temp_hot_water_target | | Hot water target temperature |
# Hours
i71 | hours_additional_pump | | Hours of the additional pump (M16) |
i72 | = hours_compressor | | Hours of compressor 1 |
i74 | hours_primary_pump_or_fan | | Hours of the primary pump or fan (M11) |
i76 | = hours_pump | | Hours of the heating pump (M13) |
i77 | hours_hot_water_pump | | Hours of the hot water pump (M18) |
# State
i103 | = operating_mode | | Status |
i104 | blocking_status | | Blocked by |
i105 | = fault | | Fault |
i106 | sensor_fault | | Faulty sensor |
# Energies: three words, each worth ten thousand of the one before.
i5096 | = energy_heat_heating | | Heat, heating | magnitudes: [1, 10000, 100000000]
i5099 | = energy_heat_hot_water | | Heat, hot water | magnitudes: [1, 10000, 100000000]
i5170 | = power_current | Elektrische Leistung | Electrical power |
# Settings
# Disputed: whole degrees, or tenths; and another source finds it among the input registers.
h46 | temp_room_heating_raw | | Heating room temperature (scale disputed) | unit: -; min: -; confidence: disputed
h47 | heating_hysteresis | | Heating hysteresis |
h5015 | = system_mode | | Operating mode |
h5036 | = curve_shift_circuit_a | | Heating parallel shift | offset: -19; unit: K; codes: -
h5037 | temp_heating_fixed | | Heating fixed target |
h5038 | heating_curve_end | | Heating curve end point |
h5045 | hot_water_hysteresis | | Hot water hysteresis |
h5047 | temp_hot_water_fixed | | Hot water fixed target |
# Disputed: whole degrees, or tenths of an input register.
h5048 | temp_hot_water_max_raw | | Hot water maximum target (scale disputed) | unit: -; min: -; confidence: disputed
h5130 | external_block_given | | External block by software |
h5145 | temp_hot_water_min | | Hot water minimum target |
h5167 | = smart_grid | Smart Grid | Smart grid | write: cyclic; codes: { 0: { de: Hardware (normal), en: hardware (normal) }, 10: { de: gelb (normal), en: yellow (normal) }, 11: { de: grün (mehr), en: green (boost) }, 12: { de: rot (weniger), en: red (dim) }, 13: { de: zwangsweise ein, en: forced on } }
h5182 | = power_pv_surplus | PV-Überschuss | PV surplus | write: cyclic
# Switches and pumps
d3 | = demand_hot_water | | Hot water thermostat |
d5 | = evu_lock | | Utility block |
d6 | external_block | | External block |
d41 | = compressor_state | | Compressor 1 |
d43 | primary_pump_or_fan | | Primary pump (M11) or fan (M2) |
d45 | heating_pump_m13 | | Heating pump (M13) |
d46 | hot_water_pump | | Hot water pump (M18) |
d47 | mixer_m21_open | | Mixer (M21) opens |
d49 | additional_pump | | Additional pump (M16) |
d51 | heating_pump_m15 | | Heating pump (M15) |
d52 | mixer_m22_open | | Mixer (M22) opens |
d56 | pool_pump | | Pool pump (M19) |
d57 | = fault_active | | General fault (H5) |
d59 | heating_pump_m14 | | Heating pump (M14) |
d60 | cooling_pump | | Cooling pump (M17) |
d61 | heating_pump_m20 | | Heating pump (M20) |
d66 | room_thermostat_cooling | | Room thermostats heating/cooling (N9) |
d68 | cooling_primary_pump | | Primary pump for cooling (M12) |
d71 | solar_pump | | Solar pump (M23) |
`;

const TEXTS: Readonly<Record<string, string>> = {
  Aus: "off",
  Heizen: "heating",
  Schwimmbad: "pool",
  Warmwasser: "hot water",
  Kühlen: "cooling",
  Abtauen: "defrost",
  Durchflussüberwachung: "flow monitoring",
  "Verzögerung Betriebsmodusumschaltung": "delay of mode change",
  Sperre: "blocked",
  "keine Meldung": "no message",
  Volumenstrom: "flow rate",
  Funktionskontrolle: "function check",
  "Einsatzgrenze HT": "limit of high temperature",
  Systemkontrolle: "system check",
  "Verzögerung Umschaltung Kühlen": "delay of change to cooling",
  Pumpenvorlauf: "pump runs ahead",
  Mindeststandzeit: "least time off",
  Netzbelastung: "grid load",
  Schaltspielsperre: "limit of starts",
  "Warmwasser Nacherwärmung": "hot water reheating",
  Regenerativ: "renewable source",
  "EVU-Sperre": "utility lock",
  Sanftanlasser: "soft starter",
  Durchfluss: "flow",
  "Einsatzgrenze Wärmepumpe": "limit of the heat pump",
  Hochdruck: "high pressure",
  Niederdruck: "low pressure",
  "Einsatzgrenze Wärmequelle": "limit of the heat source",
  "System Grenze": "limit of the system",
  "Last Primärkreis": "load of the primary circuit",
  "Sperre Extern": "external block",
  Inverter: "inverter",
  Aufwärmen: "warming up",
  "EvD Initialisierung": "initialisation of the expansion valve",
  "2.Wärmeerzeuger freigegeben": "second heat generator released",
  Störung: "fault",
  "kein Fehler": "no fault",
  "Fehler N17.1": "fault of N17.1",
  "Fehler N17.2": "fault of N17.2",
  "Fehler N17.3": "fault of N17.3",
  "Fehler N17.4": "fault of N17.4",
  "Elektronisches Ex.Ventil": "electronic expansion valve",
  WPIO: "WPIO",
  WQIF: "WQIF",
  Sensorik: "sensors",
  "Niederdruck Sole": "low brine pressure",
  "!Primärkreis": "! primary circuit",
  "!Abtauen": "! defrost",
  "!Niederdruck Sole": "! low brine pressure",
  "!Warmwasser": "! hot water",
  "!Last Verdichter": "! compressor load",
  "!Codierung": "! coding",
  "!Niederdruck": "! low pressure",
  "!Frostschutz": "! frost protection",
  "!Hochdruck": "! high pressure",
  "!Temperatur Differenz": "! temperature difference",
  "!Heisgasthermostat": "! hot gas thermostat",
  "!Durchfluss": "! flow",
  "!Aufwärmen": "! warming up",
  "Außenfühler (R1)": "outdoor sensor (R1)",
  "Rücklauffühler (R2)": "return sensor (R2)",
  "Warmwasserfühler (R3)": "hot water sensor (R3)",
  "Codierung (R7)": "coding (R7)",
  "Vorlauffühler (R9)": "flow sensor (R9)",
  "2.Heizkreisfühler (R5)": "sensor of heating circuit 2 (R5)",
  "3.Heizkreisfühler (R13)": "sensor of heating circuit 3 (R13)",
  "Regenerativfühler (R13)": "sensor of renewable source (R13)",
  "Raumfühler 1": "room sensor 1",
  "Raumfühler 2": "room sensor 2",
  "Fühler Wärmequellenaustritt (R6)": "heat source outlet sensor (R6)",
  "Fühler Wärmequelleneintritt (R24)*": "heat source inlet sensor (R24)",
  "Kollektorfühler (R23)": "collector sensor (R23)",
  "Niederdrucksensor (R25)": "low pressure sensor (R25)",
  "Hochdrucksensor (R26)": "high pressure sensor (R26)",
  "Raumfeuchte 1": "room humidity 1",
  "Raumfeuchte 2": "room humidity 2",
  "Fühler Frostschutz-Kälte": "frost protection sensor, cooling",
  Heißgas: "hot gas",
  "Rücklauffühler (R2.1)": "return sensor (R2.1)",
  "Schwimmbadfühler (R20)": "pool sensor (R20)",
  "Vorlauffühler Kühlen Passiv (R11)": "flow sensor of passive cooling (R11)",
  "Rücklauffühler Kühlen Passiv (R4)": "return sensor of passive cooling (R4)",
  "Fühler Solarspeicher (R22)": "solar storage sensor (R22)",
  "Anforderungsfühler Heizen (R2.2)": "heating demand sensor (R2.2)",
  "RTM Econ": "RTM Econ",
  "Anforderungsfühler Kühlen (R39)": "cooling demand sensor (R39)",
  Sommer: "summer",
  Auto: "automatic",
  Urlaub: "holiday",
  Party: "party",
  "2.Wärmeerzeuger": "second heat generator",
  Hardwareeingang: "hardware input",
  "Sperre nicht aktiv": "not blocked",
  "Sperre aktiv": "blocked",
};

export const DIMPLEX: Family = {
  profile: "dimplex/wpm-si11tu",
  tables: { "": "dimplex/wpm-si11tu.csv" },
  sources: [
    ["ti", "timlaing/"],
    ["m2", "modbus2mqtt/"],
    ["ev", "evcc-io/"],
  ],
  defaults: { space: "input", encoding: "int16" },
  texts: TEXTS,
  language: "de",
  head: HEAD,
  tail: TAIL,
  decisions: DECISIONS,
};
