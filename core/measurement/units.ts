/**
 * Units that a register may be given in. One spelling for each; a catalogue metric has exactly one
 * of them, and whoever writes a profile scales to it.
 */

/** All units; the empty one is for numbers without a unit. */
const UNITS = [
  "",
  "°C",
  "K",
  "%",
  "‰",
  "kW",
  "W",
  "kWh",
  "Wh",
  "MWh",
  "bar",
  "mbar",
  "rpm",
  "Hz",
  "l/min",
  "l/h",
  "m³/h",
  "l",
  "h",
  "min",
  "s",
  "d",
  "A",
  "V",
  "K·min",
  "€/MWh",
  "ct/kWh",
  "ppm",
  "g/m³",
] as const;

const known: ReadonlySet<string> = new Set(UNITS);

/** Whether it is one of `UNITS`. */
export function isUnit(text: string): boolean {
  return known.has(text);
}
