/** Options of profile commands as people type them. */
import { HeatpoolError } from "#core/errors.js";

/** Collects an option that may be repeated. */
export function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

/** @throws HeatpoolError `USAGE` for what is no number of that range */
export function toNumber(option: string, text: string, min: number, max: number): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (value >= min && value <= max) return value;
  throw new HeatpoolError("USAGE", `${option} ${text}: must be a number from ${min} to ${max}`);
}

/** @throws HeatpoolError `USAGE` for what is no whole number of that range */
export function toWhole(option: string, text: string, min: number, max: number): number {
  const value = toNumber(option, text, min, max);
  if (Number.isInteger(value)) return value;
  throw new HeatpoolError("USAGE", `${option} ${text}: must be a whole number`);
}

/**
 * `circuit=a,b` as the choice of an installation.
 *
 * @throws HeatpoolError `USAGE` for another form
 */
export function parseParameters(
  written: readonly string[],
): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(
    written.map((text) => {
      const [name = "", values, ...more] = text.split("=");
      if (!/^[a-z0-9_]+$/.test(name) || values === undefined || more.length > 0) {
        throw new HeatpoolError("USAGE", `--parameters ${text}: must be name=a,b`, {
          hint: "`heatpool profile show <profile>` lists parameters and their values.",
        });
      }
      return [name, values.split(",").filter((value) => value !== "")];
    }),
  );
}
