/** What stands around the registers in the profiles of iDM Navigator 2.0 and 10. */

const SOURCE_TEXTS = `sources:
  mc: "Xerolux/idm-metrics-collector: idm_navigator_modbus_registers.yaml (iDM manual Navigator 2.0 Modbus TCP)"
  kb: "kodebach/hacs-idm-heatpump: custom_components/idm_heatpump/sensor_addresses.py"
  xh: "Xerolux/idm-heatpump-hass: docs/wiki/Modbus-Register.md (idm-heatpump-api 0.8.5)"
  rm: "ReneMronet/ha-idm-heatpump: custom_components/idm_heatpump/const.py"
  ny: "nymea/nymea-plugins-modbus: idm/idm-registers.json"
  ev: "evcc-io/evcc: templates/definition/charger/idm.yaml"
  cap: "raw words of a Navigator 2.0, recorded 2026-01-28 (test/profiles/idm/navigator-2.0)"`;

const CONNECTION = `# Enable on the controller: Gebäudeleittechnik > Modbus TCP.
connection:
  port: 502
  unitId: 1
  wordsPerReadMax: 40 # clients in the field read 32, 40 and 50
  oneSpace: true # function codes 3 and 4 both answer for every register
  idleCloseSeconds: 30 # hangs up between polls half a minute apart; connecting again is no fault
  pollSecondsMin: 10
  absentExceptions: [2] # also when a block touches a feature that the firmware lacks
  source: [mc, kb, xh]`;

const PARAMETERS = `parameters:
  circuit:
    label: { de: Heizkreise, en: Heating circuits }
    values: [a, b, c, d, e, f, g]
    default: [a]
  zone:
    label: { de: Zonenmodule, en: Zone modules }
    values: ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"]
    default: []
  room:
    label: { de: Räume je Zonenmodul, en: Rooms of each zone module }
    values: ["1", "2", "3", "4", "5", "6", "7", "8"]
    default: ["1", "2", "3", "4", "5", "6", "7", "8"]`;

const BOOSTER = `
  booster:
    label: { de: Booster, en: Boosters }
    values: [a, b]
    default: []`;

const DEFAULTS = `# Sentinels are compared before scaling: the price reads -1 where there is none, not -0.001.
defaults:
  space: input
  encoding: float32
  wordOrder: low-first # 49.55 arrives as [13107, 16966]; bytes inside a word are high-first
  resolution: 0.1
  absent:
    float32: [-1, nan]
    uint8: [255, 254]
    bool: [255, 254]
    uint16: [65535, 65534]
    int16: [-32768]`;

const IDENTIFICATION = `# Navigator 1.x has other meanings at the same addresses and answers nothing from 1090 on.
identification:
  - { register: operating_mode, min: 0, max: 15, meaning: "an operating mode from 0 to 15 at 1090, as Navigator 2.0 and 10 have", source: [mc, kb, xh] }
  - { register: temp_outdoor, min: -60, max: 60, mayBeAbsent: true, meaning: an outdoor temperature at 1000, source: [mc, kb, xh] }`;

const DERIVED = `derived:
  # 1790 and 4126 are heat, 4122 is electricity.
  - { metric: cop_current, divide: [power_thermal, power_current], when: { power_current: { above: 0.1 } }, source: [cap] }`;

const VECTORS = `# From the recording of 2026-01-28; the predecessor read 49.55 °C as 12428.8 and -1.0 as -1.75e-38.
vectors:
  - { register: temp_flow, words: [13107, 16966], value: 49.5 }
  - { register: temp_return, words: [55050, 16952], value: 46.2 }
  - { register: temp_air_in, words: [47186, 16286], value: 1.2 }
  - { register: temp_charge, words: [56723, 16965], value: 49.5 }
  - { register: power_current, words: [27167, 16363], value: 1.84 }
  - { register: power_thermal, words: [40894, 16582], value: 6.21 }
  - { register: energy_heat_total, words: [55850, 18093], value: 22253.1 }
  - { register: temp_hot_water_tap, words: [0, 49024], quality: absent }
  - { register: price_electricity, words: [0, 49024], quality: absent }
  - { register: bms_demand_source_pump, words: [65534], quality: absent }
  - { register: mode_circuit_a, words: [49024], quality: implausible, note: second word of the float at 1392 }
  - { register: mode_circuit_a, words: [255], quality: absent }
  - { register: pump_charge, words: [65535], value: -1, note: switched off }
  - { register: cascade_bivalence_point_heating_parallel, words: [65531], value: -5 }
  - { register: zone_1_room_1_operating_mode, words: [32453], quality: implausible, note: seen in a block; read again alone }`;

/** The text before `registers:` and behind them. */
export function frameOf(name: "navigator-2.0" | "navigator-10"): {
  readonly head: string;
  readonly tail: string;
} {
  const is10 = name === "navigator-10";
  const model = is10 ? "Navigator 10" : "Navigator 2.0";
  const head = `# yaml-language-server: $schema=../profile.schema.json
# iDM heat pumps with the controller ${model}. Addresses count from 0, as on the wire.
# Pressures, fan and compressor speed are not available by Modbus.
name: idm/${name}
manufacturer: iDM Energiesysteme
model: ${model}
description:
  de: iDM-Wärmepumpen mit ${model} über Modbus TCP
  en: iDM heat pumps with ${model} over Modbus TCP
verified: ${is10 ? "false # no recording yet" : "true # recorded 2026-01-28, 89 registers"}
${SOURCE_TEXTS}
${CONNECTION}
poll:
  slowSeconds: 300
${IDENTIFICATION}${is10 ? IDENTIFICATION_10 : ""}
${PARAMETERS}${is10 ? BOOSTER : ""}
${DEFAULTS}
registers:
`;
  return { head, tail: `${DERIVED}\n${VECTORS}\n` };
}

const IDENTIFICATION_10 = `
  - { register: smart_grid, min: 0, max: 255, mayBeAbsent: true, meaning: "an answer at 90, where Navigator 2.0 has nothing", source: [xh] }
firmware: { register: firmware_version }`;
