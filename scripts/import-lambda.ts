/** What the tables do not say about Lambda EU-L, and what a person decided. */
import type { Family } from "./family-lines.js";

const HEAD = `# yaml-language-server: $schema=../profile.schema.json
# Lambda EU-L (also sold as Zewotherm). Addresses count from 0: index * 1000 + module * 100 + number,
# so a second heat pump, boiler, buffer or circuit lies 100 words on. Sources of a line are those of
# the first module; further modules follow the manufacturer's rule.
name: lambda/eu-l
manufacturer: Lambda Wärmepumpen
model: EU-L
description:
  de: Lambda EU-L über Modbus TCP
  en: Lambda EU-L over Modbus TCP
verified: false # no recording yet
sources:
  gj: "GuidoJeuken-6512/lambda_heat_pumps: custom_components/lambda_heat_pumps/const_sensor.py"
  rl: "route662/Lambda-Heatpump: custom_components/lambda_heatpump/sensor.py"
  rw: "RalfWinter/lambda-heatpump-modbus-tcp-HA: HA-Lambda-WP_configuration.yaml"
  oh: "openhab/openhab-addons: org.openhab.binding.modbus.lambda, HeatpumpBlockParser.java"
  ev: "evcc-io/evcc: templates/definition/charger/lambda-zewotherm.yaml, issue #20238"
  rli: "route662/Lambda-Heatpump issues #4, #9, #19, #22"
  rwi: "RalfWinter/lambda-heatpump-modbus-tcp-HA issues #8, #9, #15, #18"
connection:
  port: 502
  unitId: 1
  wordsPerReadMax: 32 # no limit is published; one module fits
  requestTimeoutMs: 60000 # slow answers are normal
  pollSecondsMin: 10
  connectionsMax: 1 # parallel requests mix up transaction ids
  absentExceptions: [2] # a module that is not there
  note: Writes take function code 16 alone; 6 is answered with exception 1.
  source: [gj, rl, rw, rli, rwi]
identification:
  - { register: hp_1_operating_state, min: 0, max: 18, meaning: "an operating state from 0 to 18 at 1003", source: [gj, rl, rw, oh] }
  - { register: hp_1_error_state, min: 0, max: 4, meaning: "an error state from 0 to 4 at 1000", source: [gj, rl, rw, oh] }
parameters:
  firmware:
    label: { de: "Firmware des Reglers (Wortfolge der Energiezähler)", en: Firmware of the controller (word order of energies) }
    values: [before_1_1_3, from_1_1_3]
    default: [from_1_1_3]
    several: false
  heat_pump:
    label: { de: Wärmepumpen, en: Heat pumps }
    values: ["1", "2", "3"]
    default: ["1"]
  boiler:
    label: { de: Warmwasserspeicher, en: Hot water tanks }
    values: ["1", "2", "3", "4", "5"]
    default: ["1"]
  buffer:
    label: { de: Pufferspeicher, en: Buffers }
    values: ["1", "2", "3", "4", "5"]
    default: ["1"]
  solar:
    label: { de: Solarmodule, en: Solar modules }
    values: ["1", "2"]
    default: []
  circuit:
    label: { de: Heizkreise, en: Heating circuits }
    values: [a, b, c, d, e, f, g]
    default: [a]
# A sensor that is not there and a set point that nobody has written read -300.0 °C.
defaults:
  space: holding
  encoding: int16
`;

const TAIL = `vectors:
  - { register: temp_outdoor, words: [65486], value: -5 }
  - { register: hp_1_temp_flow, words: [4551], value: 45.5 }
  - { register: hp_1_temp_source_in, words: [62536], value: -30, note: -3000 is a temperature here }
  - { register: hp_1_flow_rate, words: [1200], value: 20, note: 1200 l/h }
  - { register: hp_1_power_current, words: [1839], value: 1.84, note: 1839 W }
  - { register: hp_1_cop, words: [412], value: 4.12 }
  - { register: hp_1_energy_electric, words: [24910, 188], value: 12345.7, note: 12345678 Wh from 1.1.3 on }
  - { register: hp_1_energy_electric_high_first, words: [188, 24910], value: 12345.7, note: 12345678 Wh before 1.1.3 }
  - { register: hp_1_energy_electric, words: [188, 24910], quality: implausible, note: most readings in the wrong order are absurd }
  - { register: hp_1_temp_flow_requested, words: [0], quality: absent, note: never written }
  - { register: hp_1_temp_flow_requested, words: [62536], quality: absent, note: -300.0 °C }
  - { register: circuit_a_temp_flow_set, words: [62536], quality: absent }
  - { register: circuit_a_temp_return, words: [62536], quality: absent, note: no sensor }
  - { register: circuit_a_mode, words: [62536], quality: absent }
  - { register: circuit_a_mode, words: [3], value: 3 }
  - { register: e_manager_actual_power, words: [62536], value: -3000 }
`;

