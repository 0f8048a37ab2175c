/**
 * Which registers of a profile an installation reads: what it has, what it wants, what is set aside.
 *
 * A register that hangs on something unknown (another register's value, the firmware version) is
 * left out: some devices answer nothing at all for what they do not have (Luxtronik SHI).
 */
import { HeatpoolError } from "#core/errors.js";
import type { Condition, Profile, ProfileParameter, ProfileRegister } from "./profile.js";
import { compareVersions, passes } from "./value-test.js";

/** What an installation reads. */
export interface ReadChoice {
  /** `shared`: what serves catalogue metrics, and what those hang on. */
  readonly wanted: "shared" | "all";
  /** Parameter name → chosen values; what is left out has the profile's defaults. */
  readonly parameters?: Readonly<Record<string, readonly string[]>>;
  /** Replaces the profile's own unit id, where an installation has another. */
  readonly unitId?: number;
  /** Register ids that are set aside. */
  readonly excluded?: ReadonlySet<string>;
  /** Values of registers that others hang on, by register id, as far as they are known. */
  readonly known?: ReadonlyMap<string, number>;
  /** Firmware version, as far as it is known: `1.1.3`. */
  readonly firmware?: string;
  /** Take what hangs on firmware or other registers, known or not: it may appear later. */
  readonly withGated?: boolean;
}

/**
 * Registers to read, in the profile's order.
 *
 * @throws HeatpoolError `CONFIG_INVALID` for a parameter or value that the profile does not know
 */
export function selectRegisters(profile: Profile, choice: ReadChoice): readonly ProfileRegister[] {
  const chosen = chooseParameters(profile, choice.parameters ?? {});
  const needed = choice.wanted === "shared" ? neededIds(profile) : undefined;
  return profile.registers
    .filter((one) => needed === undefined || one.metrics.length > 0 || needed.has(one.id))
    .filter((one) => one.access !== "w" && choice.excluded?.has(one.id) !== true)
    .filter((one) => one.conditions.every((condition) => holds(condition, chosen, choice)))
    .map((one) => withUnit(one, profile, choice));
}

/** The register as this installation addresses it. */
export function withUnit(
  register: ProfileRegister,
  profile: Profile,
  choice: ReadChoice,
): ProfileRegister {
  const isOwn = register.unitId === profile.connection.unitId;
  if (choice.unitId === undefined || choice.unitId === register.unitId || !isOwn) return register;
  return { ...register, unitId: choice.unitId };
}

/**
 * Chosen values of every parameter: the given ones, or the profile's defaults.
 *
 * @throws HeatpoolError `CONFIG_INVALID` for a parameter or value that the profile does not know
 */
function chooseParameters(
  profile: Profile,
  given: Readonly<Record<string, readonly string[]>>,
): ReadonlyMap<string, readonly string[]> {
  const known = new Map(profile.parameters.map((one) => [one.name, one]));
  for (const [name, values] of Object.entries(given)) {
    const parameter = known.get(name);
    if (parameter === undefined) {
      const names = [...known.keys()].join(", ") || "none";
      throw new HeatpoolError("CONFIG_INVALID", `${profile.name} has no parameter ${name}`, {
        hint: `Parameters of this profile: ${names}.`,
      });
    }
    checkValues(profile, parameter, values);
  }
  return new Map(profile.parameters.map((one) => [one.name, given[one.name] ?? one.defaults]));
}

function checkValues(
  profile: Profile,
  parameter: ProfileParameter,
  values: readonly string[],
): void {
  const strange = values.find((value) => !parameter.values.includes(value));
  const hint = `Values of ${parameter.name}: ${parameter.values.join(", ")}.`;
  if (strange !== undefined) {
    const what = `${profile.name}: ${parameter.name} may not be ${strange}`;
    throw new HeatpoolError("CONFIG_INVALID", what, { hint });
  }
  if (!parameter.isList && values.length !== 1) {
    const what = `${profile.name}: ${parameter.name} takes exactly one value`;
    throw new HeatpoolError("CONFIG_INVALID", what, { hint });
  }
}

/** Registers without a metric that shared metrics cannot do without. */
function neededIds(profile: Profile): ReadonlySet<string> {
  const gates = profile.registers
    .filter((one) => one.metrics.length > 0)
    .flatMap((one) => one.conditions)
    .flatMap((condition) => (condition.kind === "register" ? [condition.registerId] : []));
  const operands = profile.derived.flatMap((one) => [
    ...one.operands,
    ...one.guards.map((guard) => guard.operand),
  ]);
  const firmware = profile.firmwareRegisterId === undefined ? [] : [profile.firmwareRegisterId];
  return new Set([...gates, ...operands, ...firmware]);
}

function holds(
  condition: Condition,
  chosen: ReadonlyMap<string, readonly string[]>,
  choice: ReadChoice,
): boolean {
  switch (condition.kind) {
    case "parameter":
      return (chosen.get(condition.parameter) ?? []).some((one) => condition.values.includes(one));
    case "firmware":
      return choice.withGated === true || isFirmwareWithin(condition, choice.firmware);
    case "register": {
      const value = choice.known?.get(condition.registerId);
      return choice.withGated === true || (value !== undefined && passes(condition.accepts, value));
    }
  }
}

function isFirmwareWithin(
  { since, until }: { readonly since: string | undefined; readonly until: string | undefined },
  firmware: string | undefined,
): boolean {
  if (firmware === undefined) return false;
  return (
    (since === undefined || compareVersions(firmware, since) >= 0) &&
    (until === undefined || compareVersions(firmware, until) <= 0)
  );
}
