/**
 * What a register of a running heat pump could show: the model's quantity where it knows it, else a
 * code that the profile names, else something usual for the unit.
 */
import { decodeRegister } from "#core/profile/decode.js";
import { encodeRegister } from "#core/profile/encode.js";
import type { ProfileRegister } from "#core/profile/profile.js";
import type { HeatPumpModel } from "./heat-pump-model.js";

/** Constants for what the model does not know, by unit. */
const BY_UNIT: Readonly<Record<string, number>> = {
  "°C": 21.5,
  K: 5,
  "%": 40,
  kW: 0.4,
  W: 400,
  kWh: 1200,
  Wh: 1200,
  MWh: 1.2,
  bar: 1.8,
  "l/min": 18,
  "l/h": 1080,
  "m³/h": 1.1,
  h: 4200,
  rpm: 1200,
  Hz: 50,
  V: 230,
  A: 4,
  "€/MWh": 92,
};

/** In the register's unit, within its bounds, and nothing that its words would turn into absence. */
export function plausibleValue(register: ProfileRegister, model: HeatPumpModel): number {
  const modelled = register.metrics
    .map(({ metric }) => model.value(metric) ?? model.value(baseOf(metric)))
    .find((value) => value !== undefined);
  const { min, max } = register;
  const usual = firstCode(register) ?? BY_UNIT[register.unit] ?? 0;
  const middle = Number.isFinite(min + max) ? Math.round((min + max) / 2) : 1;
  const tries = [modelled ?? usual, usual, middle, min, max, 0, 1]
    .filter((value) => Number.isFinite(value))
    .map((value) => Math.min(max, Math.max(min, value)));
  return tries.find((value) => isShown(value, register)) ?? 0;
}

/** `temp_flow_circuit_a` is a kind of `temp_flow`. */
function baseOf(metric: string): string {
  return metric.replace(/_(circuit|zone|module|unit)_[a-z0-9]+$|_\d+$/, "");
}

function firstCode(register: ProfileRegister): number | undefined {
  if (register.isFlags) return 0;
  return register.codes.keys().next().value;
}

/** Whether the register has words for it that are a value again. */
function isShown(value: number, register: ProfileRegister): boolean {
  const words = encodeRegister(value, register);
  return words !== undefined && decodeRegister(words, register).quality === "good";
}