const NO_SENSOR = "absent: [-3000]";
/** Also 0, and -300 should the raw value be meant. */
const UNWRITTEN = "absent: [-3000, -300, 0]";
const HP = 'stride: { heat_pump: 100 }; only: { heat_pump: ["1"] }';
const HPS = 'stride: { heat_pump: 100 }; only: { heat_pump: ["2", "3"] }';
const BOILER = 'stride: { boiler: 100 }; only: { boiler: ["1"] }';
const BOILERS = 'stride: { boiler: 100 }; only: { boiler: ["2", "3", "4", "5"] }';
const BUFFER = 'stride: { buffer: 100 }; only: { buffer: ["1"] }';
const BUFFERS = 'stride: { buffer: 100 }; only: { buffer: ["2", "3", "4", "5"] }';
const SOLAR = 'stride: { solar: 100 }; only: { solar: ["1"] }';
const SOLARS = 'stride: { solar: 100 }; only: { solar: ["2"] }';
const CIRCUIT = "stride: { circuit: 100 }; only: { circuit: [a] }";
const CIRCUITS = "stride: { circuit: 100 }; only: { circuit: [b, c, d, e, f, g] }";
const LATER = "wordOrder: low-first; when: { parameter: { firmware: [from_1_1_3] } }";
const EARLIER = "wordOrder: high-first; when: { parameter: { firmware: [before_1_1_3] } }";

/** A register of a module: of the first with its metric, of the others read locally alone. */
function both(at: string, id: string, metric: string, de: string, en: string, more = ""): string {
  const [index = ""] = at.slice(1);
  const [name, word, first, others] =
    {
      "1": ["hp_{heat_pump}", "{HEAT_PUMP}", HP, HPS],
      "2": ["boiler_{boiler}", "{BOILER}", BOILER, BOILERS],
      "3": ["buffer_{buffer}", "{BUFFER}", BUFFER, BUFFERS],
      "4": ["solar_{solar}", "{SOLAR}", SOLAR, SOLARS],
    }[index] ?? [];
  const [noun, german] =
    {
      "1": ["Heat pump", "Wärmepumpe"],
      "2": ["Boiler", "Warmwasserspeicher"],
      "3": ["Buffer", "Puffer"],
      "4": ["Solar", "Solar"],
    }[index] ?? [];
  const line = (one: string, where: string | undefined) =>
    `${at} | ${name}_${id}${one} | ${german} ${word}: ${de} | ${noun} ${word}: ${en} | ${where}; ${more}`;
  if (metric === "") return line("", first?.replace(/; only.*/, ""));
  const bare = more.replace(/also: [^;]*;?/, "");
  const local = `${at} | ${name}_${id} ~ ${metric.replace(/ #.*/, "")} | ${german} ${word}: ${de} | ${noun} ${word}: ${en} | ${others}; ${bare}`;
  return `${line(` = ${metric}`, first)}\n${local}`;
}

/** The same in both word orders. */
function bothOrders(at: string, id: string, metric: string, de: string, en: string, max = "") {
  return [
    both(at, id, metric, de, en, `${max}; ${LATER}`),
    both(at, `${id}_high_first`, metric, de, en, `${max}; ${EARLIER}`),
  ].join("\n");
}

/** A register of the heating circuits: of the first, and of the others with their own sources. */
function circuit(number: number, name: string, de: string, en: string, more = ""): string {
  const row = (at: number, where: string) =>
    `h${at} | ${name} | Heizkreis {CIRCUIT}: ${de} | Circuit {CIRCUIT}: ${en} | ${where}; ${more}`;
  const first = row(5000 + number, CIRCUIT);
  const group = number < 5 ? "" : "; group: slow";
  return `${first}\n${row(5100 + number, `address: ${5000 + number}; ${CIRCUITS}${group}`)}`;
}

