/**
 * One connection per endpoint, however many devices stand behind it: gateways accept one client.
 *
 * Devices lease the reader of their host and port; all their requests wait in its one queue. The
 * rules of an endpoint are the most patient of its devices'. The connection ends with the last
 * lease.
 */
import type { Clock } from "#core/clock.js";
import type { Endpoint } from "./modbus-connection.js";
import { connectModbusTcp, type LinkRules, type ModbusTcpReader } from "./modbus-tcp.js";
import type { RegisterReader } from "./register-reader.js";

/** Gives out readers. */
export interface EndpointQueue {
  /** A reader for one device; its `close` gives the lease back. */
  lease(endpoint: Endpoint, rules: LinkRules): RegisterReader;
}

interface Shared {
  readonly rules: { -readonly [Key in keyof LinkRules]: LinkRules[Key] };
  readonly reader: ModbusTcpReader;
  leases: number;
}

/** One for the whole program. */
export function createEndpointQueue(clock: Clock, connect = connectModbusTcp): EndpointQueue {
  const byEndpoint = new Map<string, Shared>();
  return {
    lease(endpoint, rules) {
      const key = `${endpoint.host.toLowerCase()}:${endpoint.port}`;
      const shared = byEndpoint.get(key) ?? share(endpoint, rules);
      byEndpoint.set(key, shared);
      shared.leases++;
      Object.assign(shared.rules, mergeRules(shared.rules, rules));
      return leaseOf(shared, () => byEndpoint.delete(key));
    },
  };

  function share(endpoint: Endpoint, first: LinkRules): Shared {
    const rules = { ...first };
    return { rules, reader: connect(endpoint, rules, clock), leases: 0 };
  }
}

function leaseOf(shared: Shared, onLast: () => void): RegisterReader {
  const { reader } = shared;
  let isOpen = true;
  return {
    read: (range) => reader.read(range),
    hangUp: () => reader.hangUp(),
    async close() {
      if (!isOpen) return;
      isOpen = false;
      shared.leases--;
      if (shared.leases > 0) return;
      onLast();
      await reader.close();
    },
  };
}

/** What hurts none of both devices: the longer waits, and absent only what both call absent. */
function mergeRules(a: LinkRules, b: LinkRules): LinkRules {
  return {
    timeoutMs: Math.max(a.timeoutMs, b.timeoutMs),
    connectTimeoutMs: Math.max(a.connectTimeoutMs, b.connectTimeoutMs),
    pauseMs: Math.max(a.pauseMs, b.pauseMs),
    pauseAfterConnectMs: Math.max(a.pauseAfterConnectMs, b.pauseAfterConnectMs),
    idleLimitMs: shortest(a.idleLimitMs, b.idleLimitMs),
    anyUnit: a.anyUnit || b.anyUnit,
    absentCodes: a.absentCodes.filter((code) => b.absentCodes.includes(code)),
  };
}

function shortest(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Math.min(a, b);
}
