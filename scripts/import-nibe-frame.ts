/** What stands around the registers in the profile of the NIBE S series. */

/** Export of a model: key of the source and value of the parameter → its file. */
export const EXPORTS = {
  s1155: "s1155_s1255",
  s1156: "s1156_s1256",
  s2125: "s2125",
  s320: "s320_s325",
  s330: "s330_s332",
  s735: "s735",
  smos40: "smos40",
  vvms320: "vvms320_vvms325",
  vvms500: "vvms500",
} as const;

const keys = Object.keys(EXPORTS).join(", ");
const sources = Object.entries(EXPORTS)
  .map(
    ([key, file]) =>
      `  ${key}: "yozik04/nibe: nibe/data/${file}.json (register export of the pump)"\n`,
  )
  .join("");

export const HEAD = `# yaml-language-server: $schema=../profile.schema.json
# NIBE heat pumps and indoor modules of the S series, Modbus TCP built in (menu 7.5.9).
# Not for the F series: its numbers (40004, …) belong to another protocol (MODBUS40).
# The numbers are those of the pump's own export, which is the truth for that pump: what it lacks it
# refuses. The sources are exports of nine models in one repository: they confirm the table of NIBE,
# not measurements. Firmware has moved registers (BT12 offset from 3234 to 5328).
# No COP of the moment: no register is known to be the thermal power of the whole machine.
name: nibe/s-series
manufacturer: NIBE
model: S series
description:
  de: NIBE-Wärmepumpen der S-Serie über Modbus TCP
  en: NIBE heat pumps of the S series over Modbus TCP
verified: false # no recording yet
sources:
${sources}  ev: "evcc-io/evcc: templates/definition/charger/nibe-s-series.yaml"
connection:
  port: 502
  unitId: 1 # 0 is reported too
  wordsPerReadMax: 20 # small blocks are known to work; no limit is published
  pollSecondsMin: 10
  # 1: firmware that knows no function code 4 at all. Function codes 1 and 2 are never answered.
  absentExceptions: [1, 2]
  source: [s1155, ev]
poll:
  slowSeconds: 300
identification:
  - { register: temp_outdoor, min: -60, max: 60, mayBeAbsent: true, meaning: an outdoor temperature in tenths at input 1, source: [${keys}] }
  - { register: operating_mode, min: 10, max: 60, meaning: "a priority from 10 (off) to 60 (cooling) at input 1028", source: [${keys}] }
parameters:
  # Everything by default: what a model has not it refuses, and that is not asked again soon.
  model:
    label: { de: Modell, en: Model }
    values: [${keys}] # s1155 also S1255, s1156 also S1256, s320 also S325, s330 also S332, vvms320 also VVM S325
    default: [${keys}]
  circuit:
    label: { de: Klimasysteme, en: Climate systems }
    values: [a, b, c, d, e, f, g, h] # the pump counts 1 to 8
    default: [a]
# A number in two words has the low one first, unless somebody has changed the pump's setting of the
# word order: then every such number is far beyond what is plausible.
# Sentinels differ by the size of the number; that a word holds one byte (255) is said where it is known.
defaults:
  space: input
  encoding: uint16
  wordOrder: low-first
  group: slow
  absent:
    int16: [-32768]
    uint16: [65535]
    int32: [-2147483648]
  source: [${keys}]
registers:
`;

export const TAIL = `vectors:
  - { register: temp_outdoor, words: [65503], value: -3.3 }
  - { register: temp_outdoor, words: [32768], quality: absent, note: no sensor }
  - { register: flow_rate, words: [187], value: 18.7 }
  - { register: power_current, words: [235, 0], value: 2.35 }
  - { register: energy_electric_total, words: [34464, 1], value: 10000, note: low word first }
  - { register: energy_electric_total, words: [1, 34464], quality: implausible, note: the pump swaps the words }
  - { register: hours_compressor, words: [4464, 1], value: 70000 }
  - { register: degree_minutes, words: [64936, 65535], value: -60 }
  - { register: degree_minutes, words: [0, 32768], quality: absent }
  - { register: compressor_frequency, words: [455], value: 45.5 }
  - { register: compressor_frequency_current, words: [300], value: 30 }
  - { register: compressor_frequency_current, words: [65535], quality: absent }
  - { register: pressure_high, words: [243], value: 24.3 }
  - { register: superheat, words: [65531], value: -0.5 }
  - { register: fan_speed, words: [640], value: 640 }
  - { register: operating_mode, words: [30], value: 30 }
  - { register: operating_mode, words: [255], quality: absent }
  - { register: fault_active, words: [1], value: 1 }
  - { register: timer_eme, words: [90], value: 1.5, note: seconds become minutes }
`;
