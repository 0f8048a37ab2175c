/** A profile's connection as rules of a link. */
import type { ProfileConnection } from "#core/profile/profile.js";
import type { LinkRules } from "./modbus-tcp.js";

/** How the device of this profile wants to be asked. */
export function linkRulesOf(connection: ProfileConnection): LinkRules {
  const idle = connection.idleCloseSeconds;
  return {
    timeoutMs: connection.requestTimeoutMs,
    connectTimeoutMs: connection.connectTimeoutMs,
    pauseMs: connection.pauseBetweenRequestsMs,
    pauseAfterConnectMs: connection.pauseAfterConnectMs,
    idleLimitMs: idle === undefined ? undefined : idle * 1000,
    anyUnit: connection.mayAnswerAsAnyUnit,
    absentCodes: connection.absentExceptions,
  };
}
