/**
 * What stands behind the gRPC door. The assembly hands these in; the door translates and decides
 * nothing.
 */
import type { Community } from "../aggregate/community.js";
import type { Efficiency } from "../aggregate/efficiency.js";
import type { Catalogue } from "../catalogue/catalogue.js";
import type { Eligibility } from "../eligibility/eligibility.js";
import type { Consents } from "../enrolment/consents.js";
import type { Enrolment } from "../enrolment/enrolment.js";
import type { IdentityJudge } from "../enrolment/judge-identity.js";
import type { Ingest } from "../ingest/ingest.js";
import type { Operation } from "../operation/operation.js";
import type { ErasureReceipt, ExportPart } from "../privacy/subject-rights.js";
import type { Push } from "../push/push.js";
import type { InstallationRecord } from "../registry/registry.js";
import type { TrainingDesk } from "../train/training-desk.js";

/** What an installation's identity is worth; `none`: it never enrolled. */
export type IdentityStatus = "none" | "active" | "revoked" | "expired";

/** An installation and its identity, for the operator. */
export interface ListedRecord extends InstallationRecord {
  readonly identity: IdentityStatus;
  /** 0: it has no certificate. */
  readonly certificateExpiresAtMs: number;
  /** 0: never, or solved since. */
  readonly cloneSuspectedAtMs: number;
  /** Whether its owner's consent is on record and not withdrawn. */
  readonly consented: boolean;
}

/** Totals of the backend, for the operator. */
export interface BackendTotals {
  readonly startedAtMs: number;
  readonly installations: number;
  readonly activeInstallations30d: number;
  readonly batchesStored: number;
  readonly snapshotsStored: number;
  readonly readingsStored: number;
  readonly snapshotsDuplicate: number;
  readonly snapshotsRejected: number;
  readonly snapshotsReportedLost: number;
  readonly storeBytes: number;
  /** 0: never. */
  readonly statisticsReleasedAtMs: number;
  /** When old readings were last deleted; 0: not since the start. */
  readonly retentionRanAtMs: number;
  readonly retentionBatchesRemoved: number;
  readonly retentionMonths: number;
  readonly closedTestPool: boolean;
  readonly warnings: readonly string[];
}

/** The rooms behind the door. */
export interface Behind {
  readonly ingest: Ingest;
  /** Writes about as much as a batch durably. @throws when the store refuses */
  probeStore(): Promise<void>;
  readonly community: Community;
  readonly efficiency: Pick<Efficiency, "figures" | "standing">;
  /** Left out: this backend has no models to give. */
  readonly push?: Push | undefined;
  /** Whether an installation may have models; `heatpumpModel` empty: cold start of the whole pool. */
  eligibility(installationId: string, heatpumpModel: string): Eligibility;
  /** A file of the catalogue's metadata, as signed bytes. */
  readonly metadata: Catalogue["metadata"];
  totals(): Promise<BackendTotals>;
  /** How the backend does, and what the operator may change. */
  readonly operation: Operation;
  readonly training: TrainingDesk;
  /** Installations after `installationId` in the order of ids, at most `limit`. */
  installations(installationId: string, limit: number): readonly InstallationRecord[];
  /**
   * Removes everything about an installation and refuses what comes of it later.
   *
   * @param closeStreams ends its streams
   * @throws HeatpoolError `NOT_FOUND`
   */
  erase(installationId: string, closeStreams: () => Promise<void>): Promise<ErasureReceipt>;
  /** All that is held about an installation. @throws HeatpoolError `NOT_FOUND` */
  export(installationId: string): AsyncIterable<ExportPart>;
  /** The same as text for its owner: JSON records, one a line. @throws HeatpoolError `NOT_FOUND` */
  exportLines(installationId: string): AsyncIterable<string>;
}

/** What stands behind the door where callers show certificates. */
export interface IdentityDoor {
  readonly judge: IdentityJudge;
  readonly consents: Consents;
  readonly enrolment: Enrolment;
  /**
   * Takes an installation's certificate back for good. Resolves with the time.
   *
   * @throws HeatpoolError `NOT_FOUND` it is not enrolled
   */
  revoke(installationId: string): Promise<number>;
  /**
   * Makes a new recovery code; the one before is good no more. Resolves with it.
   *
   * @throws HeatpoolError `UNAUTHENTICATED` it is not enrolled
   */
  renewRecoveryCode(installationId: string): Promise<string>;
  /** Signs a statement by the authority that issues certificates. */
  signReceipt(statement: Uint8Array): { readonly signature: Buffer; readonly signer: Uint8Array };
  /** Whose recovery code it is, however it is typed. */
  findByRecoveryCode(code: string): string | undefined;
  /**
   * Those known by their data, with what their identities are worth, and among them those that
   * enrolled and have not sent yet; in the order of ids, at most `limit`.
   *
   * @param known after `installationId`, in that order
   */
  list(
    installationId: string,
    limit: number,
    known: readonly InstallationRecord[],
  ): readonly ListedRecord[];
}
