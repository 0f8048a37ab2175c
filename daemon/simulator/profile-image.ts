/**
 * The registers of a profile as a device would serve them: keyed by start address, with holes that
 * are refused, and values from a heat pump model.
 *
 * Registers that share a metric show the same quantity; what the model does not know gets a
 * plausible constant by its unit, and a register that identifies the controller gets a value that
 * the profile accepts.
 */
import { encodeRegister } from "#core/profile/encode.js";
import type { Profile, ProfileRegister, ValueTest } from "#core/profile/profile.js";
import type { Space } from "#core/profile/register-range.js";
import type { HeatPumpModel } from "./heat-pump-model.js";
import { EXCEPTION, type RegisterImage } from "./modbus-server.js";

/** Serves all registers of `profile` with the values of `model` at the moment of the read. */
export function createProfileImage(profile: Profile, model: HeatPumpModel): RegisterImage {
  const byStart = new Map<string, ProfileRegister>();
  const byInner = new Map<string, { register: ProfileRegister; offset: number }>();
  for (const register of profile.registers) {
    if (register.access === "w") continue;
    for (const space of servedSpaces(profile, register)) {
      byStart.set(place(register.unitId, space, register.address), register);
      for (let offset = 1; offset < register.format.words; offset++) {
        const key = place(register.unitId, space, register.address + offset);
        byInner.set(key, { register, offset });
      }
    }
  }
  const identifying = new Map(
    profile.identification.map((rule) => [rule.registerId, accepted(rule.accepts)]),
  );
  const wordsOf = (register: ProfileRegister): readonly number[] => {
    const value = identifying.get(register.id) ?? plausibleValue(register, model);
    const words = value === undefined ? undefined : encodeRegister(value, register);
    return words ?? register.format.absent[0] ?? Array(register.format.words).fill(0);
  };
  return {
    read({ unitId, space, address, count }) {
      const words: number[] = [];
      while (words.length < count) {
        const key = place(unitId, space, address + words.length);
        const register = byStart.get(key);
        if (register !== undefined) {
          words.push(...wordsOf(register));
          continue;
        }
        const inner = byInner.get(key);
        if (inner === undefined) return EXCEPTION.illegalAddress;
        words.push(...wordsOf(inner.register).slice(inner.offset));
      }
      return words.slice(0, count);
    },
  };
}

function place(unitId: number, space: Space, address: number): string {
  return `${unitId}/${space}/${address}`;
}

function servedSpaces(profile: Profile, register: ProfileRegister): readonly Space[] {
  if (!profile.connection.hasOneSpace) return [register.space];
  return register.space === "input" || register.space === "holding"
    ? ["input", "holding"]
    : [register.space];
}

/** A value that an identification rule accepts. */
function accepted(test: ValueTest): number {
  if (test.oneOf?.[0] !== undefined) return test.oneOf[0];
  if (test.above !== undefined) return test.above + 1;
  if (test.min !== undefined && test.max !== undefined) return (test.min + test.max) / 2;
  return test.min ?? test.max ?? 0;
}

/** Constants for what the model does not know, by unit. */
const BY_UNIT: Readonly<Record<string, number>> = {
  "°C": 21.5,
  K: 5,
  "%": 40,
  kW: 0.4,
  W: 400,
  kWh: 1200,
  MWh: 1.2,
  bar: 1.8,
  "L/min": 18,
  "l/h": 1080,
  "m³/h": 1.1,
  h: 4200,
  rpm: 1200,
  Hz: 50,
  V: 230,
  A: 4,
  "€/MWh": 92,
};

/** In the register's unit and within its bounds; `undefined` where it should be absent. */
function plausibleValue(register: ProfileRegister, model: HeatPumpModel): number | undefined {
  const modelled = register.metrics
    .map(({ metric }) => model.value(metric))
    .find((value) => value !== undefined);
  const value = modelled ?? firstCode(register) ?? BY_UNIT[register.unit] ?? 0;
  return Math.min(register.max, Math.max(register.min, value));
}

function firstCode(register: ProfileRegister): number | undefined {
  if (register.isFlags) return 0;
  return register.codes.keys().next().value;
}
