/**
 * Looks for Modbus devices in the networks of this machine, when a person asks for it: one
 * connection to each address at the port, closed at once, nothing sent. A network that is larger
 * than a house's is not searched.
 */
import { networkInterfaces } from "node:os";
import type { Clock } from "#core/clock.js";
import type { Reach } from "./diagnosis.js";

/** Tries one address. */
export type Try = (where: { host: string; port: number }, signal: AbortSignal) => Promise<Reach>;

/** At once; a router takes more for an attack. */
const AT_ONCE = 24;
/** A device in the house answers within this. */
const ANSWER_MAX_MS = 700;
/** Of an IPv4 address. */
const BITS = 32;
/** Prefix of the largest network that is searched: 254 addresses. */
const PREFIX_MIN = 24;

/** Other addresses in the private IPv4 networks of this machine. */
export function neighbours(interfaces = networkInterfaces()): readonly string[] {
  const found = new Set<string>();
  const own = new Set<string>();
  for (const { family, internal, address, cidr } of Object.values(interfaces).flatMap(
    (all) => all ?? [],
  )) {
    if (family !== "IPv4" || internal || !isPrivate(address)) continue;
    own.add(address);
    // Of a larger network only the part around us.
    const prefix = Math.max(PREFIX_MIN, Number(cidr?.split("/")[1] ?? PREFIX_MIN));
    const size = 2 ** (BITS - prefix);
    const first = Math.floor(toNumber(address) / size) * size;
    for (let at = 1; at < size - 1; at++) found.add(toText(first + at));
  }
  return [...found].filter((address) => !own.has(address));
}

/** Addresses that accept a connection at `port`, in the order given. */
export async function findOpen(
  addresses: readonly string[],
  port: number,
  reach: Try,
  clock: Clock,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const open = new Set<string>();
  const waiting = [...addresses];
  const work = async () => {
    for (let host = waiting.shift(); host !== undefined; host = waiting.shift()) {
      if (signal.aborted) return;
      const late = new AbortController();
      const done = new AbortController();
      void clock.sleep(ANSWER_MAX_MS, done.signal).then(() => late.abort());
      const found = await reach({ host, port }, AbortSignal.any([late.signal, signal]));
      done.abort();
      if (found === "open") open.add(host);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return addresses.filter((address) => open.has(address));
}

/** RFC 1918. */
function isPrivate(address: string): boolean {
  return /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.)/.test(address);
}

function toNumber(address: string): number {
  return address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}

function toText(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join(".");
}
