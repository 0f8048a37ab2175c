/**
 * Identities: which installation has which key, until when, and what its owner agreed to.
 *
 * A change counts once it is durable; what is known is answered from memory. `file-identity-store.ts`
 * keeps the promise on files, `memory-identity-store.ts` for tests.
 */
import type { ConsentRecord } from "#core/enrolment/consent-record.js";

/** A consent as its owner signed it: proof, for both sides. */
export interface ConsentProof {
  readonly record: ConsentRecord;
  /** Of the key in `spki` over the record's canonical form; base64. */
  readonly signature: string;
  /** Key of the installation at that time; base64. */
  readonly spki: string;
  readonly receivedAtMs: number;
  /** 0: not withdrawn. */
  readonly withdrawnAtMs: number;
  /** Of the key of that time; base64. Empty: not withdrawn. */
  readonly withdrawalSignature: string;
}

/** One installation's identity. Immutable: a change is a new object. */
export interface Identity {
  /** Lower-case UUIDv4. */
  readonly installationId: string;
  /** The TLS key that counts: SPKI, base64. */
  readonly spki: string;
  /** SHA-256 of it, hexadecimal. */
  readonly spkiSha256: string;
  /** The key before, while its owner may not have heard of the present certificate; base64. */
  readonly previousSpki: string;
  /** Key to which models are sealed: SPKI, base64. */
  readonly kemSpki: string;
  /** SHA-256 of it, hexadecimal. */
  readonly kid: string;
  /** Serial number of the newest certificate, hexadecimal. */
  readonly serial: string;
  readonly notAfterMs: number;
  readonly enrolledAtMs: number;
  readonly renewedAtMs: number;
  /** When the present key was first used; 0: not yet. */
  readonly firstUsedAtMs: number;
  /** 0: its certificate counts. */
  readonly revokedAtMs: number;
  /** When two daemons were seen with its key; 0: never, or it has a new key since. */
  readonly cloneSuspectedAtMs: number;
  /** HMAC of the recovery code, hexadecimal. */
  readonly recoveryHmac: string;
  /** SHA-256 of the claim token that was used up, hexadecimal. Empty: none was asked for. */
  readonly claimSha256: string;
  /** Oldest first. */
  readonly consents: readonly ConsentProof[];
  /** Releases of models that it has, as its daemon said; by model id. */
  readonly models?: Readonly<Record<string, number>>;
}

/** What outlives an erasure: proof that data were taken with consent. It names no installation. */
export interface KeptProof {
  readonly erasedAtMs: number;
  readonly spkiSha256: string;
  readonly consents: readonly ConsentProof[];
}

/** Durable identities. */
export interface IdentityStore {
  all(): Promise<readonly Identity[]>;
  /** Durable when it resolves. @throws HeatpoolError `STORE_FAILED` */
  put(identity: Identity): Promise<void>;
  /** Removes it for good; `kept` and the used claim stay. Durable when it resolves. */
  remove(identity: Identity, kept: KeptProof): Promise<void>;
  /** Claims that installations used which are removed since: SHA-256, hexadecimal. */
  usedClaims(): Promise<readonly string[]>;
  /** Removes proofs of erasures before `beforeMs`. */
  prune(beforeMs: number): Promise<number>;
}

/** Identities, answered from memory. */
export interface Identities {
  find(installationId: string): Identity | undefined;
  /** Ids in order. */
  ids(): readonly string[];
  readonly size: number;
  isClaimUsed(claimSha256: string): boolean;
  /**
   * Changes one identity, one change at a time; `undefined` from `change`: leave it.
   *
   * @throws what `change` throws · HeatpoolError `STORE_FAILED`
   */
  update(
    installationId: string,
    change: (present: Identity | undefined) => Identity | undefined,
  ): Promise<Identity | undefined>;
  /** Harmless when there is none. */
  remove(installationId: string, nowMs: number): Promise<void>;
}
