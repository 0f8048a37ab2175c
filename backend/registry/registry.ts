/**
 * Known installations and what each has contributed. O(1) per installation, whatever the fleet.
 */

/** What is known about one installation. */
export interface InstallationRecord {
  /** Lower-case UUIDv4. */
  readonly installationId: string;
  /** Dense number, the index into rollups; reused only after its column was zeroed. */
  readonly index: number;
  readonly heatpumpModels: readonly string[];
  readonly daemonVersion: string;
  readonly firstSeenAtMs: number;
  /** By the backend's clock; 0: never. */
  readonly lastReceivedAtMs: number;
  readonly snapshotsStored: number;
  readonly readingsStored: number;
  readonly snapshotsReportedLost: number;
  readonly snapshotsRejected: number;
  /** Distinct days of receipt within the last 64 days. */
  readonly daysReceived: number;
  /** Distinct days with data (by the snapshots' own time) within the last 64 days. */
  readonly daysWithData: number;
}
