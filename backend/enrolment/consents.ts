/**
 * What owners agree to, kept as they signed it. A proof is checked against the installation's key
 * before it is kept, and never thrown away while the installation is there.
 */

import { readSpki } from "#core/certificate/csr.js";
import type { Clock } from "#core/clock.js";
import { type ConsentRecord, encodeConsent, parseConsent } from "#core/enrolment/consent-record.js";
import { consentStatement, isSignedBy, withdrawalStatement } from "#core/enrolment/statement.js";
import { HeatpoolError } from "#core/errors.js";
import type { ConsentProof, Identities, Identity } from "../registry/identity.js";

/** Decisions of owners, as the door passes them on. */
export interface Consents {
  /** Resolves when the proof is durable. Twice is once. @throws HeatpoolError `INVALID_ARGUMENT`, `UNAUTHENTICATED` */
  record(installationId: string, consent: SignedConsent): Promise<void>;
  /** Resolves when the withdrawal is durable. Twice is once. @throws HeatpoolError `UNAUTHENTICATED` */
  withdraw(installationId: string, signature: Uint8Array): Promise<void>;
  /** The consent that counts. */
  present(installationId: string): ConsentRecord | undefined;
}

/** A record in canonical form and its signature. */
export interface SignedConsent {
  readonly record: Uint8Array;
  readonly signature: Uint8Array;
}

/** Owners change their mind; who does so more often has the oldest forgotten. */
const CONSENTS_MAX = 64;

export function createConsents(deps: {
  readonly identities: Identities;
  readonly clock: Pick<Clock, "nowMs">;
}): Consents {
  const { identities, clock } = deps;
  return {
    async record(id, consent) {
      await identities.update(id, (present) => {
        const known = demand(present);
        const proof = readConsent(consent, Buffer.from(known.spki, "base64"), clock.nowMs());
        const last = known.consents.at(-1);
        if (last !== undefined && last.withdrawnAtMs === 0 && isSame(last, proof)) return undefined;
        return { ...known, consents: [...known.consents, proof].slice(-CONSENTS_MAX) };
      });
    },
    async withdraw(id, signature) {
      await identities.update(id, (present) => {
        const known = demand(present);
        const last = known.consents.at(-1);
        if (last === undefined || last.withdrawnAtMs > 0) return undefined;
        const statement = withdrawalStatement(id, encodeConsent(last.record));
        const key = readSpki(Buffer.from(known.spki, "base64"));
        if (!isSignedBy(statement, key, signature)) throw notSigned("withdrawal");
        const withdrawn = {
          ...last,
          withdrawnAtMs: clock.nowMs(),
          withdrawalSignature: Buffer.from(signature).toString("base64"),
        };
        return { ...known, consents: [...known.consents.slice(0, -1), withdrawn] };
      });
    },
    present(id) {
      const last = identities.find(id)?.consents.at(-1);
      return last === undefined || last.withdrawnAtMs > 0 ? undefined : last.record;
    },
  };
}

/**
 * A signed record, checked.
 *
 * @throws HeatpoolError `INVALID_ARGUMENT` no record · `UNAUTHENTICATED` another key signed it
 */
export function readConsent(
  { record, signature }: SignedConsent,
  spki: Uint8Array,
  nowMs: number,
): ConsentProof {
  const parsed = parseConsent(record);
  if (!isSignedBy(consentStatement(record), readSpki(spki), signature)) {
    throw notSigned("consent");
  }
  return {
    record: parsed,
    signature: Buffer.from(signature).toString("base64"),
    spki: Buffer.from(spki).toString("base64"),
    receivedAtMs: nowMs,
    withdrawnAtMs: 0,
    withdrawalSignature: "",
  };
}

function isSame(one: ConsentProof, other: ConsentProof): boolean {
  return encodeConsent(one.record).equals(encodeConsent(other.record));
}

function demand(identity: Identity | undefined): Identity {
  if (identity !== undefined) return identity;
  throw new HeatpoolError("UNAUTHENTICATED", "this installation is not enrolled");
}

function notSigned(what: string): HeatpoolError {
  return new HeatpoolError(
    "UNAUTHENTICATED",
    `the ${what} is not signed by the installation's key`,
  );
}
