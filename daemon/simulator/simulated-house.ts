/**
 * Which registers a simulated installation has, and what those show that decide about others.
 *
 * The same choice as in a real house: parameters say what was built in, identification, gates and
 * firmware say which controller it is. What was not built in shows its sentinel where it has one,
 * as devices do, and is refused otherwise.
 */
import { decodeRegister, decodeText } from "#core/profile/decode.js";
import { encodeRegister } from "#core/profile/encode.js";
import { encodeText } from "#core/profile/encode-text.js";
import type { Profile, ProfileRegister, ValueTest } from "#core/profile/profile.js";
import { selectRegisters } from "#core/profile/register-choice.js";
import { compareVersions, passes } from "#core/profile/value-test.js";
import type { HeatPumpModel } from "./heat-pump-model.js";
import { plausibleValue } from "./plausible-value.js";

/** What the simulated device has. */
export interface SimulatedHouse {
  /** Registers with a value. */
  readonly served: readonly ProfileRegister[];
  /** Registers that show "nothing there". */
  readonly empty: readonly ProfileRegister[];
  /** Values that do not follow the model, by register id. */
  readonly fixed: ReadonlyMap<string, number>;
  /** Firmware version as the device shows it; empty where the profile knows none. */
  readonly firmware: string;
}

/** Version of a device whose profile hangs nothing on it. */
const ANY_VERSION = "1.0.0";

/**
 * @param parameters chosen values; what is left out has the profile's defaults
 * @throws HeatpoolError `CONFIG_INVALID` for a parameter or value that the profile does not know
 */
export function furnish(
  profile: Profile,
  model: HeatPumpModel,
  parameters: Readonly<Record<string, readonly string[]>>,
): SimulatedHouse {
  const choice = { wanted: "all", parameters } as const;
  const refused = new Set(
    profile.identification.filter((rule) => rule.mustBeRefused).map((rule) => rule.registerId),
  );
  const fixed = decide(profile, model, refused);
  const firmware = firmwareOf(profile, fixed, model);
  const known = new Map(
    profile.registers.flatMap((one) => {
      const value = meantValue(one, fixed, model);
      return value === undefined ? [] : [[one.id, value] as const];
    }),
  );
  const served = selectRegisters(profile, { ...choice, known, firmware }).filter(
    (one) => !refused.has(one.id),
  );
  const servedIds = new Set(served.map((one) => one.id));
  const taken = new Set(served.flatMap(wordsOf));
  const empty = profile.registers.filter(
    (one) =>
      !servedIds.has(one.id) &&
      one.access !== "w" &&
      one.format.absent.length > 0 &&
      one.conditions.every(({ kind }) => kind === "parameter") &&
      !wordsOf(one).some((word) => taken.has(word)),
  );
  return { served, empty: empty.filter((one) => !refused.has(one.id)), fixed, firmware };
}

/** What a register shows, as whoever reads it will understand it. */
function meantValue(
  register: ProfileRegister,
  fixed: ReadonlyMap<string, number>,
  model: HeatPumpModel,
): number | undefined {
  const words = encodeRegister(fixed.get(register.id) ?? plausibleValue(register, model), register);
  return words && decodeRegister(words, register).value;
}

/** Values that prove the controller and open gates, where the model's own would not. */
function decide(
  profile: Profile,
  model: HeatPumpModel,
  refused: ReadonlySet<string>,
): ReadonlyMap<string, number> {
  const fixed = new Map<string, number>();
  const byId = new Map(profile.registers.map((one) => [one.id, one]));
  const decideOne = (id: string, test: ValueTest): void => {
    const register = byId.get(id);
    if (register === undefined || fixed.has(id) || refused.has(id)) return;
    if (!passes(test, plausibleValue(register, model))) fixed.set(id, acceptedValue(test));
  };
  for (const rule of profile.identification) decideOne(rule.registerId, rule.accepts);
  const identified = new Set(profile.identification.map((rule) => rule.registerId));
  for (const condition of profile.registers.flatMap((one) => one.conditions)) {
    if (condition.kind !== "register" || identified.has(condition.registerId)) continue;
    decideOne(condition.registerId, condition.accepts);
  }
  return fixed;
}

/** A value that a test accepts. */
function acceptedValue({ oneOf, above, min, max }: ValueTest): number {
  if (oneOf?.[0] !== undefined) return oneOf[0];
  if (above !== undefined) return Math.min(above + 1, max ?? Number.POSITIVE_INFINITY);
  if (min !== undefined && max !== undefined) return Math.round((min + max) / 2);
  return min ?? max ?? 0;
}

/** The version that the most recent condition asks for, as the firmware register can show it. */
function firmwareOf(
  profile: Profile,
  fixed: ReadonlyMap<string, number>,
  model: HeatPumpModel,
): string {
  const register = profile.registers.find((one) => one.id === profile.firmwareRegisterId);
  if (register === undefined) return "";
  const conditions = profile.registers
    .flatMap((one) => one.conditions)
    .flatMap((one) => (one.kind === "firmware" ? [one.since ?? one.until ?? ANY_VERSION] : []));
  const newest = conditions.sort(compareVersions).at(-1) ?? ANY_VERSION;
  const text = encodeText(newest, register.format);
  if (text !== undefined) return decodeText(text, register) ?? "";
  return meantValue(register, fixed, model)?.toString() ?? "";
}

/** Places of all words of a register. */
function wordsOf({ unitId, space, address, format }: ProfileRegister): readonly string[] {
  return Array.from({ length: format.words }, (_, at) => `${unitId}/${space}/${address + at}`);
}
