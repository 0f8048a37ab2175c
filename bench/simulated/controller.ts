/**
 * The controller: heating curve, compressor speed, hot water first, defrost on demand, minimum
 * times. It sees the plant through its sensors, so an outdoor or tank sensor that is wrong misleads
 * it; flow and refrigerant have sensors of their own for control.
 */
import type { FaultEffects } from "./faults.js";
import type { Living } from "./happenings.js";
import { DEFROST, HEATING, HOT_WATER, OFF, type Plant, type Settings } from "./plant.js";
import type { House } from "./site.js";

/** What it remembers. */
export interface Controller extends Settings {
  /** Seconds in this mode, since the compressor started, and since ice was last melted. */
  modeSeconds: number;
  runSeconds: number;
  sinceDefrostSeconds: number;
  /** Outdoor temperature over hours, and over a day. */
  outdoorHoursC: number;
  outdoorDayC: number;
  errorK: number;
  targetC: number;
  /** Speed when heating last ended. */
  lastHz: number;
  /** The mode a defrost interrupted. */
  before: number;
  /** The weekly run was done for this happening. */
  isHeatedThrough: boolean;
}

const HZ_MIN = 20;
const HZ_MAX = 95;
const HZ_START = 38;
const HZ_HOT_WATER = 70;
const HZ_DEFROST = 60;
/** How fast the speed may change, Hz per second. */
const HZ_RATE = 0.05;
const HZ_RATE_HOT_WATER = 0.25;
const OFF_SECONDS_MIN = 900;
const RUN_SECONDS_MIN = 480;
/** At rest the pump looks every 20 minutes how warm the water is. */
const LOOK_EVERY_SECONDS = 1_200;
const LOOK_SECONDS = 300;
const BELOW_TARGET_K = 3;
const ABOVE_TARGET_K = 3.5;
/** Machines that know the room stop above this, those that do not are stopped by their owner. */
const ROOM_OVER_K = 3.5;
const HEATING_LIMIT_C = 15;
const DEFROST_PAUSE_SECONDS = 2_100;
const DEFROST_SECONDS_MAX = 720;
const TANK_LEGIONELLA_C = 58;
const FLOW_MAX_C = 70;
const HOT_WATER_SECONDS_MAX = 3 * 3_600;
/** Pause between two runs where a fault stops the compressor. */
const CYCLE_PAUSE_SECONDS = 600;

/** A controller just switched on. */
export function createController(outdoorC: number): Controller {
  return {
    mode: OFF,
    hz: 0,
    isPumpOn: false,
    modeSeconds: OFF_SECONDS_MIN,
    runSeconds: 0,
    sinceDefrostSeconds: 0,
    outdoorHoursC: outdoorC,
    outdoorDayC: outdoorC,
    errorK: 0,
    targetC: 25,
    lastHz: HZ_START,
    before: HEATING,
    isHeatedThrough: false,
  };
}

/** Looks at the sensors and sets what the plant does in the next `seconds`. */
export function control(
  it: Controller,
  plant: Plant,
  house: House,
  seen: { outdoorC: number; faults: FaultEffects; living: Living; isFree: boolean },
  seconds: number,
): void {
  const { faults, living } = seen;
  it.modeSeconds += seconds;
  it.outdoorHoursC += ((seen.outdoorC - it.outdoorHoursC) * seconds) / 7_200;
  it.outdoorDayC += ((seen.outdoorC - it.outdoorDayC) * seconds) / 86_400;
  it.targetC = flowTarget(it, plant, house) + faults.curveK + living.curveK;
  if (!living.isLegionella) it.isHeatedThrough = false;
  decideMode(it, plant, house, seen);
  if (it.mode === OFF) {
    it.hz = 0;
    it.isPumpOn = it.modeSeconds % LOOK_EVERY_SECONDS < LOOK_SECONDS;
    it.runSeconds = 0;
    return;
  }
  it.isPumpOn = true;
  it.runSeconds += seconds;
  if (it.mode === DEFROST) {
    it.hz = HZ_DEFROST;
    return;
  }
  if (plant.circuit.evaporatingC < 0) it.sinceDefrostSeconds += seconds;
  if (it.mode === HOT_WATER) moveSpeed(it, HZ_HOT_WATER - it.hz, HZ_RATE_HOT_WATER * seconds);
  else controlFlow(it, plant, seconds);
}

/** Water warm enough for what the house loses at this weather. */
function flowTarget(it: Controller, plant: Plant, house: House): number {
  const emitter = 1 / (1 / house.waterKwPerK + 1 / house.roomKwPerK);
  const neededKw = Math.max(
    0.5,
    house.lossKwPerK * (house.roomSetC - it.outdoorHoursC) - house.gainsKw,
  );
  const halfSpreadK = neededKw / 2 / ((house.flowLitresPerMinute / 60) * 4.186 * 0.92);
  const room = Math.max(-1.5, Math.min(1.5, house.roomSetC - plant.roomC));
  return house.roomSetC + neededKw / emitter + halfSpreadK + house.curveK + 0.5 * room;
}

