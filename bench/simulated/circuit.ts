/**
 * The refrigerant circuit with propane (R290): compressor, evaporator in the air, condenser in the
 * water. Evaporating and condensing temperature move towards where the heat that the exchangers can
 * pass equals what the compressor takes and gives.
 *
 * Sources: saturation pressures of propane from the NIST Chemistry WebBook at 0, 30 and 60 °C in an
 * Antoine form; enthalpies as straight lines through the same tables; sizes fitted to a machine of
 * 6 kW: 0.95 kW, COP 4.5, 11.0 and 4.5 bar at 48 Hz in a January of 2 °C.
 */
import type { FaultEffects } from "./faults.js";
import type { Machine } from "./site.js";

/** What moves slowly enough to be remembered. */
export interface Circuit {
  evaporatingC: number;
  condensingC: number;
  dischargeC: number;
  superheatK: number;
}

/** What the circuit meets in one step. */
export interface CircuitConditions {
  hz: number;
  outdoorC: number;
  /** Per cent of the fan's speed, as it really turns. */
  fanPercent: number;
  /** Share of the evaporator's conductance that frost leaves. */
  frostShare: number;
  waterMeanC: number;
  /** kW/K that pass with the water. */
  waterKwPerK: number;
}

/** What it does in that step. */
export interface CircuitDuty {
  heatKw: number;
  compressorKw: number;
}

/** Antoine: ln(bar) = A - B / (°C + C). */
const [ANTOINE_A, ANTOINE_B, ANTOINE_C] = [9.8397, 2254, 272.1];
/** kg per revolution and bar of suction pressure at 278 K. */
const DISPLACEMENT = 5.35e-5;
/** kW/K of a clean evaporator at 54 % fan. */
const EVAPORATOR_KW_PER_K = 0.97;
/** Conductance with the speed of the air. */
const AIR_EXPONENT = 0.7;
/** kW/K of a clean condenser at 20 l/min. */
const CONDENSER_KW_PER_K = 1.3;
/** Heat that passes through the casing. */
const CASING_SHARE = 0.04;
/** kJ/(kg K), with what the gas takes up on its way through a hot shell. */
const CP_GAS = 1.5;
/** kJ/(kg K) of propane gas times n/(n-1) with n = 1.13. */
const COMPRESSION = 0.1886 * 8.69;
const EXPONENT = 0.13 / 1.13;
/** Seconds after which a circuit has followed two thirds of a change. */
const PRESSURE_SECONDS = 45;
const DISCHARGE_SECONDS = 240;
const SUPERHEAT_SECONDS = 60;
/** Shell and windings cool towards the air. */
const COOLING_SECONDS = 5_400;

/** Saturation pressure in bar. */
export function pressureAt(celsius: number): number {
  return Math.exp(ANTOINE_A - ANTOINE_B / (celsius + ANTOINE_C));
}

/** A circuit at rest. */
export function createCircuit(outdoorC: number): Circuit {
  return { evaporatingC: outdoorC, condensingC: outdoorC, dischargeC: outdoorC, superheatK: 0 };
}

/** One step of a running compressor in heating direction. */
export function runCircuit(
  circuit: Circuit,
  machine: Machine,
  faults: FaultEffects,
  now: CircuitConditions,
  seconds: number,
): CircuitDuty {
  const low = pressureAt(circuit.evaporatingC);
  const ratio = Math.max(1.2, pressureAt(circuit.condensingC) / low);
  const suctionK = 273.15 + circuit.evaporatingC + circuit.superheatK;
  const volumetric = (1.03 - 0.035 * ratio) * faults.sealing;
  const kgPerSecond =
    DISPLACEMENT *
    machine.displacement *
    now.hz *
    low *
    (278 / suctionK) *
    volumetric *
    faults.refrigerantFlow;
  const efficiency =
    (0.655 + 0.028 * Math.min(2.2, ratio - 1.6) - 0.0007 * (now.hz - 48)) *
    machine.efficiency *
    faults.compressorEfficiency;
  const work = (COMPRESSION * suctionK * (ratio ** EXPONENT - 1)) / efficiency;
  // Liquid that leaves the evaporator unboiled has taken no heat there; gas that leaves it warmer
  // has taken more.
  const evaporation =
    (300 - 2.2 * (circuit.condensingC - 31) + 1.7 * (circuit.superheatK - 6)) *
    (1 - faults.liquidShare);
  const compressorKw = kgPerSecond * work;
  const coldKw = kgPerSecond * Math.max(50, evaporation);
  const heatKw = coldKw + compressorKw * (1 - CASING_SHARE);

  const air = (Math.max(1, now.fanPercent) / 54) ** AIR_EXPONENT;
  const evaporator =
    EVAPORATOR_KW_PER_K * machine.evaporator * faults.evaporator * now.frostShare * air;
  const condenser =
    CONDENSER_KW_PER_K * machine.condenser * faults.condenser * (now.waterKwPerK / 1.39) ** 0.35;
  circuit.evaporatingC = approach(
    circuit.evaporatingC,
    now.outdoorC - coldKw / evaporator,
    seconds / PRESSURE_SECONDS,
  );
  circuit.condensingC = approach(
    circuit.condensingC,
    now.waterMeanC + heatKw / condenser,
    seconds / PRESSURE_SECONDS,
  );
  const superheatK =
    Math.max(0, machine.superheatK + faults.superheatK) * (faults.liquidShare > 0 ? 0 : 1);
  circuit.superheatK = approach(circuit.superheatK, superheatK, seconds / SUPERHEAT_SECONDS);
  const hot = circuit.evaporatingC + circuit.superheatK + work / CP_GAS;
  circuit.dischargeC = approach(circuit.dischargeC, hot, seconds / DISCHARGE_SECONDS);
  return { heatKw, compressorKw };
}

/** One step of a compressor at rest: both sides meet, and the machine cools out. */
export function restCircuit(circuit: Circuit, outdoorC: number, seconds: number): void {
  const middle = (circuit.evaporatingC + circuit.condensingC) / 2;
  circuit.evaporatingC = approach(circuit.evaporatingC, middle, seconds / PRESSURE_SECONDS);
  circuit.condensingC = approach(circuit.condensingC, middle, seconds / PRESSURE_SECONDS);
  circuit.evaporatingC = approach(circuit.evaporatingC, outdoorC + 2, seconds / 1_800);
  circuit.condensingC = approach(circuit.condensingC, outdoorC + 2, seconds / 1_800);
  circuit.dischargeC = approach(circuit.dischargeC, outdoorC + 5, seconds / COOLING_SECONDS);
  circuit.superheatK = approach(circuit.superheatK, 0, seconds / SUPERHEAT_SECONDS);
}

/** One step of a defrost: the circuit is turned round, heat goes from the water to the ice. */
export function defrostCircuit(circuit: Circuit, waterC: number, seconds: number): CircuitDuty {
  circuit.evaporatingC = approach(circuit.evaporatingC, 2.9, seconds / 30);
  circuit.condensingC = approach(circuit.condensingC, waterC - 4, seconds / PRESSURE_SECONDS);
  circuit.dischargeC = approach(circuit.dischargeC, 40, seconds / DISCHARGE_SECONDS);
  return { heatKw: -4.2, compressorKw: 1.1 };
}

function approach(value: number, target: number, part: number): number {
  return value + (target - value) * Math.min(1, part);
}
