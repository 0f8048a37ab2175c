/** Link rules for servers on loopback: no pauses, and no time-out that a busy machine runs into. */
import type { LinkRules } from "../../daemon/device/modbus-tcp.js";

/** Connect time-outs belong to the test's clock, request time-outs to the real one. */
export const LOOPBACK_RULES: LinkRules = {
  timeoutMs: 5000,
  connectTimeoutMs: 60_000,
  pauseMs: 0,
  pauseAfterConnectMs: 0,
  idleLimitMs: undefined,
  anyUnit: false,
  absentCodes: [],
};
