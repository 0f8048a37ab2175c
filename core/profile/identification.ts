/** Is this the device that the profile describes? Refuses to read on with a wrong map. */
import type { Decoded } from "./decode.js";
import type { IdentificationRule, Profile, ProfileRegister, ValueTest } from "./profile.js";

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

/** Whether a value passes. */
export function passes(test: ValueTest, value: number): boolean {
  return (
    (test.oneOf === undefined || test.oneOf.includes(value)) &&
    (test.min === undefined || value >= test.min) &&
    (test.max === undefined || value <= test.max) &&
    (test.above === undefined || value > test.above)
  );
}

function findFault(rule: IdentificationRule, answer: Decoded | "refused" | undefined) {
  if (answer === undefined || answer === "refused") return "is refused by the device";
  if (answer.quality === "absent") return rule.mayBeAbsent ? undefined : "has no value";
  if (answer.value === undefined) return "has no plausible value";
  return passes(rule.accepts, answer.value) ? undefined : `is ${answer.value}`;
}
