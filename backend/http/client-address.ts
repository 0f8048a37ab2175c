/**
 * Whose request it is. Behind a proxy every request comes from its address, so that everybody would
 * share one allowance; what it says about the other end counts only where the operator trusts it.
 *
 * Each proxy adds the address that it saw to the right of `X-Forwarded-For`, so it is read from
 * there, as far as addresses are trusted: what stands further left may be anybody's invention.
 */
import { BlockList, isIP } from "node:net";

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;
/** Longer chains of proxies are somebody's invention. */
const HOPS_MAX = 16;

/** Addresses and networks (`10.0.0.0/8`) of proxies that are trusted. */
export function createClientAddress(
  trusted: readonly string[],
): (remote: string, forwardedFor: string | undefined) => string {
  const list = new BlockList();
  for (const one of trusted) {
    const [address = "", bits] = one.split("/");
    const family = familyOf(address);
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  const isTrusted = (address: string) => list.check(address, familyOf(address));
  return (remote, forwardedFor) => {
    let client = plain(remote);
    const hops = (forwardedFor ?? "").split(",").slice(-HOPS_MAX);
    while (hops.length > 0 && isIP(client) !== 0 && isTrusted(client)) {
      const next = plain((hops.pop() ?? "").trim());
      if (isIP(next) === 0) break;
      client = next;
    }
    return client;
  };
}

/** Whether it can be an entry of such a list. */
export function isAddressOrNetwork(text: string): boolean {
  const [address = "", bits, ...more] = text.split("/");
  const version = isIP(address);
  if (version === 0 || more.length > 0) return false;
  return (
    bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128))
  );
}

function familyOf(address: string): "ipv4" | "ipv6" {
  return isIP(address) === 6 ? "ipv6" : "ipv4";
}

function plain(address: string): string {
  return MAPPED.exec(address)?.[1] ?? address;
}
