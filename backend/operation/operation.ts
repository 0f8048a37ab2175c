/**
 * How the backend does, and what its operator may change while it runs: store and intake, jobs,
 * catalogue, quality of the data, quotas, log.
 *
 * Changes hold until the next start; what is to last is written into the configuration. Nothing in
 * this room knows one installation from another.
 */
import type { CatalogueState } from "../catalogue/catalogue.js";
import type { LogLevel } from "../host/log.js";
import type { QuotaLimits } from "../ingest/quota.js";
import type { JobRun, JobState } from "../schedule/schedule.js";
import type { QualityReport, ReasonCount } from "./data-quality.js";

/** The store and its disk. */
export interface StorageState {
  /** What keeps it, e.g. `leveldb`. */
  readonly engine: string;
  readonly bytes: number;
  /** 0: not known. */
  readonly diskFreeBytes: number;
  /** 0: not known. */
  readonly diskBytes: number;
  /** How long the newest durable writes took: half of them less. */
  readonly commitP50Ms: number;
  readonly commitP99Ms: number;
}

/** What comes in; counts begin with the process. */
export interface IntakeState {
  /** Over the last minute. */
  readonly batchesPerSecond: number;
  readonly snapshotsPerSecond: number;
  readonly readingsPerSecond: number;
  /** Time between measuring and receiving of the newest batches: half of them less. */
  readonly lagP50Ms: number;
  readonly lagP90Ms: number;
  /** Snapshots refused for good. */
  readonly rejected: readonly ReasonCount[];
  /** Batches that may come again. */
  readonly refused: readonly ReasonCount[];
  readonly snapshotsLost: number;
}

/** How the backend does right now. */
export interface OperationState {
  readonly storage: StorageState;
  readonly intake: IntakeState;
  /** `undefined`: no keys were ever made. */
  readonly catalogue: CatalogueState | undefined;
  readonly logLevel: LogLevel;
}

/** What the operator sees and may change. */
export interface Operation {
  state(): Promise<OperationState>;
  jobs(): readonly JobState[];
  /** @throws HeatpoolError `NOT_FOUND` no such job · `UNAVAILABLE` it runs already, or elsewhere */
  runJob(name: string): Promise<JobRun>;
  quality(): Promise<QualityReport>;
  quotas(): QuotaLimits;
  /** @throws HeatpoolError `INVALID_ARGUMENT` */
  setQuotas(changes: Partial<QuotaLimits>): QuotaLimits;
  /**
   * The bytes of a backup of the store as it is now.
   *
   * @throws HeatpoolError `STATE_INVALID` the store is not an embedded one · `UNAVAILABLE` it was
   *   rewritten meanwhile
   */
  backUp(): AsyncIterable<Uint8Array>;
  /** Resolves with the level before. @throws HeatpoolError `INVALID_ARGUMENT` no such level */
  setLogLevel(level: string): LogLevel;
}
