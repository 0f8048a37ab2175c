/** What the table does not say about Samsung MIM-B19N, and what a person decided. */
import type { Family } from "./family-lines.js";

const HEAD = `# yaml-language-server: $schema=../profile.schema.json
# Samsung EHS with the Modbus interface MIM-B19N on RS485 behind a gateway that speaks Modbus TCP:
# 9600 baud, 8E1. Only the registers that are the same everywhere: 4 to 50 and 82 to 99 hold what an
# installer mapped there by writing NASA ids to 6000 and 7000 onwards, so nobody can know them.
# Outdoor temperature, pressures, power and compressor speed are among those.
name: samsung/ehs-mim-b19n
manufacturer: Samsung
model: EHS with MIM-B19N
description:
  de: Samsung EHS mit MIM-B19N, unveränderlicher Teil
  en: Samsung EHS with MIM-B19N, fixed part
verified: false # no recording yet
sources:
  zk: "ZimKev/MIM-B19n_Modbus: modbus.yaml"
  nc: "NuskuCloud/samsung_mimb19n: input_registers.go and holding_registers.go"
connection:
  transport: rtu-gateway
  port: 502
  unitId: 1
  wordsPerReadMax: 8 # no limit is published; the longest block has 4
  requestTimeoutMs: 3000
  pollSecondsMin: 10
  connectionsMax: 1
  readable: # what lies between is mapped by the installer or unknown
    - { space: holding, from: 0, to: 2 }
    - { space: holding, from: 52, to: 53 }
    - { space: holding, from: 58, to: 59 }
    - { space: holding, from: 63, to: 63 }
    - { space: holding, from: 65, to: 66 }
    - { space: holding, from: 68, to: 68 }
    - { space: holding, from: 72, to: 75 }
    - { space: holding, from: 78, to: 79 }
  source: [zk, nc]
identification:
  - { register: hot_water_mode, min: 0, max: 3, meaning: "a hot water mode from 0 to 3 at 73", source: [zk, nc] }
  - { register: temp_flow, min: -30, max: 120, meaning: "a flow temperature at 66", source: [zk, nc] }
defaults:
  space: holding
  encoding: int16
`;

const TAIL = `vectors:
  - { register: temp_flow, words: [352], value: 35.2 }
  - { register: temp_return, words: [65526], value: -1 }
  - { register: hot_water_mode, words: [3], value: 3 }
  - { register: fault, words: [101], value: 101 }
  - { register: temp_hot_water, words: [465], value: 46.5 }
`;

const DECISIONS = `
h0 | interface_error | Fehler der Modbus-Schnittstelle | |
h1 | = fault | Fehler der Außeneinheit | |
# Not only 0 and 1 may stand here, and what else means is not known.
h2 | defrost_operation | Abtauung | |
h52 | heating_on | Heizung ein | |
h53 | = system_mode | Betriebsart | |
h58 | = temp_room_target | Raumtemperatur, Soll | |
h59 | = temp_room | Raumtemperatur | |
h63 | error_code = fault #2 | Fehlercode | |
h65 | = temp_return | Wassereintritt (Rücklauf) | |
h66 | = temp_flow | Wasseraustritt (Vorlauf) | |
h68 | = temp_flow_target | Wasseraustritt, Soll | |
h72 | hot_water_on | Warmwasser ein | |
h73 | = hot_water_mode | Warmwasser: Betriebsart | |
h74 | = temp_hot_water_target | Warmwasser, Soll | |
h75 | = temp_hot_water | Warmwasser | |
h78 | quiet_mode | Leiser Betrieb | |
h79 | away_mode | Abwesenheit | |
`;

const TEXTS: Readonly<Record<string, string>> = {
  off: "aus",
  on: "ein",
  eco: "Eco",
  standard: "Standard",
  power: "stark",
  force: "erzwungen",
};

export const SAMSUNG: Family = {
  profile: "samsung/ehs-mim-b19n",
  tables: { "": "samsung/ehs-mim-b19n.csv" },
  sources: [
    ["zk", "ZimKev/"],
    ["nc", "NuskuCloud/"],
  ],
  defaults: { space: "holding", encoding: "int16" },
  texts: TEXTS,
  language: "en",
  head: HEAD,
  tail: TAIL,
  decisions: DECISIONS,
};
