/**
 * The first questions to a device: is it what the profile describes, with which firmware, and what
 * decides about the rest of its registers?
 */
import { HeatpoolError } from "#core/errors.js";
import { type Decoded, decodeRegister, decodeText } from "#core/profile/decode.js";
import { findMismatch, identifyingRegisters } from "#core/profile/identification.js";
import type { Profile, ProfileRegister } from "#core/profile/profile.js";
import { planSingle } from "#core/profile/read-plan.js";
import { type ReadChoice, selectRegisters, withUnit } from "#core/profile/register-choice.js";
import type { RangeAsker } from "./range-asking.js";

/** Who answered. */
export interface Identity {
  /** Empty where the profile knows none. */
  readonly firmware: string;
  /** Values of registers that others hang on, by register id, so that the first poll is whole. */
  readonly known: ReadonlyMap<string, number>;
}

/**
 * @param gateIds registers that others hang on
 * @throws HeatpoolError `PROFILE_MISMATCH`, saying what was found; `DEVICE_…` when it is silent
 */
export async function identify(
  profile: Profile,
  choice: ReadChoice,
  asker: RangeAsker,
  gateIds: ReadonlySet<string>,
): Promise<Identity> {
  const answers = new Map<string, Decoded | "refused">();
  const ask = async (register: ProfileRegister): Promise<void> => {
    const answer = await asker.ask(planSingle(withUnit(register, profile, choice)));
    if (answer.kind === "failed") throw answer.error;
    const words = answer.kind === "words" ? answer.words : undefined;
    answers.set(register.id, words === undefined ? "refused" : decodeRegister(words, register));
  };
  for (const register of identifyingRegisters(profile)) await ask(register);
  const mismatch = findMismatch(profile, answers);
  if (mismatch !== undefined) {
    throw new HeatpoolError("PROFILE_MISMATCH", `not a ${profile.name}: ${mismatch}`, {
      hint: "Choose the profile of this heat pump, or check the address and the unit id.",
    });
  }
  const firmware = await readFirmware(profile, choice, asker);
  for (const register of selectRegisters(profile, { ...choice, firmware })) {
    if (gateIds.has(register.id) && !answers.has(register.id)) await ask(register);
  }
  const known = new Map<string, number>();
  for (const id of gateIds) {
    const answer = answers.get(id);
    if (answer === undefined || answer === "refused" || answer.value === undefined) continue;
    known.set(id, answer.value);
  }
  return { firmware, known };
}

async function readFirmware(
  profile: Profile,
  choice: ReadChoice,
  asker: RangeAsker,
): Promise<string> {
  const register = profile.registers.find((one) => one.id === profile.firmwareRegisterId);
  if (register === undefined) return "";
  const answer = await asker.ask(planSingle(withUnit(register, profile, choice)));
  if (answer.kind === "failed") throw answer.error;
  if (answer.kind !== "words") return "";
  const { value } = decodeRegister(answer.words, register);
  return decodeText(answer.words, register) ?? value?.toString() ?? "";
}
