/**
 * An iDM Navigator 2.0 as an image of words: what a real one sent, and plausible words where the
 * recording has none, so that every register of the profile answers.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseProfile } from "#core/profile/compile-profile.js";
import type { Profile } from "#core/profile/profile.js";
import { selectRegisters } from "#core/profile/register-choice.js";
import { toWords } from "#core/profile/words.js";
import type { RecordedWords } from "../../daemon/device/recorded-reader.js";

const root = join(import.meta.dirname, "../..");

/** The packaged profile. */
export function idmProfile(): Profile {
  const file = join(root, "firmware-profiles/idm/navigator-2.0.yaml");
  return parseProfile(readFileSync(file, "utf8"), file);
}

/** What the real device sent. */
export function idmRecording(): readonly RecordedWords[] {
  const file = join(root, "test/profiles/idm/navigator-2.0/registers.json");
  return JSON.parse(readFileSync(file, "utf8")).registers;
}

/** Raw values of registers that the recording lacks and that must not be absent. */
const FILLED: Readonly<Record<string, number>> = { operating_mode: 1, temp_outdoor: 4.2 };

/**
 * A device looks up 1392 and 1393 by their own addresses; a flat image cannot, so here the second
 * word of the humidity is also a circuit mode.
 */
const SHARED_WORDS: readonly (readonly [number, number])[] = [
  [1392, 0],
  [1393, 1],
];

/** Address → word, for input and holding registers alike. */
export function idmImage(profile: Profile): Map<number, number> {
  const image = new Map<number, number>();
  for (const register of selectRegisters(profile, { wanted: "all" })) {
    const { address, format, id } = register;
    const filled = FILLED[id];
    const words = filled === undefined ? format.absent[0] : toWords(filled, format);
    for (let at = 0; at < format.words; at++) image.set(address + at, words?.[at] ?? 0);
  }
  for (const { address, words } of idmRecording()) {
    for (const [at, word] of words.entries()) image.set(address + at, word);
  }
  for (const [address, word] of SHARED_WORDS) image.set(address, word);
  return image;
}
