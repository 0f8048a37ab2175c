/** Metrics of heating circuits, the same for each of a to g. */
import {
  code,
  fastTemperature,
  flag,
  type Metric,
  percent,
  setting,
  slowTemperature,
  temperatureTarget,
} from "./metric.js";

/** Circuits that may be pooled. No controller in reach has more than seven. */
const CIRCUITS = ["a", "b", "c", "d", "e", "f", "g"] as const;

const WATER = [-30, 120] as const;
const ROOM = [-20, 60] as const;
const AIR = [-60, 60] as const;

function circuit(letter: string): readonly Metric[] {
  const de = `Heizkreis ${letter.toUpperCase()}`;
  const en = `Heating circuit ${letter.toUpperCase()}`;
  const id = (name: string) => `${name}_circuit_${letter}`;
  return [
    fastTemperature(id("temp_flow"), WATER, [`${de}: Vorlauf`, `${en}: flow`]),
    temperatureTarget(id("temp_flow_target"), WATER, [
      `${de}: Vorlauf, Soll`,
      `${en}: flow target`,
    ]),
    fastTemperature(id("temp_return"), WATER, [`${de}: Rücklauf`, `${en}: return`]),
    slowTemperature(id("temp_room"), ROOM, [`${de}: Raum`, `${en}: room`]),
    temperatureTarget(id("temp_room_target"), ROOM, [`${de}: Raum, Soll`, `${en}: room target`]),
    percent(id("humidity_room"), [`${de}: Raumfeuchte`, `${en}: room humidity`]),
    code(id("mode"), [`${de}: Betriebsart`, `${en}: mode`], "setpoint"),
    code(id("mode_active"), [`${de}: aktive Betriebsart`, `${en}: active mode`], "setpoint"),
    setting(id("curve"), "", [0, 20], [`${de}: Heizkurve`, `${en}: heating curve`]),
    setting(
      id("curve_shift"),
      "K",
      [-60, 60],
      [`${de}: Parallelverschiebung`, `${en}: parallel shift`],
    ),
    percent(id("mixer"), [`${de}: Mischer`, `${en}: mixing valve`]),
    flag(id("pump"), [`${de}: Pumpe läuft`, `${en}: pump running`]),
    temperatureTarget(id("heating_limit"), AIR, [`${de}: Heizgrenze`, `${en}: heating limit`]),
    temperatureTarget(id("cooling_limit"), AIR, [`${de}: Kühlgrenze`, `${en}: cooling limit`]),
  ];
}

/** All metrics of all circuits. */
export const CIRCUIT_METRICS: readonly Metric[] = CIRCUITS.flatMap(circuit);
