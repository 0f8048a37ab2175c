/** A device as a list of words, for what a profile makes of them. No network, no faults. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseProfile } from "#core/profile/compile-profile.js";
import { decodeRegister } from "#core/profile/decode.js";
import type { IdentificationAnswers } from "#core/profile/identification.js";
import type { Profile } from "#core/profile/profile.js";
import { planReads, splitWords } from "#core/profile/read-plan.js";
import { decodeReadings, type RegisterOutcome } from "#core/profile/readings.js";
import type { ReadChoice } from "#core/profile/register-choice.js";

/** `input 506` → word. */
export type Image = Readonly<Record<string, number>>;

/** A packaged profile by its name. */
export function loadPackaged(name: string): Profile {
  const file = join(import.meta.dirname, `../../firmware-profiles/${name}.yaml`);
  return parseProfile(readFileSync(file, "utf8"), file);
}

/** Values by metric, of one poll of all groups; words that the image lacks are `missing`. */
export function readImage(
  profile: Profile,
  image: Image,
  choice: Omit<ReadChoice, "wanted"> & { readonly missing: number },
): ReadonlyMap<string, number | string> {
  const outcomes = new Map<string, RegisterOutcome>();
  for (const range of planReads(profile, { wanted: "all", ...choice }).ranges) {
    const words = Array.from(
      { length: range.count },
      (_, i) => image[`${range.space} ${range.address + i}`] ?? choice.missing,
    );
    for (const [id, own] of splitWords(range, words)) {
      outcomes.set(id, { words: own, quality: "good" });
    }
  }
  return new Map(
    decodeReadings(profile, outcomes).map((one) => [one.metric, one.value ?? one.quality]),
  );
}

/** What the identifying registers answer. */
export function identifyingAnswers(
  profile: Profile,
  words: Readonly<Record<string, number>>,
): IdentificationAnswers {
  return new Map(
    Object.entries(words).map(([id, word]) => {
      const register = profile.registers.find((one) => one.id === id);
      if (register === undefined) throw new Error(`${profile.name} has no register ${id}`);
      return [id, decodeRegister([word], register)];
    }),
  );
}
