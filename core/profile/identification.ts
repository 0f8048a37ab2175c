/** Is this the device that the profile describes? Refuses to read on with a wrong map. */
import type { Decoded } from "./decode.js";
import type { IdentificationRule, Profile, ProfileRegister } from "./profile.js";
import { passes } from "./value-test.js";

/** What the device answered to the identifying registers, by register id. */
export type IdentificationAnswers = ReadonlyMap<string, Decoded | "refused">;

/** Registers to read before the first snapshot, for rules whose register is known. */
export function identifyingRegisters(profile: Profile): readonly ProfileRegister[] {
  const ids = new Set(profile.identification.map((rule) => rule.registerId));
  return profile.registers.filter((one) => ids.has(one.id));
}

/** Why the device is another one than described, in a sentence; `undefined` when it fits. */
export function findMismatch(profile: Profile, answers: IdentificationAnswers): string | undefined {
  for (const rule of profile.identification) {
    const wrong = findFault(rule, answers.get(rule.registerId));
    if (wrong !== undefined) return `${rule.registerId} ${wrong}; expected ${rule.meaning}`;
  }
  return undefined;
}

function findFault(rule: IdentificationRule, answer: Decoded | "refused" | undefined) {
  if (rule.mustBeRefused) return answer === "refused" ? undefined : "is answered by the device";
  if (answer === undefined || answer === "refused") return "is refused by the device";
  if (answer.quality === "absent") return rule.mayBeAbsent ? undefined : "has no value";
  if (answer.value === undefined) return "has no plausible value";
  return passes(rule.accepts, answer.value) ? undefined : `is ${answer.value}`;
}
