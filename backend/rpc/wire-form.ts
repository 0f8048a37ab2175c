/**
 * The form of what comes over the wire: lengths, counts, and numbers that JavaScript holds exactly.
 */
import { HeatpoolError } from "#core/errors.js";

/** A 64-bit number from outside, where JavaScript holds it exactly. @throws HeatpoolError `INVALID_ARGUMENT` */
export function safe(name: string, value: bigint): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw invalid(`${name} ${value} is too large`);
  return number;
}

/** @throws HeatpoolError `INVALID_ARGUMENT` more than `lengthMax` characters */
export function short(name: string, text: string, lengthMax: number): string {
  atMost(`length of ${name}`, text.length, lengthMax);
  return text;
}

/** @throws HeatpoolError `INVALID_ARGUMENT` */
export function atMost(name: string, value: number, valueMax: number): void {
  if (value > valueMax) throw invalid(`${name}: ${value}, at most ${valueMax}`);
}

/** Beyond the wire contract. */
export function invalid(what: string): HeatpoolError {
  return new HeatpoolError("INVALID_ARGUMENT", what);
}
