/** What owners may ask for: a proof of erasure, and all that is held about their installation. */
import type { DaySummary } from "../aggregate/day-summary.js";
import type { InstallationRecord } from "../registry/registry.js";

/** What an erasure removed: proof for whoever asked for it. */
export interface ErasureReceipt {
  readonly installationId: string;
  readonly erasedAtMs: number;
  readonly batches: number;
  readonly refusedBatches: number;
  readonly losses: number;
}

/** What is known about the installation itself. */
export interface ExportedInstallation {
  readonly kind: "installation";
  readonly record: InstallationRecord;
  readonly consentVersion: number;
  readonly consentScopes: readonly string[];
}

/** Readings of one device; values stand in the order of the columns. */
export interface ExportedReadings {
  readonly kind: "readings";
  readonly deviceId: string;
  readonly heatpumpModel: string;
  readonly receivedAtMs: number;
  readonly columns: readonly { readonly metric: string; readonly unit: string }[];
  readonly rows: readonly {
    readonly atMs: number;
    readonly values: readonly (number | undefined)[];
  }[];
}

/** A batch that was refused for good. */
export interface ExportedRefusal {
  readonly kind: "refusal";
  readonly deviceId: string;
  readonly receivedAtMs: number;
  readonly snapshots: number;
  readonly reasons: readonly string[];
  readonly block: Uint8Array;
}

/** A loss that the installation reported. */
export interface ExportedLoss {
  readonly kind: "loss";
  readonly reason: string;
  /** Empty: all devices. */
  readonly deviceId: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly snapshots: number;
}

/** What one device did on one day, as it is kept for statistics. */
export interface ExportedDay {
  readonly kind: "day";
  readonly summary: DaySummary;
}

/** A part of an export. */
export type ExportPart =
  | ExportedInstallation
  | ExportedReadings
  | ExportedDay
  | ExportedRefusal
  | ExportedLoss;
