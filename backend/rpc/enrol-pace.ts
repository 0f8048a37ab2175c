/**
 * How often a network may call on the listener for enrolment: a few times an hour, and all of them
 * together not more than the operator's machine should sign.
 *
 * Networks are known by an HMAC under a key of the day, in memory only, and the least recent ones
 * are forgotten when there are too many.
 */
import { createHmac } from "node:crypto";
import type { ServerInterceptor } from "@grpc/grpc-js";
import type { Chance, Clock } from "#core/clock.js";
import { HeatpoolError } from "#core/errors.js";
import { prefixOf } from "./address-prefix.js";
import { refusing } from "./authentication.js";
import { addressOf } from "./session.js";
import type { ToStatus } from "./status.js";

/** Calls within an hour. 0: no limit. */
export interface EnrolPaceLimits {
  /** Of one /24 (IPv4) or /56 (IPv6). */
  readonly perPrefix: number;
  /** Of everybody together. */
  readonly all: number;
}

/** Counts calls. */
export interface EnrolPace {
  /** @throws HeatpoolError `RATE_LIMITED` too many within an hour */
  take(address: string): void;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const KEY_BYTES = 32;
const PREFIXES_MAX = 50_000;

interface Count {
  readonly sinceMs: number;
  calls: number;
}

export function createEnrolPace(
  limits: EnrolPaceLimits,
  chance: Chance,
  clock: Pick<Clock, "monotonicMs">,
): EnrolPace {
  let key = chance(KEY_BYTES);
  let keyMs = clock.monotonicMs();
  let counts = new Map<string, Count>();
  let all: Count = { sinceMs: keyMs, calls: 0 };

  const countOf = (name: string, nowMs: number): Count => {
    const known = counts.get(name);
    counts.delete(name);
    const isPresent = known !== undefined && nowMs - known.sinceMs < HOUR_MS;
    const count = isPresent ? known : { sinceMs: nowMs, calls: 0 };
    // Put last again: the first ones of a map are the least recent.
    counts.set(name, count);
    for (const first of counts.keys()) {
      if (counts.size <= PREFIXES_MAX) break;
      counts.delete(first);
    }
    return count;
  };
  return {
    take(address) {
      const nowMs = clock.monotonicMs();
      if (nowMs - keyMs >= DAY_MS) {
        key = chance(KEY_BYTES);
        keyMs = nowMs;
        counts = new Map();
      }
      if (nowMs - all.sinceMs >= HOUR_MS) all = { sinceMs: nowMs, calls: 0 };
      const name = createHmac("sha256", key).update(prefixOf(address)).digest("base64");
      const own = countOf(name, nowMs);
      demandRoom(own, limits.perPrefix, nowMs, "this network");
      demandRoom(all, limits.all, nowMs, "all networks");
      own.calls += 1;
      all.calls += 1;
    },
  };
}

function demandRoom({ calls, sinceMs }: Count, max: number, nowMs: number, who: string): void {
  if (max === 0 || calls < max) return;
  const retryAfterMs = sinceMs + HOUR_MS - nowMs;
  throw new HeatpoolError("RATE_LIMITED", `${who} may call ${max} times an hour`, {
    cause: { retryAfterMs },
  });
}

/** Refuses calls beyond the pace before their message is read. */
export function createEnrolCheck(pace: EnrolPace, toStatus: ToStatus): ServerInterceptor {
  return (_, call) => refusing(call, toStatus, () => pace.take(addressOf(call)));
}