const DECISIONS = `
# Ambient
h0 | ambient_error_number | | |
h1 | ambient_operating_state | Umgebung: Betriebszustand | |
h2 | = temp_outdoor | | | group: fast
h3 | ambient_temperature_1h | Außentemperatur, Mittel einer Stunde | | ${NO_SENSOR}
h4 | ambient_temperature_calculated | Außentemperatur, berechnet | | ${NO_SENSOR}
# E-Manager
h100 | e_manager_error_number | E-Manager: Fehlernummer | |
h101 | e_manager_operating_state | E-Manager: Betriebszustand | |
# Disputed: signed or unsigned, as the controller is configured. To be rewritten before 60 s are over.
h102 | e_manager_actual_power | | | group: fast; write: { kind: watchdog, rewriteSeconds: 60 }; confidence: disputed
h103 | e_manager_power_consumption | E-Manager: Leistungsaufnahme | |
h104 | e_manager_power_setpoint | E-Manager: Leistungsaufnahme, Soll | |
# Heat pumps
${both("h1000", "error_state", "fault", "Fehlerzustand", "error state")}
${both("h1001", "error_number", "fault #2", "Fehlernummer", "error number")}
${both("h1002", "state", "", "Zustand", "state")}
${both("h1003", "operating_state", "operating_mode", "Betriebszustand", "operating state")}
${both("h1004", "temp_flow", "temp_flow", "Vorlauf", "flow")}
${both("h1005", "temp_return", "temp_return", "Rücklauf", "return")}
${both("h1006", "flow_rate", "flow_rate", "Durchfluss Wärmesenke", "heat sink flow rate")}
${both("h1007", "temp_source_in", "temp_source_in", "Wärmequelleneintritt", "heat source inlet")}
${both("h1008", "temp_source_out", "temp_source_out", "Wärmequellenaustritt", "heat source outlet")}
${both("h1009", "flow_rate_source", "flow_rate_source", "Durchfluss Wärmequelle", "heat source flow rate")}
${both("h1010", "compressor_rating", "compressor_rating", "Auslastung Verdichtereinheit", "compressor unit rating")}
${both("h1011", "power_thermal", "power_thermal", "Heizleistung", "heating capacity")}
${both("h1012", "power_current", "power_current", "Leistungsaufnahme Umrichter", "inverter power consumption")}
${both("h1013", "cop", "cop_current", "Leistungszahl (COP)", "COP")}
${both("h1015", "request_type", "", "Anforderungsart", "request type")}
${both("h1016", "temp_flow_requested", "", "angeforderter Vorlauf", "requested flow temperature", UNWRITTEN)}
${both("h1017", "temp_return_requested", "", "angeforderter Rücklauf", "requested return temperature", UNWRITTEN)}
${both("h1018", "temp_difference_requested", "", "angeforderte Spreizung", "requested temperature difference", `${UNWRITTEN}; unit: K; min: -`)}
${both("h1019", "second_stage_relay", "second_generator_active", "Relais zweite Heizstufe", "relay of second heating stage")}
# Wh as int32; the word order changed with firmware 1.1.3. No register tells the firmware, so the
# installation says it; the bounds (40,000 hours at full power) catch most of a wrong choice.
${bothOrders("h1020", "energy_electric", "energy_electric_compressor", "Stromverbrauch Verdichter", "compressor electricity", "max: 500000")}
${bothOrders("h1022", "energy_heat", "energy_heat_total", "Wärmemenge Verdichter", "compressor heat", "max: 1500000")}
${both("h1024", "unknown_1024", "", "unbekannt (1024)", "unknown (1024)")}
${both("h1025", "vda_rating", "", "Auslastung VdA", "VdA rating")}
${both("h1026", "temp_hot_gas", "temp_hot_gas", "Heißgas", "hot gas")}
${both("h1027", "temp_subcooling", "", "Unterkühlungstemperatur", "subcooling temperature")}
${both("h1028", "temp_suction_gas", "temp_suction_gas", "Sauggas", "suction gas")}
${both("h1029", "temp_condensing", "temp_condensing", "Kondensation", "condensation")}
${both("h1030", "temp_evaporating", "temp_evaporating", "Verdampfung", "evaporation")}
${both("h1031", "eqm_rating", "", "Auslastung EqM", "EqM rating")}
${both("h1032", "eev_opening", "eev_opening", "Öffnung Expansionsventil", "expansion valve opening")}
${both("h1033", "unknown_1033", "", "unbekannt (1033)", "unknown (1033)")}
${both("h1050", "unknown_1050", "", "unbekannt (1050)", "unknown (1050)")}
${both("h1051", "dhw_power_15", "", "Leistung Warmwasser bei 15 °C", "hot water output power at 15 °C")}
${both("h1052", "heating_power_min_15", "", "kleinste Heizleistung bei 15 °C", "least heating power at 15 °C")}
${both("h1053", "heating_power_max_15", "", "größte Heizleistung bei 15 °C", "greatest heating power at 15 °C")}
${both("h1054", "heating_power_min_0", "", "kleinste Heizleistung bei 0 °C", "least heating power at 0 °C")}
${both("h1055", "heating_power_max_0", "", "größte Heizleistung bei 0 °C", "greatest heating power at 0 °C")}
${both("h1056", "heating_power_min_minus_15", "", "kleinste Heizleistung bei -15 °C", "least heating power at -15 °C")}
${both("h1057", "heating_power_max_minus_15", "", "größte Heizleistung bei -15 °C", "greatest heating power at -15 °C")}
${both("h1058", "cooling_power_min", "", "kleinste Kühlleistung", "least cooling power")}
${both("h1059", "cooling_power_max", "", "größte Kühlleistung", "greatest cooling power")}
${both("h1060", "unknown_1060", "", "unbekannt (1060)", "unknown (1060)")}
# Hot water tanks
${both("h2000", "error_number", "", "Fehlernummer", "error number")}
${both("h2001", "operating_state", "hot_water_mode", "Betriebszustand", "operating state")}
${both("h2002", "temp_high", "temp_hot_water", "Temperatur oben", "temperature, top", `also: { temp_hot_water_top: 1 }; ${NO_SENSOR}`)}
${both("h2003", "temp_low", "temp_hot_water_bottom", "Temperatur unten", "temperature, bottom", NO_SENSOR)}
${both("h2004", "temp_circulation", "", "Zirkulationstemperatur", "circulation temperature", NO_SENSOR)}
${both("h2005", "circulation_pump", "", "Zirkulationspumpe", "circulation pump")}
${both("h2050", "temp_target", "temp_hot_water_target", "Solltemperatur oben", "target temperature, top", NO_SENSOR)}
# Buffers
${both("h3000", "error_number", "", "Fehlernummer", "error number")}
${both("h3001", "operating_state", "", "Betriebszustand", "operating state")}
${both("h3002", "temp_high", "temp_heat_storage", "Temperatur oben", "temperature, top", NO_SENSOR)}
${both("h3003", "temp_low", "", "Temperatur unten", "temperature, bottom", NO_SENSOR)}
${both("h3004", "temp_high_set", "temp_heat_storage_target", "Solltemperatur oben", "set temperature, top", UNWRITTEN)}
${both("h3005", "request_type", "", "Anforderungsart", "request type")}
${both("h3006", "temp_flow_set", "", "Vorlauf, Soll", "flow set point", UNWRITTEN)}
${both("h3007", "temp_return_set", "", "Rücklauf, Soll", "return set point", UNWRITTEN)}
${both("h3008", "temp_difference_set", "", "Spreizung Wärmesenke, Soll", "heat sink difference set point", UNWRITTEN)}
${both("h3009", "power_requested", "", "angeforderte Heizleistung", "requested heating capacity")}
${both("h3050", "temp_max", "", "Höchsttemperatur", "maximum temperature", NO_SENSOR)}
# Solar
${both("h4000", "error_number", "", "Fehlernummer", "error number")}
${both("h4001", "operating_state", "solar_mode", "Betriebszustand", "operating state")}
${both("h4002", "temp_collector", "temp_solar_collector", "Kollektor", "collector", NO_SENSOR)}
${both("h4003", "temp_storage", "", "Speicher", "storage", NO_SENSOR)}
${both("h4004", "power", "power_solar_thermal", "Leistung", "power")}
${bothOrders("h4005", "energy", "energy_heat_solar", "Wärmemenge", "heat")}
${both("h4050", "temp_buffer_max", "", "Höchsttemperatur Puffer", "maximum buffer temperature", NO_SENSOR)}
${both("h4051", "temp_changeover", "", "Umschalttemperatur Puffer", "buffer changeover temperature", NO_SENSOR)}
# Heating circuits. The sources name circuit 2 themselves; further ones follow the rule.
${circuit(0, "circuit_{circuit}_error_number", "Fehlernummer", "error number")}
${circuit(1, "circuit_{circuit}_operating_state = mode_active_circuit_{circuit}", "Betriebszustand", "operating state")}
${circuit(2, "circuit_{circuit}_temp_flow = temp_flow_circuit_{circuit}", "Vorlauf", "flow", NO_SENSOR)}
${circuit(3, "circuit_{circuit}_temp_return = temp_return_circuit_{circuit}", "Rücklauf", "return", NO_SENSOR)}
${circuit(4, "circuit_{circuit}_temp_room = temp_room_circuit_{circuit}", "Raum", "room", `group: fast; ${UNWRITTEN}`)}
${circuit(5, "circuit_{circuit}_temp_flow_set", "Vorlauf, vorgegeben", "flow, given from outside", UNWRITTEN)}
${circuit(6, "circuit_{circuit}_mode = mode_circuit_{circuit}", "Betriebsart", "mode", "absent: [[62536]]")}
h5007 | circuit_{circuit}_temp_flow_target = temp_flow_target_circuit_{circuit} | Heizkreis {CIRCUIT}: Vorlauf, Soll | Circuit {CIRCUIT}: flow target | stride: { circuit: 100 }; ${NO_SENSOR}
${circuit(50, "circuit_{circuit}_curve_shift = curve_shift_circuit_{circuit}", "Verschiebung Vorlauf", "flow offset", `unit: K; ${NO_SENSOR}`)}
${circuit(51, "circuit_{circuit}_temp_room_target = temp_room_target_circuit_{circuit}", "Raum, Soll", "room target", NO_SENSOR)}
${circuit(52, "circuit_{circuit}_temp_room_cooling", "Raum beim Kühlen, Soll", "room target when cooling", NO_SENSOR)}
`;

