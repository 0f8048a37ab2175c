/**
 * Under which name or address a server is reached, as a certificate states it.
 */
import { HeatpoolError } from "#core/errors.js";

/** A DNS name, or an IPv4 or IPv6 address as 4 or 16 bytes. */
export type Host =
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "address"; readonly address: Uint8Array };

/** Letters, digits and hyphens (RFC 1123, 2.1); a certificate may begin with `*.`. */
const NAME =
  /^(?=.{1,253}$)(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i;
const IPV4 = /^\d{1,3}(\.\d{1,3}){3}$/;
const IPV6_GROUPS = 8;

/** @throws HeatpoolError `INVALID_ARGUMENT` neither a DNS name nor an address */
export function parseHost(text: string): Host {
  if (text.includes(":")) return { kind: "address", address: parseIpv6(text) };
  if (IPV4.test(text)) return { kind: "address", address: parseIpv4(text, text) };
  if (NAME.test(text) && !/^[\d.]+$/.test(text)) return { kind: "name", name: text.toLowerCase() };
  throw notHost(text);
}

function parseIpv4(text: string, whole: string): Uint8Array {
  const numbers = IPV4.test(text) ? text.split(".").map(Number) : [];
  if (numbers.length !== 4 || numbers.some((number) => number > 255)) throw notHost(whole);
  return Uint8Array.from(numbers);
}

/** RFC 4291, 2.2: eight groups, one run of zeros as `::`, the last two maybe as IPv4. */
function parseIpv6(text: string): Uint8Array {
  const halves = text.split("::");
  if (halves.length > 2) throw notHost(text);
  const [head = [], tail = []] = halves.map((half) => readGroups(half, text));
  const missing = IPV6_GROUPS - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) throw notHost(text);
  const groups = [...head, ...Array<number>(missing).fill(0), ...tail];
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff]));
}

function readGroups(half: string, whole: string): number[] {
  if (half === "") return [];
  return half.split(":").flatMap((group) => {
    if (group.includes(".")) {
      const [a = 0, b = 0, c = 0, d = 0] = parseIpv4(group, whole);
      return [(a << 8) | b, (c << 8) | d];
    }
    if (!/^[0-9a-f]{1,4}$/i.test(group)) throw notHost(whole);
    return [Number.parseInt(group, 16)];
  });
}

function notHost(text: string): HeatpoolError {
  return new HeatpoolError("INVALID_ARGUMENT", `"${text}" is no host name and no address`, {
    hint: "Give the name or address under which daemons reach this backend.",
  });
}
