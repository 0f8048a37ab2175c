/**
 * The network that an address belongs to, as far as one household or one provider's street goes:
 * /24 of IPv4, /56 of IPv6. IPv6 that carries an IPv4 address is that address.
 *
 * Source: RFC 4291, 2.2 and 2.5.5.2; RFC 6177 for what a site is given.
 */

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;
const GROUPS = 8;
/** 56 bits are three groups and one byte. */
const WHOLE_GROUPS = 3;

/** @param address as `socket.remoteAddress` has it */
export function prefixOf(address: string): string {
  const plain = MAPPED.exec(address)?.[1] ?? address;
  if (!plain.includes(":")) return plain.split(".").slice(0, 3).join(".");
  const groups = expand(plain.split("%")[0] ?? "");
  const byte = (groups[WHOLE_GROUPS] ?? 0) >> 8;
  return [...groups.slice(0, WHOLE_GROUPS), byte].map((one) => one.toString(16)).join(":");
}

/** Eight numbers, however the zeros are written. */
function expand(address: string): number[] {
  const [head = "", tail] = address.split("::");
  const before = toNumbers(head);
  if (tail === undefined) return before;
  const after = toNumbers(tail);
  const zeros = Array<number>(Math.max(0, GROUPS - before.length - after.length)).fill(0);
  return [...before, ...zeros, ...after];
}

function toNumbers(text: string): number[] {
  return text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16));
}
