/** What the table does not say about Bosch and Buderus behind EMS-ESP, and what a person decided. */
import type { Family } from "./family-lines.js";

const HEAD = `# yaml-language-server: $schema=../profile.schema.json
# Bosch Compress 5800i and Buderus Logatherm WLW186i by the Modbus server of EMS-ESP (from 3.7), a
# gateway by third parties. Prefer MQTT where it can be had: offsets move between releases of
# EMS-ESP (outdoortemp was 6 and is 7), so the wrong release must be refused, not read.
# No COP: what power the compressor register means is disputed, see there. No pressures: PL1 and PH1
# are temperatures of saturation.
name: bosch-buderus/ems-esp-cs5800i-wlw186i
manufacturer: Bosch, Buderus
model: Compress 5800i, Logatherm WLW186i by EMS-ESP
description:
  de: Bosch CS5800i und Buderus WLW186i über den Modbus-Server von EMS-ESP
  en: Bosch CS5800i and Buderus WLW186i by the Modbus server of EMS-ESP
verified: false # no recording yet
sources:
  em: "emsesp/EMS-ESP32@b4036bf8c: docs/Modbus-Entity-Registers.md, src/modbus.cpp, src/emsdevice.h"
connection:
  port: 502
  unitId: 5 # device type of a boiler; heat pumps are boilers there
  exact: true # any other number of words than the entity's is refused
  wordsPerReadMax: 2
  pollSecondsMin: 10
  refreshSeconds: 10 # 60 for many; values come by the bus
  absentExceptions: [2, 4] # 2: no such entity. 4: known, but without a value
  source: [em]
poll:
  slowSeconds: 300
# Entities of two words lie at odd addresses from 85 to 141. Where a release has shifted them by one,
# a read of two words at 111 is refused.
identification:
  - { register: starts_compressor, min: 0, max: 6500000, meaning: "compressor starts in two words at 111, as in the release described", source: [em] }
  - { register: temp_outdoor, min: -60, max: 60, mayBeAbsent: true, meaning: an outdoor temperature at 7, source: [em] }
defaults:
  space: holding
  encoding: uint16
  wordOrder: high-first
`;

const TAIL = `vectors:
  - { register: temp_outdoor, words: [65462], value: -7.4 }
  - { register: temp_flow, words: [356], value: 35.6 }
  - { register: energy_electric_total, words: [0, 4321], value: 4321, note: high word first }
  - { register: energy_heat_total, words: [1, 2], value: 65538 }
  - { register: meter_total, words: [1, 0], value: 655.36 }
  - { register: hours_compressor_heating, words: [54, 60000], value: 999.7, note: "3598944 seconds" }
  - { register: power_compressor, words: [1234], value: 1.23, note: W read as kW }
  - { register: temp_evaporating, words: [65486], value: -5, note: PL1 is a temperature }
  - { register: compressor_state, words: [1], value: 1 }
  - { register: hysteresis_heating, words: [30], value: 150 }
`;

const SLOW = "group: slow";
const MINUTES = `scale: 1/60; unit: min; ${SLOW}`;
const HOURS = `scale: 1/3600; unit: h; ${SLOW}`;

