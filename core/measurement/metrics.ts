/**
 * The metric catalogue: every quantity that may leave the house, with its unit and its bounds.
 *
 * A metric that is not here is never sent, never stored and never averaged. Ids do not change and
 * are not reused; a new one is added at the end of its group. A quantity that devices give in
 * units which cannot be turned into each other is several metrics (`fan_speed` in rpm,
 * `fan_speed_percent`); what can be turned is turned in the profile (W to kW, rps to Hz).
 */
import { CIRCUIT_METRICS } from "./circuits.js";
import { ENERGIES, RUN_COUNTERS } from "./counters.js";
import { DRIVES, FLUIDS, POWERS } from "./machine.js";
import {
  code,
  fastTemperature,
  flag,
  type Metric,
  power,
  pressure,
  ratio,
  slowTemperature,
  speed,
} from "./metric.js";
import { STATES } from "./states.js";
import { HOUSE_TEMPERATURES, MACHINE_TEMPERATURES, TEMPERATURE_TARGETS } from "./temperatures.js";

export type { Behaviour, Metric } from "./metric.js";

/** The metrics that faults are detected by. `power_current` is electrical. */
const ESTABLISHED: readonly Metric[] = [
  fastTemperature("temp_outdoor", [-60, 60], ["Außentemperatur", "Outdoor temperature"]),
  fastTemperature("temp_flow", [-30, 120], ["Vorlauftemperatur", "Flow temperature"]),
  fastTemperature("temp_return", [-30, 120], ["Rücklauftemperatur", "Return temperature"]),
  slowTemperature("temp_hot_water", [-10, 120], ["Warmwassertemperatur", "Hot water temperature"]),
  power("power_current", [0, 500], ["Elektrische Leistungsaufnahme", "Electrical power"]),
  power(
    "power_compressor",
    [0, 500],
    ["Elektrische Leistung des Verdichters", "Compressor electrical power"],
  ),
  power("power_thermal", [-500, 1000], ["Wärmeleistung", "Thermal power"]),
  ratio("cop_current", [0, 15], ["Leistungszahl (COP)", "COP"]),
  pressure("pressure_high", [0, 150], ["Hochdruck", "High pressure"]),
  pressure("pressure_low", [0, 100], ["Niederdruck", "Low pressure"]),
  speed("fan_speed", "rpm", [0, 10000], ["Ventilatordrehzahl", "Fan speed"]),
  speed("compressor_frequency", "Hz", [0, 500], ["Verdichterfrequenz", "Compressor frequency"]),
  flag("compressor_state", ["Verdichter läuft", "Compressor running"]),
  code("operating_mode", ["Betriebsart", "Operating mode"]),
  code("fault", ["Störung", "Fault"]),
];

/** All metrics. */
export const METRICS: readonly Metric[] = [
  ...ESTABLISHED,
  ...MACHINE_TEMPERATURES,
  ...HOUSE_TEMPERATURES,
  ...TEMPERATURE_TARGETS,
  ...DRIVES,
  ...POWERS,
  ...FLUIDS,
  ...ENERGIES,
  ...RUN_COUNTERS,
  ...STATES,
  ...CIRCUIT_METRICS,
];

const byId = new Map(METRICS.map((metric) => [metric.id, metric]));

/** The metric of that id, or `undefined`. */
export function findMetric(id: string): Metric | undefined {
  return byId.get(id);
}
