/**
 * The plant: water side, floor, room and tank around the refrigerant circuit, stepped by seconds.
 * Nothing is decided here; the controller sets speed, valve and pump.
 */
import { type Circuit, createCircuit, defrostCircuit, restCircuit, runCircuit } from "./circuit.js";
import type { FaultEffects } from "./faults.js";
import { type Frost, frostShare, growFrost, meltFrost } from "./frost.js";
import type { Living } from "./happenings.js";
import type { House, Machine } from "./site.js";
import type { WeatherNow } from "./weather.js";

/** `mode` of the records. */
export const OFF = 0;
export const HEATING = 1;
export const HOT_WATER = 2;
export const DEFROST = 3;

/** What the controller sets. */
export interface Settings {
  mode: number;
  hz: number;
  isPumpOn: boolean;
}

/** Everything that has a state. */
export interface Plant {
  readonly circuit: Circuit;
  readonly frost: Frost;
  flowC: number;
  returnC: number;
  slabC: number;
  roomC: number;
  tankC: number;
  litresPerMinute: number;
  fanPercent: number;
  compressorKw: number;
  electricKw: number;
}

/** What surrounds it in one step. */
export interface Surroundings {
  readonly weather: WeatherNow;
  readonly faults: FaultEffects;
  readonly living: Living;
}

const FLOW_SECONDS = 45;
const RETURN_SECONDS = 70;
/** Pipes in the cellar at rest. */
const PIPES_SECONDS = 5_400;
const CELLAR_C = 17;
const PUMP_KW = 0.045;
const FAN_KW = 0.07;
const COLD_WATER_C = 11;

/** A plant in balance with the weather outside. */
export function createPlant(house: House, outdoorC: number): Plant {
  const roomC = house.roomSetC;
  const slabC = roomC + Math.max(0, (house.lossKwPerK * (roomC - outdoorC)) / house.roomKwPerK);
  return {
    circuit: createCircuit(outdoorC),
    frost: { kg: 0 },
    flowC: slabC,
    returnC: slabC,
    slabC,
    roomC,
    tankC: house.tankSetC - 1,
    litresPerMinute: 0,
    fanPercent: 0,
    compressorKw: 0,
    electricKw: 0,
  };
}

/** One step of everything. @returns whether a defrost has freed the evaporator */
export function stepPlant(
  plant: Plant,
  site: { house: House; machine: Machine },
  set: Settings,
  around: Surroundings,
  seconds: number,
): boolean {
  const { house, machine } = site;
  const { faults, weather } = around;
  const isPumping = set.isPumpOn || faults.heaterKw > 0;
  const nominal = house.flowLitresPerMinute * machine.flowShare * faults.waterFlow;
  plant.litresPerMinute = isPumping
    ? nominal * (set.mode === HEATING ? 0.74 + 0.26 * Math.min(1, set.hz / 60) : 1)
    : 0;
  const waterKwPerK = (plant.litresPerMinute / 60) * 4.186;
  const isRunning = set.mode === HEATING || set.mode === HOT_WATER;
  plant.fanPercent = isRunning ? Math.min(100, (24 + 0.64 * set.hz) * faults.air) : 0;
  let isFree = false;
  let heatKw = 0;
  if (isRunning) {
    heatKw = runStep(plant, machine, set, around, waterKwPerK, seconds);
  } else if (set.mode === DEFROST) {
    const duty = defrostCircuit(plant.circuit, plant.flowC, seconds);
    heatKw = duty.heatKw;
    plant.compressorKw = duty.compressorKw;
    isFree = meltFrost(plant.frost, seconds);
  } else {
    restCircuit(plant.circuit, weather.outdoorC, seconds);
    plant.compressorKw = 0;
  }
  plant.electricKw =
    plant.compressorKw +
    FAN_KW * (plant.fanPercent / 62) ** 1.5 +
    (isPumping ? PUMP_KW : 0) +
    machine.standbyKw +
    faults.heaterKw;
  stepWater(plant, house, set, { heatKw: heatKw + faults.heaterKw, waterKwPerK }, seconds);
  stepHouse(plant, house, around, seconds);
  return isFree;
}

function runStep(
  plant: Plant,
  machine: Machine,
  set: Settings,
  { faults, weather }: Surroundings,
  waterKwPerK: number,
  seconds: number,
): number {
  const conditions = {
    hz: set.hz,
    outdoorC: weather.outdoorC,
    fanPercent: plant.fanPercent,
    frostShare: frostShare(plant.frost),
    waterMeanC: (plant.flowC + plant.returnC) / 2,
    waterKwPerK: Math.max(0.2, waterKwPerK),
  };
  const duty = runCircuit(plant.circuit, machine, faults, conditions, seconds);
  plant.compressorKw = duty.compressorKw;
  const air = {
    outdoorC: weather.outdoorC,
    humidity: weather.humidity,
    evaporatingC: plant.circuit.evaporatingC,
    fanShare: plant.fanPercent / 60,
  };
  growFrost(plant.frost, air, seconds);
  return duty.heatKw;
}

/** Heat goes round: into the flow, out of it in floor or tank, and back. */
function stepWater(
  plant: Plant,
  house: House,
  set: Settings,
  { heatKw, waterKwPerK }: { heatKw: number; waterKwPerK: number },
  seconds: number,
): void {
  if (waterKwPerK === 0) {
    plant.flowC += ((CELLAR_C - plant.flowC) * seconds) / PIPES_SECONDS;
    plant.returnC += ((CELLAR_C - plant.returnC) * seconds) / PIPES_SECONDS;
    return;
  }
  const isTank = set.mode === HOT_WATER;
  const sinkC = isTank ? plant.tankC : plant.slabC;
  const sinkKwPerK = isTank ? house.tankCoilKwPerK : house.waterKwPerK;
  const passedKw = waterKwPerK * (1 - Math.exp(-sinkKwPerK / waterKwPerK)) * (plant.flowC - sinkC);
  const backC = plant.flowC - passedKw / waterKwPerK;
  const forthC = plant.returnC + heatKw / waterKwPerK;
  plant.returnC += (backC - plant.returnC) * Math.min(1, seconds / RETURN_SECONDS);
  plant.flowC += (forthC - plant.flowC) * Math.min(1, seconds / FLOW_SECONDS);
  const kelvin = (passedKw * seconds) / 3_600;
  if (isTank) plant.tankC += kelvin / house.tankKwhPerK;
  else plant.slabC += kelvin / house.slabKwhPerK;
}

function stepHouse(plant: Plant, house: House, around: Surroundings, seconds: number): void {
  const hours = seconds / 3_600;
  const { weather, living } = around;
  const intoRoomKw = house.roomKwPerK * (plant.slabC - plant.roomC);
  plant.slabC -= (intoRoomKw * hours) / house.slabKwhPerK;
  const gainedKw = house.gainsKw * living.gainsShare + house.sunKwPerWm2 * weather.sunWm2;
  const lostKw = house.lossKwPerK * (plant.roomC - weather.outdoorC);
  plant.roomC += ((intoRoomKw + gainedKw - lostKw) * hours) / house.airKwhPerK;
  plant.tankC -= (house.tankLossKwPerK * (plant.tankC - CELLAR_C) * hours) / house.tankKwhPerK;
}

/** Somebody opens a tap: `kwh` leave the tank, cold water comes in. */
export function drawHotWater(plant: Plant, house: House, kwh: number): void {
  plant.tankC = Math.max(COLD_WATER_C, plant.tankC - kwh / house.tankKwhPerK);
}
