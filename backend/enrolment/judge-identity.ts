/**
 * Who is calling: the rule for every call and for every open stream.
 *
 * A certificate is there and ours, its names are one id, it has not expired, its key is the one that
 * we know, and the installation is active. TLS is not asked whether it liked the certificate: a
 * resumed session says so without having looked.
 */
import type { X509Certificate } from "node:crypto";
import {
  isGoodAt,
  issuerOf,
  readInstallationCertificate,
} from "#core/certificate/installation-certificate.js";
import type { Clock } from "#core/clock.js";
import { HeatpoolError } from "#core/errors.js";
import type { Identities } from "../registry/identity.js";
import type { Issuing } from "./issuing.js";

/** Whose call it is. */
export interface Principal {
  readonly installationId: string;
  readonly spkiSha256: string;
  readonly notAfterMs: number;
}

/** Judges certificates. */
export interface IdentityJudge {
  /** @throws HeatpoolError `UNAUTHENTICATED` */
  judge(shown: X509Certificate | undefined): Principal;
  /**
   * As `judge`, and lets in whose installation was erased: an answer may have got lost, and nobody
   * else has that key.
   *
   * @throws HeatpoolError `UNAUTHENTICATED`
   */
  judgeLeaving(shown: X509Certificate | undefined): Principal;
  /** Why a principal counts no more; `undefined`: it does. */
  faultOf(principal: Principal): HeatpoolError | undefined;
  /** Notes that the present key is in use, once. */
  noteUse(principal: Principal): void;
  /** Notes that two daemons have one key. */
  noteClone(installationId: string): void;
  /** Whether two daemons have one key, and nobody renewed since. */
  isCloneSuspected(installationId: string): boolean;
}

/** @param onFault learns of a note that could not be kept */
export function createIdentityJudge(deps: {
  readonly identities: Identities;
  readonly issuing: Pick<Issuing, "trusted">;
  readonly clock: Pick<Clock, "nowMs">;
  /** Left out: nobody was ever erased. */
  readonly isErased?: (installationId: string) => boolean;
  onFault(fault: unknown): void;
}): IdentityJudge {
  const { identities, issuing, clock, onFault } = deps;
  /** What a certificate says and whose signature it bears does not change. */
  const seen = new WeakMap<X509Certificate, { issuer: X509Certificate; says: Principal }>();
  const faultOf = (principal: Principal): HeatpoolError | undefined => {
    if (principal.notAfterMs <= clock.nowMs()) return refused("the certificate has expired");
    const known = identities.find(principal.installationId);
    if (known === undefined) return refused("this installation is not enrolled");
    if (known.spkiSha256 !== principal.spkiSha256) {
      return refused("the certificate is of another key than the installation's");
    }
    return known.revokedAtMs > 0 ? refused("the certificate was taken back") : undefined;
  };
  const read = (shown: X509Certificate | undefined): Principal => {
    if (shown === undefined) throw refused("no certificate was shown");
    const nowMs = clock.nowMs();
    const trusted = issuing.trusted(nowMs);
    const before = seen.get(shown);
    if (before !== undefined && trusted.includes(before.issuer) && isGoodAt(before.issuer, nowMs)) {
      return before.says;
    }
    const issuer = issuerOf(shown, trusted, nowMs);
    if (issuer === undefined) throw refused("the certificate is not of this backend");
    const known = readInstallationCertificate(shown);
    if (known === undefined) throw refused("the certificate names no installation");
    const { installationId, spkiSha256, notAfterMs } = known;
    const says = { installationId, spkiSha256, notAfterMs };
    seen.set(shown, { issuer, says });
    return says;
  };
  const judge = (shown: X509Certificate | undefined): Principal => {
    const principal = read(shown);
    const fault = faultOf(principal);
    if (fault !== undefined) throw fault;
    return principal;
  };
  return {
    faultOf,
    judge,
    judgeLeaving(shown) {
      const principal = read(shown);
      const { installationId, notAfterMs } = principal;
      const hasLeft =
        deps.isErased?.(installationId) === true &&
        identities.find(installationId) === undefined &&
        notAfterMs > clock.nowMs();
      return hasLeft ? principal : judge(shown);
    },
    noteUse({ installationId, spkiSha256 }) {
      if (identities.find(installationId)?.firstUsedAtMs !== 0) return;
      identities
        .update(installationId, (present) =>
          present?.firstUsedAtMs === 0 && present.spkiSha256 === spkiSha256
            ? { ...present, firstUsedAtMs: clock.nowMs(), previousSpki: "" }
            : undefined,
        )
        .catch(onFault);
    },
    noteClone(installationId) {
      identities
        .update(installationId, (present) =>
          present === undefined ? undefined : { ...present, cloneSuspectedAtMs: clock.nowMs() },
        )
        .catch(onFault);
    },
    isCloneSuspected: (id) => (identities.find(id)?.cloneSuspectedAtMs ?? 0) > 0,
  };
}

function refused(why: string): HeatpoolError {
  return new HeatpoolError("UNAUTHENTICATED", why);
}
