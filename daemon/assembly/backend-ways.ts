/**
 * The ways to the backend, with the identity that is shown there: put together for the daemon and
 * for commands.
 */
import type { Config } from "../config.js";
import type { DeviceIdentity } from "../enrolment/device-identity.js";
import { createIdentityKeeper, type IdentityKeeper } from "../enrolment/identity-keeper.js";
import type { Log } from "../host/log.js";
import { type IdentityParts, openIdentity } from "./open-identity.js";

/** Where backends take installations in unless told otherwise. */
export const ENROL_PORT = 7445;
const PEM_END = "-----END CERTIFICATE-----";

/** Where the backend is, in the uplink's words. */
function toEndpoint(backend: NonNullable<Config["backend"]>) {
  return {
    address: backend.url,
    caFile: backend.caFile,
    tlsMinVersion: backend.tlsMinVersion === "1.2" ? "TLSv1.2" : "TLSv1.3",
    claimTokenFile: backend.claimTokenFile,
    insecureLoopback: backend.insecureLoopback,
  } as const;
}

/** Where the backend takes installations in. */
export function toEnrolEndpoint(backend: NonNullable<Config["backend"]>, address?: string) {
  const host = backend.url.slice(0, backend.url.lastIndexOf(":"));
  return {
    ...toEndpoint(backend),
    address: address ?? backend.enrolUrl ?? `${host}:${ENROL_PORT}`,
  };
}

/** Whether the backend wants this machine's certificate. */
export function hasIdentity({ backend }: Config): boolean {
  return backend?.identity === "certificate" && !backend.insecureLoopback;
}

/** The endpoint, with the certificate that is shown there. @throws HeatpoolError as `keys` */
export function toOwnEndpoint(
  backend: NonNullable<Config["backend"]>,
  identity: DeviceIdentity | undefined,
) {
  const certificate = identity?.record().present?.certificate;
  // The backend knows its own authorities; they need not travel.
  const leaf = certificate?.slice(0, certificate.indexOf(PEM_END) + PEM_END.length);
  if (identity === undefined || leaf === undefined) return toEndpoint(backend);
  const key = identity.keys().tls.export({ type: "pkcs8", format: "pem" }).toString();
  return { ...toEndpoint(backend), identity: { certificate: `${leaf}\n`, key } };
}

/** Keeps the identity good, where the backend wants one. */
export function createKeeper(
  parts: IdentityParts & { readonly config: Config; readonly log: Log },
): { identity: DeviceIdentity; keeper: IdentityKeeper } | undefined {
  const { config, clock, chance, log } = parts;
  const { backend } = config;
  if (backend === undefined || !hasIdentity(config)) return undefined;
  const opened = openIdentity(config, parts);
  opened.checkSecret();
  const identity = opened.identity();
  const client = () => import("../uplink/enrolment-client.js");
  const keeper = createIdentityKeeper({
    identity,
    clock,
    chance,
    log,
    enrolment: async (work) => (await client()).withEnrolment(toEnrolEndpoint(backend), work),
    consents: async (work) => {
      return (await client()).withConsents(toOwnEndpoint(backend, identity), work, parts.line);
    },
  });
  return { identity, keeper };
}