function decideMode(
  it: Controller,
  plant: Plant,
  house: House,
  seen: { faults: FaultEffects; living: Living; isFree: boolean },
): void {
  const { faults, living } = seen;
  const tankC = plant.tankC + faults.tankK;
  if (it.mode === DEFROST) {
    if (!seen.isFree && it.modeSeconds < DEFROST_SECONDS_MAX) return;
    it.sinceDefrostSeconds = 0;
    switchTo(it, it.before);
    return;
  }
  if (it.mode !== OFF && needsDefrost(it, plant, faults)) {
    it.before = it.mode;
    switchTo(it, DEFROST);
    return;
  }
  const isThrough = living.isLegionella && !it.isHeatedThrough;
  const tankSetC = isThrough ? TANK_LEGIONELLA_C : house.tankSetC + living.tankK;
  if (it.mode === HOT_WATER) {
    const isDone = tankC >= tankSetC || plant.flowC > FLOW_MAX_C;
    if (!isDone && it.modeSeconds < HOT_WATER_SECONDS_MAX) return;
    if (isThrough) it.isHeatedThrough = true;
    // The hot water in the machine goes to the tank before the house is heated again.
    switchTo(it, OFF);
    return;
  }
  const wantsTank = isThrough || tankC < tankSetC - house.tankBandK;
  const mayStart = it.mode === HEATING || it.modeSeconds >= OFF_SECONDS_MIN / 3;
  if (wantsTank && mayStart) switchTo(it, HOT_WATER);
  else decideHeating(it, plant, house, faults);
}

function decideHeating(it: Controller, plant: Plant, house: House, faults: FaultEffects): void {
  const isCut = faults.runMinutesMax > 0 && it.runSeconds >= faults.runMinutesMax * 60;
  if (it.mode === HEATING) {
    const isTooWarm = it.hz <= HZ_MIN && plant.flowC > it.targetC + ABOVE_TARGET_K;
    const isOver = isTooWarm || !wantsHeat(it, plant, house);
    if (isCut || (isOver && it.modeSeconds >= RUN_SECONDS_MIN)) switchTo(it, OFF);
    return;
  }
  const hasLooked = it.modeSeconds % LOOK_EVERY_SECONDS > LOOK_SECONDS - 60;
  const isCold = hasLooked && plant.flowC < it.targetC - BELOW_TARGET_K;
  const restarts = faults.runMinutesMax > 0 && it.modeSeconds >= CYCLE_PAUSE_SECONDS;
  if (!wantsHeat(it, plant, house)) return;
  if (restarts) switchTo(it, HEATING, Math.max(HZ_START, it.lastHz));
  else if (isCold && it.modeSeconds >= OFF_SECONDS_MIN) switchTo(it, HEATING);
}

function wantsHeat(it: Controller, plant: Plant, house: House): boolean {
  const isWarm = plant.roomC > house.roomSetC + ROOM_OVER_K;
  return !isWarm && it.outdoorDayC < HEATING_LIMIT_C + (it.mode === HEATING ? 0.5 : -0.5);
}

/** The evaporator is further below the air than it would be without ice. */
function needsDefrost(it: Controller, plant: Plant, faults: FaultEffects): boolean {
  if (!faults.mayDefrost || it.sinceDefrostSeconds < DEFROST_PAUSE_SECONDS) return false;
  const { evaporatingC } = plant.circuit;
  if (evaporatingC > -2) return false;
  return it.outdoorHoursC - faults.outdoorK - evaporatingC > 0.078 * it.hz + 2.4;
}

function switchTo(it: Controller, mode: number, startHz = HZ_START): void {
  if (it.mode === HEATING) it.lastHz = it.hz;
  if (it.mode === OFF && mode !== OFF) {
    it.hz = startHz;
    it.errorK = 0;
  }
  if (mode === HEATING && it.mode !== OFF) it.hz = Math.min(it.hz, HZ_DEFROST);
  it.mode = mode;
  it.modeSeconds = 0;
}

/** Proportional and integral, in steps. */
function controlFlow(it: Controller, plant: Plant, seconds: number): void {
  const errorK = Math.max(-4, Math.min(4, it.targetC - plant.flowC));
  const change = 5 * (errorK - it.errorK) + 0.004 * errorK * seconds;
  it.errorK = errorK;
  moveSpeed(it, change, HZ_RATE * seconds);
}

function moveSpeed(it: Controller, by: number, most: number): void {
  const next = it.hz + Math.max(-most, Math.min(most, by));
  it.hz = Math.max(HZ_MIN, Math.min(HZ_MAX, next));
}