const TEXTS: Readonly<Record<string, string>> = {
  off: "aus",
  automatic: "Automatik",
  manual: "Handbetrieb",
  error: "Fehler",
  offline: "nicht verbunden",
  ok: "OK",
  message: "Meldung",
  warning: "Warnung",
  alarm: "Alarm",
  fault: "Störung",
  init: "Initialisierung",
  reference: "Referenzfahrt",
  "restart block": "Wiedereinschaltsperre",
  ready: "bereit",
  "start pumps": "Pumpen starten",
  "start compressor": "Verdichter startet",
  "pre-regulation": "Vorregelung",
  regulation: "Regelung",
  cooling: "Kühlen",
  defrosting: "Abtauung",
  stopping: "hält an",
  "fault lock": "Störungssperre",
  "alarm block": "Alarmsperre",
  "error reset": "Fehler zurückgesetzt",
  standby: "Bereitschaft",
  "central heating": "Heizen",
  DHW: "Warmwasser",
  "cold climate": "Kühlen (Klima)",
  circulate: "Umwälzen",
  defrost: "Abtauung",
  frost: "Frostschutz",
  "standby-frost": "Bereitschaft mit Frostschutz",
  summer: "Sommer",
  holiday: "Urlaub",
  info: "Hinweis",
  "time block": "Zeitsperre",
  "release block": "Freigabesperre",
  "mintemp block": "Mindesttemperatursperre",
  "firmware download": "Firmware wird geladen",
  none: "keine",
  "flow pump circulation": "Umwälzung",
  "central cooling": "Kühlen",
  legio: "Legionellenschutz",
  "prio-stop": "Vorrangstopp",
  "prompt-DHW": "Warmwasser sofort",
  "trailing-stop": "Nachlauf",
  "temp-lock": "Temperatursperre",
  heating: "Heizen",
  "auto-heating": "Automatik Heizen",
  "auto-cooling": "Automatik Kühlen",
  "floor-dry": "Estrichtrocknung",
};

export const LAMBDA: Family = {
  profile: "lambda/eu-l",
  tables: { "": "lambda/eu-l.csv" },
  sources: [
    ["gj", "GuidoJeuken-6512/"],
    ["rl", "route662/"],
    ["rw", "RalfWinter/"],
    ["oh", "openhab/"],
    ["ev", "evcc-io/"],
  ],
  defaults: { space: "holding", encoding: "int16" },
  texts: TEXTS,
  language: "en",
  head: HEAD,
  tail: TAIL,
  decisions: DECISIONS,
};
