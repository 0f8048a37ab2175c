/** The first question to a device: is it what the profile describes, and with which firmware? */
import { HeatpoolError } from "#core/errors.js";
import { type Decoded, decodeRegister, decodeText } from "#core/profile/decode.js";
import { findMismatch, identifyingRegisters } from "#core/profile/identification.js";
import type { Profile } from "#core/profile/profile.js";
import { planSingle } from "#core/profile/read-plan.js";
import { type ReadChoice, withUnit } from "#core/profile/register-choice.js";
import type { RangeAsker } from "./range-asking.js";

/**
 * The firmware version, empty where the profile knows none.
 *
 * @throws HeatpoolError `PROFILE_MISMATCH`, saying what was found; `DEVICE_…` when it is silent
 */
export async function identify(
  profile: Profile,
  choice: ReadChoice,
  asker: RangeAsker,
): Promise<string> {
  const answers = new Map<string, Decoded | "refused">();
  for (const register of identifyingRegisters(profile)) {
    const answer = await asker.ask(planSingle(withUnit(register, profile, choice)));
    if (answer.kind === "failed") throw answer.error;
    const words = answer.kind === "words" ? answer.words : undefined;
    answers.set(register.id, words === undefined ? "refused" : decodeRegister(words, register));
  }
  const mismatch = findMismatch(profile, answers);
  if (mismatch !== undefined) {
    throw new HeatpoolError("PROFILE_MISMATCH", `not a ${profile.name}: ${mismatch}`, {
      hint: "Choose the profile of this heat pump, or check the address and the unit id.",
    });
  }
  return readFirmware(profile, choice, asker);
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
