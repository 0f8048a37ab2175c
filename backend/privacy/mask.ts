/**
 * Network addresses in texts become prefixes that name no household: of IPv4 the first two bytes
 * stay, of IPv6 the first four; IPv6 that carries an IPv4 address is treated as that.
 *
 * Source: RFC 4291, 2.2 and 2.5.5.2.
 */

/** Four numbers; longer chains of dots are versions or object ids. */
const IPV4 = /(?<![\w.])(\d{1,3})\.(\d{1,3})\.\d{1,3}\.\d{1,3}(?![\w]|\.\d)/g;
/** At least two colons, hexadecimal groups, maybe IPv4 at the end, maybe a zone. */
const IPV6 =
  /(?<![\w:.])(?=[0-9a-f]*:[0-9a-f]*:)[0-9a-f:]+(?:\.\d{1,3}\.\d{1,3}\.\d{1,3})?(?:%[\w.-]+)?(?![\w:])/gi;
/** Clock times look like IPv6 to a pattern; they have two colons and no more. */
const TIME_OF_DAY = /^\d{1,2}:\d{2}:\d{2}$/;
const MAPPED = /^::ffff:(?:(\d+)\.(\d+)\.\d+\.\d+|([0-9a-f]{1,4}):[0-9a-f]{1,4})$/i;

/** `text` with every address cut down. */
export function maskAddresses(text: string): string {
  return text.replace(IPV6, maskIpv6).replace(IPV4, "$1.$2.xxx.xxx");
}

function maskIpv6(found: string): string {
  if (TIME_OF_DAY.test(found)) return found;
  const [address = ""] = found.split("%");
  const mapped = MAPPED.exec(address);
  if (mapped !== null) {
    const word = Number.parseInt(mapped[3] ?? "0", 16);
    return `${mapped[1] ?? word >> 8}.${mapped[2] ?? word & 0xff}.xxx.xxx`;
  }
  const [first, second] = firstGroups(address);
  return `${first}:${second}:xxxx:xxxx`;
}

/** The first two of eight groups, however the zeros are written. */
function firstGroups(address: string): [string, string] {
  const [head = ""] = address.split("::");
  const [first, second] = head === "" ? [] : head.split(":");
  return [first || "0", second || "0"];
}
