/**
 * What stands behind the gRPC door. The assembly hands these in; the door translates and decides
 * nothing.
 */
import type { Community } from "../aggregate/community.js";
import type { Eligibility } from "../eligibility/eligibility.js";
import type { Ingest } from "../ingest/ingest.js";
import type { InstallationRecord } from "../registry/registry.js";

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
  readonly closedTestPool: boolean;
  readonly warnings: readonly string[];
}

/** The rooms behind the door. */
export interface Behind {
  readonly ingest: Ingest;
  readonly community: Community;
  /** Whether an installation may have models; `heatpumpModel` empty: cold start of the whole pool. */
  eligibility(installationId: string, heatpumpModel: string): Eligibility;
  totals(): Promise<BackendTotals>;
  /** Installations after `installationId` in the order of ids, at most `limit`. */
  installations(installationId: string, limit: number): readonly InstallationRecord[];
}
