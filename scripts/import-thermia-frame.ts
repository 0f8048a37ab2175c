/** What stands around the registers in the profiles of Thermia Genesis. */

/** The two models of the table. */
export type Model = "inverter" | "mega";

/** Ranges of the library, both ends included as it uses them. */
const READABLE: Readonly<Record<Model, readonly string[]>> = {
  inverter: [
    "{ space: coil, from: 3, to: 22 }",
    "{ space: coil, from: 23, to: 41 }",
    "{ space: discrete, from: 0, to: 3 }",
    "{ space: discrete, from: 9, to: 45 }",
    "{ space: discrete, from: 46, to: 83 }",
    "{ space: discrete, from: 199, to: 247 }",
    "{ space: input, from: 0, to: 51 }, # 50 has two words",
    "{ space: input, from: 51, to: 100 }",
    "{ space: input, from: 100, to: 174 }",
    "{ space: holding, from: 0, to: 29 }",
    "{ space: holding, from: 30, to: 58 }",
    "{ space: holding, from: 59, to: 87 }",
    "{ space: holding, from: 88, to: 115 }",
    "{ space: holding, from: 116, to: 116 }, # alone: see there",
    "{ space: holding, from: 199, to: 217 }",
    "{ space: holding, from: 239, to: 257 }",
    "{ space: holding, from: 299, to: 305 }",
  ],
  mega: [
    "{ space: coil, from: 3, to: 28 }",
    "{ space: coil, from: 28, to: 59 }",
    "{ space: discrete, from: 0, to: 3 }",
    "{ space: discrete, from: 4, to: 4 }, # in the table, but in none of the library's ranges",
    "{ space: discrete, from: 9, to: 83 }",
    "{ space: discrete, from: 84, to: 86 }, # as 4",
    "{ space: discrete, from: 199, to: 247 }",
    "{ space: input, from: 0, to: 100 }",
    "{ space: input, from: 100, to: 174 }",
    "{ space: holding, from: 0, to: 115 }",
    "{ space: holding, from: 116, to: 116 }, # alone: see there",
    "{ space: holding, from: 199, to: 217 }",
    "{ space: holding, from: 239, to: 257 }",
    "{ space: holding, from: 299, to: 321 }",
  ],
};

const MODELS: Readonly<Record<Model, { readonly de: string; readonly en: string }>> = {
  inverter: {
    de: "Thermia Genesis mit Inverter (Diplomat, Calibra, Atlas)",
    en: "Thermia Genesis with inverter (Diplomat, Calibra, Atlas)",
  },
  mega: { de: "Thermia Mega (Genesis)", en: "Thermia Mega (Genesis)" },
};

function readable(model: Model): string {
  const lines = READABLE[model].map((span) => {
    const [range = "", comment] = span.split(", #");
    return `    - ${range}${comment === undefined ? "" : ` #${comment}`}`;
  });
  return `  readable:\n${lines.join("\n")}`;
}

function headOf(model: Model): string {
  return `# yaml-language-server: $schema=../profile.schema.json
# ${MODELS[model].en}: Settings > BMS > Modbus TCP. Addresses count from 0, as on the wire.
# The other model has the same meanings but other readable ranges; what a unit lacks it refuses, and
# nothing tells the two apart. No power of the pump by Modbus: the electric meter of registers 69 to
# 84 belongs to the current limiter and may measure the house.
name: thermia/genesis-${model}
manufacturer: Thermia
model: ${model === "mega" ? "Mega" : "Genesis with inverter"}
description:
  de: ${MODELS[model].de} über Modbus TCP
  en: ${MODELS[model].en} over Modbus TCP
verified: false # no recording yet
sources:
  th: "CJNE/pythermiagenesis: pythermiagenesis/const.py and __init__.py"
  nb: "nielsbasjes/modbus-devices: modbus-device-thermia-genesis (Thermia, Modbus protocol for Genesis platform, editions 10, 12, 13): units, absent value, condition of holding 116"
connection:
  port: 502
  unitId: 1
  wordsPerReadMax: 16
  bitsPerReadMax: 16
  gapWordsMax: 14 # inside a range the library reads over what it does not want
${readable(model)}
  pauseBetweenRequestsMs: 100
  closeAfterPoll: true
  pollSecondsMin: 10
  connectionsMax: 1
  source: [th]
poll:
  slowSeconds: 300
identification:
  - { register: operating_mode, oneOf: [1, 2, 3, 4, 5, 6, 7, 8, 98, 99, 100], mayBeAbsent: true, meaning: "a demand of Genesis at input 1 (1 to 8, 98 to 100)", source: [th, nb] }
  - { register: temp_outdoor, min: -60, max: 60, mayBeAbsent: true, meaning: "an outdoor temperature in hundredths at input 13", source: [th] }
parameters:
  circuit:
    label: { de: Mischer 1 bis 5 als Heizkreise, en: Mixing valves 1 to 5 as heating circuits }
    values: [a, b, c, d, e]
    default: [a]
# 32767: not there; temperatures of the manufacturer's list also 20000, which would be 200 °C.
defaults:
  space: input
  encoding: int16
  wordOrder: high-first
  absent:
    int16: [32767]
`;
}

const TAIL = `# Computed from the table.
vectors:
  - { register: temp_outdoor, words: [65036], value: -5 }
  - { register: temp_outdoor, words: [32767], quality: absent }
  - { register: temp_hot_water, words: [20000], quality: absent, note: no sensor }
  - { register: temp_flow, words: [3817], value: 38.2 }
  - { register: compressor_speed_rpm, words: [3600], value: 60, note: 3600 turns a minute }
  - { register: pressure_high, words: [2145], value: 21.45 }
  - { register: hours_compressor, words: [1, 2], value: 65538, note: high word first }
  - { register: superheat, words: [650], value: 6.5 }
  - { register: operating_mode, words: [99], value: 99, note: no demand }
  - { register: alarm_class_a, words: [1], value: 1 }
`;

/** The text before `registers:` and behind them. */
export function frameOf(model: Model): { readonly head: string; readonly tail: string } {
  return { head: headOf(model), tail: TAIL };
}
