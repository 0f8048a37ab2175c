/**
 * What stands behind the gRPC door. The assembly hands these in; the door translates and decides
 * nothing.
 */
import type { Community } from "../aggregate/community.js";
import type { Efficiency } from "../aggregate/efficiency.js";
import type { Catalogue } from "../catalogue/catalogue.js";
import type { Eligibility } from "../eligibility/eligibility.js";
import type { Ingest } from "../ingest/ingest.js";
import type { ErasureReceipt, ExportPart } from "../privacy/subject-rights.js";
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
  readonly efficiency: Pick<Efficiency, "figures">;
  /** Whether an installation may have models; `heatpumpModel` empty: cold start of the whole pool. */
  eligibility(installationId: string, heatpumpModel: string): Eligibility;
  /** A file of the catalogue's metadata, as signed bytes. */
  readonly metadata: Catalogue["metadata"];
  totals(): Promise<BackendTotals>;
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
}
