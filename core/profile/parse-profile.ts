/** A profile's text, whichever transport it is for. */
import { parseProfile } from "./compile-profile.js";
import { parseMqttProfile } from "./mqtt-compile.js";
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
  return IS_MQTT.test(text) ? parseMqttProfile(text, fileName) : parseProfile(text, fileName);
}
