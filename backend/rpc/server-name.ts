/**
 * Which name the admin listener is asked for, and which one its certificate must have.
 *
 * An address may not be asked for in the handshake, while grpc-js does so wherever it is not told a
 * name, and Node then warns (DEP0123). So an address is not asked for; a certificate must hold it all
 * the same.
 *
 * Source: RFC 6066 section 3 (no literal addresses); RFC 2606 section 2 (`.invalid`).
 */
import { isIP } from "node:net";
import { checkServerIdentity } from "node:tls";
import type { ClientOptions, VerifyOptions } from "@grpc/grpc-js";

/** A name that nobody can have. */
const NO_NAME = "address.invalid";

/** How grpc-js has to be told about a server. */
export interface ServerName {
  readonly options: ClientOptions;
  readonly check: VerifyOptions;
}

/** @param target as grpc-js names it: `pool.example.org:7444`, `127.0.0.1:7444`, `[::1]:7444` */
export function serverNameOf(target: string): ServerName {
  const host = target.slice(0, target.lastIndexOf(":")).replace(/^\[(.*)\]$/, "$1");
  if (isIP(host) === 0) return { options: {}, check: {} };
  return {
    options: { "grpc.ssl_target_name_override": NO_NAME },
    check: { checkServerIdentity: (_asked, shown) => checkServerIdentity(host, shown) },
  };
}
