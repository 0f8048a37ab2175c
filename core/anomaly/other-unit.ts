/** Whether a channel speaks in another unit than it used to: by how what it says now fits what it said. */

/** How near a value must be to what the other unit would give. */
const UNIT_NEAR = 0.2;
/** Loads differ by that much, a thousand times does not. */
const LOAD_TIMES = 2.5;
/** Between two units of one quantity: less than a thousand, more than any load makes. */
const SCALE_TIMES = 30;

/** In words, for findings; `undefined`: it is no other unit. */
export function otherUnit(before: number, after: number): string | undefined {
  if (isNear(after, before * 1.8 + 32)) return "reads like degrees Fahrenheit";
  if (isNear(after, (before - 32) / 1.8))
    return "reads like degrees Celsius in place of Fahrenheit";
  if (isAbout(after, before * 1000)) return "is a thousand times what it was";
  if (isAbout(after, before / 1000)) return "is a thousandth of what it was";
  return undefined;
}

/** Watts for kilowatts, or the other way round. */
export function isThousandfold(before: number, after: number): boolean {
  return isAbout(after, before * 1000) || isAbout(after, before / 1000);
}

/** Whether it is of the size that it used to be; of what never was anything may be. */
export function isOfScale(before: number, after: number): boolean {
  if (Number.isNaN(before)) return true;
  const [size, level] = [Math.abs(after), Math.abs(before)];
  return size * SCALE_TIMES >= level && size <= level * SCALE_TIMES;
}

function isNear(value: number, wanted: number): boolean {
  return Math.abs(value - wanted) <= UNIT_NEAR * Math.max(Math.abs(wanted), 1e-9);
}

function isAbout(value: number, wanted: number): boolean {
  const [size, other] = [Math.abs(value), Math.abs(wanted)];
  return value * wanted > 0 && size <= LOAD_TIMES * other && other <= LOAD_TIMES * size;
}
