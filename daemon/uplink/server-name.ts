/**
 * Which name a server is asked for, and which one its certificate must have.
 *
 * An address is no name: it may not be asked for in the handshake, while grpc-js does so wherever
 * it is not told a name, and Node then warns of it (DEP0123). So a server that is configured by its
 * address is asked for a name that nobody can have, and its certificate must hold the address.
 *
 * Source: RFC 6066 section 3 (no literal addresses); RFC 2606 section 2 (`.invalid`).
 */
import { isIP } from "node:net";
import { checkServerIdentity } from "node:tls";
import type { ClientOptions, VerifyOptions } from "@grpc/grpc-js";

const NO_NAME = "address.invalid";

/** @param address `host:port` or `[address]:port` */
export function nameOptions(address: string): ClientOptions {
  return ipOf(address) === undefined ? {} : { "grpc.ssl_target_name_override": NO_NAME };
}

/** How the certificate is checked; the way of Node where a name was asked for. */
export function nameCheck(address: string): VerifyOptions {
  const ip = ipOf(address);
  if (ip === undefined) return {};
  return { checkServerIdentity: (_asked, certificate) => checkServerIdentity(ip, certificate) };
}

function ipOf(address: string): string | undefined {
  const host = address.slice(0, address.lastIndexOf(":")).replace(/^\[(.*)\]$/, "$1");
  return isIP(host) === 0 ? undefined : host;
}
