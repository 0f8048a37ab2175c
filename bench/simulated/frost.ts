/**
 * Frost on the evaporator: it grows where the surface is below freezing and colder than the air's
 * dew point, takes conductance away, and melts in a defrost.
 */

/** Kilograms of ice. */
export interface Frost {
  kg: number;
}

/** kg per second for each gram of water per cubic metre that the air holds beyond the surface's. */
const GROWTH = 0.00022;
/** More does not fit between the fins. */
const KG_MAX = 2.6;
/** kg per second that the heat of the water melts. */
const MELTING = 0.0021;

/** One step of frosting. */
export function growFrost(
  frost: Frost,
  now: { outdoorC: number; humidity: number; evaporatingC: number; fanShare: number },
  seconds: number,
): void {
  // Between the air and the evaporating refrigerant; fins are nearer to the latter.
  const surfaceC = now.evaporatingC + 0.25 * (now.outdoorC - now.evaporatingC);
  if (surfaceC >= -0.3) {
    frost.kg = Math.max(0, frost.kg - (surfaceC > 0.5 ? 0.0001 * seconds : 0));
    return;
  }
  const beyond = vapour(now.outdoorC) * now.humidity - vapour(surfaceC);
  if (beyond <= 0) return;
  frost.kg = Math.min(KG_MAX, frost.kg + GROWTH * beyond * (0.3 + 0.7 * now.fanShare) * seconds);
}

/** One step of melting; true once the evaporator is free. */
export function meltFrost(frost: Frost, seconds: number): boolean {
  frost.kg = Math.max(0, frost.kg - MELTING * seconds);
  return frost.kg === 0;
}

/** Share of the conductance that is left. */
export function frostShare(frost: Frost): number {
  const fill = frost.kg / KG_MAX;
  return 1 - 0.62 * fill ** 1.6;
}

/** Saturated water vapour, g/m³ (Magnus). */
function vapour(celsius: number): number {
  return (13.25 * Math.exp((17.6 * celsius) / (243 + celsius)) * 100) / (273.15 + celsius);
}
