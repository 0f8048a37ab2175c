/**
 * What is read of the plant: sensors with noise, offsets of their own and the resolution of
 * registers, in the columns of the simulated records.
 */
import type { Draws } from "./chance.js";
import { pressureAt } from "./circuit.js";
import type { Controller } from "./controller.js";
import type { FaultEffects } from "./faults.js";
import { HEATING, HOT_WATER, type Plant } from "./plant.js";
import type { Machine } from "./site.js";

/** Columns of a record, in order; °C, kW, bar absolute, %, Hz, l/min. `cop_current` 0 = not valid. */
export const COLUMNS = [
  "temp_outdoor",
  "temp_flow",
  "temp_return",
  "temp_hot_water",
  "power_current",
  "power_compressor",
  "cop_current",
  "pressure_high",
  "pressure_low",
  "fan_speed",
  "compressor_frequency",
  "mode",
  "flow_rate",
  "temp_discharge",
  "power_thermal",
] as const;
export type Column = (typeof COLUMNS)[number];

/** One record. */
export type Reading = Record<Column, number>;

/** What the sensors remember. */
export interface Sensors {
  readonly draws: Draws;
  /** The value that a stuck return sensor shows. */
  stuckReturnC: number | undefined;
}

/** Minutes after a start before heat and power belong together. */
const COP_SECONDS = 240;
const COP_POWER_KW = 0.2;

/** Reads everything once. */
export function readSensors(
  sensors: Sensors,
  from: {
    plant: Plant;
    controller: Controller;
    machine: Machine;
    faults: FaultEffects;
    outdoorC: number;
  },
): Reading {
  const { plant, controller, machine, faults } = from;
  const { gauss } = sensors.draws;
  const flow = plant.flowC + machine.flowK + faults.flowK + 0.06 * gauss();
  const back = returnOf(sensors, faults, plant.returnC + machine.returnK + 0.06 * gauss());
  const litres = plant.litresPerMinute * (1 + 0.008 * gauss());
  const isRunning = controller.mode !== 0;
  const thermal = isRunning ? (litres / 60) * 4.186 * (flow - back) : 0;
  const power = Math.max(0, plant.electricKw * (1 + 0.008 * gauss()));
  const { evaporatingC, condensingC, dischargeC } = plant.circuit;
  return {
    temp_outdoor: round(from.outdoorC + machine.outdoorK + faults.outdoorK + 0.1 * gauss(), 10),
    temp_flow: round(flow, 10),
    temp_return: round(back, 10),
    temp_hot_water: round(plant.tankC + machine.tankK + faults.tankK + 0.1 * gauss(), 10),
    power_current: round(power, 1_000),
    power_compressor: round(plant.compressorKw * (1 + 0.008 * gauss()), 1_000),
    cop_current: round(copOf(controller, thermal, power), 100),
    pressure_high: round(pressureAt(condensingC) + machine.highBar + 0.04 * gauss(), 100),
    pressure_low: round(
      pressureAt(evaporatingC) + machine.lowBar + faults.lowBar + 0.03 * gauss(),
      100,
    ),
    fan_speed: round(plant.fanPercent, 1),
    compressor_frequency: round(controller.hz, 1),
    mode: controller.mode,
    flow_rate: round(litres, 10),
    temp_discharge: round(dischargeC + 0.2 * gauss(), 10),
    power_thermal: round(thermal, 100),
  };
}

function returnOf(sensors: Sensors, faults: FaultEffects, celsius: number): number {
  if (!faults.isReturnStuck) sensors.stuckReturnC = undefined;
  else sensors.stuckReturnC ??= celsius;
  return sensors.stuckReturnC ?? celsius;
}

function copOf(controller: Controller, thermalKw: number, powerKw: number): number {
  const isHeating = controller.mode === HEATING || controller.mode === HOT_WATER;
  const isSettled = controller.runSeconds >= COP_SECONDS && controller.modeSeconds >= COP_SECONDS;
  if (!isHeating || !isSettled || powerKw < COP_POWER_KW) return 0;
  return Math.max(0, Math.min(30, thermalKw / powerKw));
}

/** To the resolution of a register; -0 becomes 0. */
function round(value: number, perUnit: number): number {
  return Math.round(value * perUnit) / perUnit + 0;
}
