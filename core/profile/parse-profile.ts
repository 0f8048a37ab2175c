/** A profile's text, whichever transport it is for. */
import { checkProfile } from "./compile-profile.js";
import { checkMqttProfile } from "./mqtt-compile.js";
import type { AnyProfile } from "./mqtt-profile.js";

/** A line of its own at the left margin, as a key of the file itself must be. */
const IS_MQTT = /^transport:\s*["']?mqtt\b/m;

/**
 * Reads, checks and completes a profile.
 *
 * @param fileName as it appears in messages
 * @throws HeatpoolError `PROFILE_INVALID`, naming every fault with its line and column
 */
export function parseAnyProfile(text: string, fileName: string): AnyProfile {
  return checkAnyProfile(text, fileName).profile;
}

/**
 * The same, with the number of the profile's own vectors; each of them was checked.
 *
 * @throws HeatpoolError `PROFILE_INVALID`, naming every fault with its line and column
 */
export function checkAnyProfile(
  text: string,
  fileName: string,
): { readonly profile: AnyProfile; readonly vectors: number } {
  return IS_MQTT.test(text) ? checkMqttProfile(text, fileName) : checkProfile(text, fileName);
}
