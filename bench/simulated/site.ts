/**
 * What differs between installations: houses by far, machines of one model by a few per cent. The
 * house's seed and the machine's are apart, so that the same machine can stand in two houses.
 */
import { createDraws } from "./chance.js";

/** A house with its emitters, tank and people. */
export interface House {
  /** Heat lost through walls, windows and air. */
  readonly lossKwPerK: number;
  /** From water to floor or radiators, and from there to the room. */
  readonly waterKwPerK: number;
  readonly roomKwPerK: number;
  readonly slabKwhPerK: number;
  readonly airKwhPerK: number;
  readonly gainsKw: number;
  /** kW per W/m² on a level surface. */
  readonly sunKwPerWm2: number;
  readonly roomSetC: number;
  /** How far the heating curve is above what the house would need. */
  readonly curveK: number;
  readonly flowLitresPerMinute: number;
  readonly tankKwhPerK: number;
  readonly tankLossKwPerK: number;
  readonly tankCoilKwPerK: number;
  readonly tankSetC: number;
  readonly tankBandK: number;
  readonly drawKwhPerDay: number;
  readonly morningHour: number;
  /** 0 to 6 where the owner has a weekly run against legionella, else -1. */
  readonly legionellaWeekday: number;
}

/** One machine of the model, against the drawing. */
export interface Machine {
  readonly displacement: number;
  readonly efficiency: number;
  readonly evaporator: number;
  readonly condenser: number;
  readonly superheatK: number;
  readonly standbyKw: number;
  /** What the sensors of this one are off by. */
  readonly flowK: number;
  readonly returnK: number;
  readonly outdoorK: number;
  readonly tankK: number;
  readonly highBar: number;
  readonly lowBar: number;
  readonly flowShare: number;
}

/** Draws a house. */
export function drawHouse(seed: number): House {
  const draws = createDraws(seed, 2);
  const { between } = draws;
  const lossKwPerK = between(0.17, 0.25);
  const meanOverRoomK = between(5, 9);
  // What the house loses at 2 °C outside reaches the room at this difference to the water.
  const emitter = (lossKwPerK * 18.5) / meanOverRoomK;
  return {
    lossKwPerK,
    waterKwPerK: emitter * 2.4,
    roomKwPerK: (emitter * 2.4) / 1.4,
    slabKwhPerK: between(1.6, 4),
    airKwhPerK: between(4, 9),
    gainsKw: between(0.2, 0.5),
    sunKwPerWm2: between(0.001, 0.003),
    roomSetC: between(20, 22),
    curveK: between(-0.5, 1),
    flowLitresPerMinute: between(18, 23),
    tankKwhPerK: between(0.21, 0.35),
    tankLossKwPerK: between(0.0015, 0.0025),
    tankCoilKwPerK: between(0.75, 1.05),
    tankSetC: between(47, 50),
    tankBandK: between(5, 7),
    drawKwhPerDay: between(3, 6.5),
    morningHour: between(5.2, 7.5),
    legionellaWeekday: draws.uniform() < 0.5 ? Math.floor(between(0, 7)) : -1,
  };
}

/** Draws a machine. */
export function drawMachine(seed: number): Machine {
  const draws = createDraws(seed, 3);
  const about = (share: number) => 1 + Math.max(-2, Math.min(2, draws.gauss())) * share;
  const off = (by: number) => Math.max(-2, Math.min(2, draws.gauss())) * by;
  return {
    displacement: about(0.01),
    efficiency: about(0.012),
    evaporator: about(0.02),
    condenser: about(0.02),
    superheatK: 6 + off(0.3),
    standbyKw: 0.01 + draws.between(0, 0.004),
    flowK: off(0.08),
    returnK: off(0.08),
    outdoorK: off(0.2),
    tankK: off(0.3),
    highBar: off(0.03),
    lowBar: off(0.02),
    flowShare: about(0.01),
  };
}
