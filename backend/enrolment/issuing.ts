/**
 * The authorities that sign certificates of installations: the newest one signs, the ones before it
 * count for 90 more days, because that is how long what they signed is good.
 */
import type { X509Certificate } from "node:crypto";
import { type Authority, issueInstallationCertificate } from "#core/certificate/certificate.js";
import type { CertificateRequest } from "#core/certificate/csr.js";
import type { Chance } from "#core/clock.js";
import { signStatement } from "#core/enrolment/statement.js";
import { HeatpoolError } from "#core/errors.js";

/** An issuing authority. */
export interface Issuer {
  /** Counts from 1; the highest is the newest. */
  readonly number: number;
  readonly certificate: X509Certificate;
}

/** Signs, and knows whose signatures count. */
export interface Issuing {
  /** DER: the installation's certificate, then that of its issuer. */
  issue(asked: CertificateRequest, nowMs: number): readonly Uint8Array[];
  /** Whose certificates count at `nowMs`. */
  trusted(nowMs: number): readonly X509Certificate[];
  /** Signs a statement that begins with its own name, and so can never be a certificate. */
  sign(statement: Uint8Array): { readonly signature: Buffer; readonly signer: Uint8Array };
  /** When the newest ends. */
  readonly expiresAtMs: number;
}

const DAY_MS = 86_400_000;
/** How long a certificate of an installation is good. */
export const CERTIFICATE_LIFE_MS = 90 * DAY_MS;
/** Daemons' clocks may be behind by this much. */
const CLOCK_BEHIND_MS = 60_000;
/** An issuer that was replaced counts as long as what it signed last. */
const REPLACED_TRUSTED_MS = CERTIFICATE_LIFE_MS;
const SERIAL_BYTES = 16;

/**
 * @param issuers oldest first; the last one is `newest`'s
 * @throws HeatpoolError `CERTIFICATE_INVALID` there is none
 */
export function createIssuing(
  issuers: readonly Issuer[],
  newest: Authority,
  chance: Chance,
): Issuing {
  const last = issuers.at(-1);
  if (last === undefined) throw new HeatpoolError("CERTIFICATE_INVALID", "no issuing authority");
  const endsMs = Date.parse(last.certificate.validTo);
  return {
    expiresAtMs: endsMs,
    issue({ installationId, publicKey }, nowMs) {
      const validity = {
        notBeforeMs: nowMs - CLOCK_BEHIND_MS,
        notAfterMs: Math.min(nowMs + CERTIFICATE_LIFE_MS, endsMs),
      };
      const serial = chance(SERIAL_BYTES);
      const request = { installationId, publicKey, serial, validity };
      return [issueInstallationCertificate(request, newest), newest.certificate];
    },
    sign: (statement) => ({
      signature: signStatement(statement, newest.privateKey),
      signer: newest.certificate,
    }),
    trusted: (nowMs) =>
      issuers
        .filter((_, index) => {
          const next = issuers[index + 1];
          if (next === undefined) return true;
          return nowMs < Date.parse(next.certificate.validFrom) + REPLACED_TRUSTED_MS + DAY_MS;
        })
        .map(({ certificate }) => certificate),
  };
}
