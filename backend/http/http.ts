/**
 * What stands behind the HTTP door. The door serves the contract of the earlier telemetry server,
 * so that its clients keep working; what they send goes the same way as what comes by gRPC.
 *
 * JSON bodies and their names stop in this folder.
 */
import type { Community } from "../aggregate/community.js";
import type { Efficiency } from "../aggregate/efficiency.js";
import type { Eligibility } from "../eligibility/eligibility.js";
import type { Ingest } from "../ingest/ingest.js";

/** A published model as a file for download. */
export interface ModelFile {
  /** Of the heat pump model, or `generic`. */
  readonly name: string;
  /** As it is saved, `<name>.enc`. */
  readonly filename: string;
  readonly sizeBytes: number;
  /** SHA-256 in hexadecimal. */
  readonly hash: string;
  readonly modifiedAtMs: number;
}

/** Published models. */
export interface ModelFiles {
  list(): readonly ModelFile[];
  /** The file for a heat pump model, or the generic one; `undefined`: nothing yet. */
  find(heatpumpModel: string): ModelFile | undefined;
  /** Why nothing is given out here at all; `undefined`: it is. */
  whyNone(): string | undefined;
  /** Its bytes. */
  read(file: ModelFile): Promise<Uint8Array>;
}

/** Who holds a bearer token: any installation, or exactly one. */
export type TokenHolder =
  | { readonly kind: "shared" }
  | { readonly kind: "installation"; readonly installationId: string };

/** Bearer tokens as the door asks about them. */
export interface BearerTokens {
  readonly count: number;
  /** `undefined`: no such token. */
  find(token: string): TokenHolder | undefined;
}

/** The rooms behind the door. */
export interface HttpBehind {
  readonly ingest: Ingest;
  readonly community: Community;
  readonly efficiency: Pick<Efficiency, "figures" | "standing">;
  readonly models: ModelFiles;
  eligibility(installationId: string, heatpumpModel: string): Eligibility;
  /** Installations that sent within 30 days. */
  active30d(): number;
  /**
   * Times of a device's stored snapshots of one day (UTC), Unix milliseconds.
   *
   * @throws HeatpoolError `STORE_FAILED`, `STORE_DAMAGED`
   */
  storedTimes(installationId: string, deviceId: string, dayMs: number): Promise<Set<number>>;
  /** Whether an enrolled installation lost its certificate, or its owner withdrew. */
  isBarred(installationId: string): boolean;
  /** Whether an installation sends by gRPC; only its own token may speak for it here. */
  isEnrolled(installationId: string): boolean;
}

/** What the door is told. */
export interface HttpRules {
  /** Whether installations of shared tokens count in statistics and training. */
  readonly countUnverified: boolean;
  /** Answers without a token to one network per minute. */
  readonly publicPerMinute: number;
}
