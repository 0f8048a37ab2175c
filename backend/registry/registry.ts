/**
 * Known installations and what each has contributed. O(1) per installation, whatever the fleet.
 *
 * The registry answers from memory; what it knows is the state that the store has written. A state
 * is adopted only after its commit returned, so memory never knows more than the disk.
 */
import type { DayBitmap } from "./day-bitmap.js";
import type { Receipts } from "./receipt-rows.js";

/** What an installation has contributed; the part of it that both forms below share. */
interface Contribution {
  /** Lower-case UUIDv4. */
  readonly installationId: string;
  readonly daemonVersion: string;
  readonly firstSeenAtMs: number;
  /** By the backend's clock; 0: never. */
  readonly lastReceivedAtMs: number;
  readonly snapshotsStored: number;
  readonly readingsStored: number;
  readonly snapshotsReportedLost: number;
  readonly snapshotsRejected: number;
}

/** What is known about one installation. */
export interface InstallationRecord extends Contribution {
  /** Dense number, the index into rollups; reused only after its column was zeroed. */
  readonly index: number;
  readonly heatpumpModels: readonly string[];
  /** Distinct days of receipt within the last 64 days. */
  readonly daysReceived: number;
  /** Distinct days with data (by the snapshots' own time) within the last 64 days. */
  readonly daysWithData: number;
}

/** One heat pump model of an installation: a column of the rollups. */
interface ContributedModel {
  readonly heatpumpModel: string;
  /** Dense over all installations and models. */
  readonly column: number;
  readonly readings: number;
}

/** One installation as it is kept at rest. Immutable: a change is a new object. */
export interface InstallationState extends Contribution {
  readonly models: readonly ContributedModel[];
  readonly consentVersion: number;
  readonly consentScopes: readonly string[];
  /** Days of receipt, by the backend's clock. */
  readonly received: DayBitmap;
  /** Days with data, by the snapshots' own time. */
  readonly withData: DayBitmap;
  readonly lossAckedThrough: number;
  /** Per day of receipt, newest last, the oldest day that data came for. */
  readonly arrivals?: readonly { readonly receivedDay: number; readonly oldestDay: number }[];
}

/** How much a cohort, or the whole pool, has contributed. */
export interface PoolSize {
  /** Installations that ever contributed. */
  readonly installations: number;
  readonly readings: number;
}

/** Installations, answered from memory. */
export interface Registry {
  find(installationId: string): InstallationState | undefined;
  /** When it was heard of last and on which days, without a look at anything else of it. */
  receipts(installationId: string): Receipts | undefined;
  /** Installations after `installationId` in the order of ids, at most `limit`. */
  list(installationId: string, limit: number, nowMs: number): readonly InstallationRecord[];
  /** Takes over a state that is durable. */
  adopt(state: InstallationState): void;
  /** Forgets an installation; its columns may be given out again. Resolves with those columns. */
  forget(installationId: string): readonly number[];
  /** A column that no installation has. Given out once, also when its commit fails. */
  nextColumn(): number;
  /** Columns given out so far. */
  readonly columns: number;
  /** All states of one heat pump model, or of all models. */
  members(heatpumpModel?: string): Iterable<InstallationState>;
  /** Heat pump models that anybody contributed to. */
  models(): readonly string[];
  /** Size of one model's cohort; without a model of the whole pool. */
  poolSize(heatpumpModel?: string): PoolSize;
  /** Installations known. */
  readonly size: number;
}