const DECISIONS = `
# Operation
h3 | heating_active | Heizen aktiv | Heating active |
h4 | hot_water_active | Warmwasser aktiv | Hot water active |
h148 | = compressor_state | Verdichter | Compressor |
h149 | compressor_activity | Tätigkeit des Verdichters | Compressor activity |
h67 | service_code | Servicecode | Service code number | ${SLOW}
# Temperatures and pressure of the water
h5 | = temp_flow_target | Vorlauf-Soll | Selected flow temperature | group: fast
# At 6 in older releases.
h7 | = temp_outdoor | Außentemperatur | Outside temperature |
h8 | = temp_flow | Vorlauftemperatur | Current flow temperature |
h9 | = temp_return | Rücklauftemperatur | Return temperature |
h11 | = pressure_water | Anlagendruck | System pressure | ${SLOW}
h12 | temp_boiler | Kesseltemperatur | Actual boiler temperature | ${SLOW}
h15 | heating_temp | Heiztemperatur (Vorgabe) | Heating temperature (setting) |
# Counters
h25 | burner_starts | Brennerstarts | Burner starts | ${SLOW}
h33 | burner_starts_heating | Brennerstarts Heizen | Burner starts, heating | ${SLOW}
h35 | uptime_uba | Betriebszeit der Steuerung | Total UBA operating time | unit: min; ${SLOW}
h85 | energy_total | Energie gesamt | Total energy | ${SLOW}
h87 | energy_heating | Energie Heizen | Energy, heating | ${SLOW}
h89 | energy_cooling | Energie Kühlen | Energy, cooling | ${SLOW}
h91 | meter_total | Zähler gesamt | Meter, total | ${SLOW}
h93 | meter_compressor | Zähler Verdichter | Meter, compressor | ${SLOW}
h95 | meter_heater | Zähler Elektroheizstab | Meter, electric heater | ${SLOW}
h97 | meter_heating | Zähler Heizen | Meter, heating | ${SLOW}
h99 | meter_cooling | Zähler Kühlen | Meter, cooling | ${SLOW}
# The gateway holds seconds.
h101 | uptime_total | Betriebszeit Wärmepumpe | Heat pump total uptime | ${MINUTES}
h103 | uptime_control | Betriebszeit Heizen | Total operating time heat | ${MINUTES}
h105 | = hours_compressor_heating | Betriebszeit Verdichter Heizen | Operating time compressor, heating | ${HOURS}
h107 | = hours_compressor_cooling | Betriebszeit Verdichter Kühlen | Operating time compressor, cooling | ${HOURS}
h109 | uptime_compressor_pool | Betriebszeit Verdichter Pool | Operating time compressor, pool | ${MINUTES}
h111 | = starts_compressor | Verdichterstarts | Compressor starts | ${SLOW}
h113 | starts_heating | Starts Heizen | Starts, heating | ${SLOW}
h115 | starts_cooling | Starts Kühlen | Starts, cooling | ${SLOW}
h117 | starts_pool | Starts Pool | Starts, pool | ${SLOW}
h119 | = energy_electric_total | Stromverbrauch gesamt | Total energy consumption | ${SLOW}
h121 | = energy_electric_compressor | Stromverbrauch Verdichter | Energy consumption, compressor | ${SLOW}
h123 | energy_compressor_heating | Stromverbrauch Verdichter Heizen | Energy consumption, compressor, heating | ${SLOW}
h125 | energy_compressor_cooling | Stromverbrauch Verdichter Kühlen | Energy consumption, compressor, cooling | ${SLOW}
h127 | energy_compressor_pool | Stromverbrauch Verdichter Pool | Energy consumption, compressor, pool | ${SLOW}
h129 | = energy_electric_resistive | Stromverbrauch Zusatzheizung | Energy consumption, auxiliary heater | ${SLOW}
h131 | energy_heater_heating | Stromverbrauch Zusatzheizung Heizen | Energy consumption, auxiliary heater, heating | ${SLOW}
h133 | energy_heater_pool | Stromverbrauch Zusatzheizung Pool | Energy consumption, auxiliary heater, pool | ${SLOW}
h135 | = energy_heat_total | Abgegebene Energie gesamt | Energy supplied, total | ${SLOW}
h137 | = energy_heat_heating | Abgegebene Energie Heizen | Energy supplied, heating | ${SLOW}
h139 | = energy_heat_cooling | Abgegebene Energie Kühlen | Energy supplied, cooling | ${SLOW}
h141 | = energy_heat_pool | Abgegebene Energie Pool | Energy supplied, pool | ${SLOW}
# Disputed: electrical input on CS5800i (emsesp/EMS-ESP32 #2957), heat on 6800i and Enviline (#3140).
h143 | hp_power | Verdichterleistung | Compressor power output | confidence: disputed
# Electrical, confirmed on WLW196i AR (#1717); CS5800i has no value here (#2505).
h247 | = power_compressor | Momentane Verdichterleistung | Compressor current power |
h248 | = power_limit | Leistungsbegrenzung | Power limit |
h144 | compressor_power_max | Höchste Verdichterleistung | Compressor maximum power |
# Heat pump
h147 | differential_pressure_target | Differenzdruck Soll | Set differential pressure |
h150 | = pump_source | Drehzahl Solepumpe | Brine pump speed |
h151 | switch_valve | Umschaltventil | Switch valve |
h152 | = compressor_rating | Verdichterdrehzahl | Compressor speed | also: { compressor_speed_percent: 1 }
h153 | compressor_speed_target | Verdichterdrehzahl Soll | Compressor target speed |
h154 | circulation_pump_speed | Drehzahl Umwälzpumpe | Circulation pump speed |
h157 | = temp_source_in | Soleeintritt/Verdampfer | Brine in/evaporator |
h158 | = temp_source_out | Soleaustritt | Brine out |
h159 | = temp_heat_sink_return | Wärmeträger Rücklauf (TC0) | Heat carrier return (TC0) |
h160 | = temp_heat_sink_flow | Wärmeträger Vorlauf (TC1) | Heat carrier forward (TC1) |
h161 | temp_condenser | Kondensatortemperatur (TC3) | Condenser temperature (TC3) |
h162 | temp_compressor | Verdichtertemperatur (TR1) | Compressor temperature (TR1) |
h163 | = temp_liquid_line | Kältemittel Flüssigseite (TR3) | Refrigerant, liquid side (TR3) |
h164 | = temp_evaporator | Verdampfereintritt (TR4) | Evaporator inlet (TR4) |
h165 | = temp_suction_gas | Verdichtereintritt (TR5) | Compressor inlet (TR5) |
h166 | = temp_hot_gas | Verdichteraustritt (TR6) | Compressor outlet (TR6) |
h167 | temp_gas_side | Kältemittel Gasseite (TR7) | Refrigerant, gas side (TR7) |
h168 | = temp_air_in | Lufteintritt (TL2) | Air inlet (TL2) |
# Saturation temperatures, not pressures.
h169 | = temp_evaporating | Niederdruckseite, Sättigungstemperatur (PL1) | Low pressure side, saturation temperature (PL1) |
h170 | = temp_condensing | Hochdruckseite, Sättigungstemperatur (PH1) | High pressure side, saturation temperature (PH1) |
h171 | temp_drain_pan | Kondensatwanne (TA4) | Drain pan (TA4) | ${SLOW}
h172 | temp_reservoir | Speichertemperatur (TW1) | Reservoir (TW1) | ${SLOW}
# Inputs, outputs, settings
h174 | input_1 | Eingang 1 | Input 1 | ${SLOW}
h183 | input_2 | Eingang 2 | Input 2 | ${SLOW}
h192 | input_3 | Eingang 3 | Input 3 | ${SLOW}
h201 | input_4 | Eingang 4 | Input 4 | ${SLOW}
h222 | hysteresis_heating | Hysterese Heizen | Hysteresis, heating | unit: K·min
h223 | hysteresis_cooling | Hysterese Kühlen | Hysteresis, cooling | unit: K·min
h224 | hysteresis_pool | Hysterese Pool | Hysteresis, pool | unit: K·min
h238 | three_way_valve | Dreiwegeventil | Three-way valve |
h242 | condensate_heating | Heizung Kondensatwanne (EA0) | Condensate reservoir heating (EA0) | ${SLOW}
h243 | pump_mode | Betriebsart Primärpumpe | Primary heat pump mode |
`;

export const EMS_ESP: Family = {
  profile: "bosch-buderus/ems-esp-cs5800i-wlw186i",
  tables: { "": "bosch-buderus/ems-esp-cs5800i-wlw186i.csv" },
  sources: [["em", "emsesp/"]],
  defaults: { space: "holding", encoding: "uint16" },
  texts: {},
  language: "en",
  head: HEAD,
  tail: TAIL,
  decisions: DECISIONS,
};
