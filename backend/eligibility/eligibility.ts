/**
 * Who may have models: whoever contributed within the window, by the backend's receive time. Never
 * by a timestamp that a client wrote.
 */

/** Machine-readable reason; the names of `EligibilityReason` on the wire. */
export type EligibilityCode =
  | "CONTRIBUTING"
  | "UNKNOWN_INSTALLATION"
  | "NEVER_CONTRIBUTED"
  | "TOO_LONG_AGO"
  | "TOO_FEW_DAYS";

/** A verdict with its reason for machines and people. */
export interface Eligibility {
  readonly eligible: boolean;
  readonly code: EligibilityCode;
  readonly reason: string;
  readonly reasonDe: string;
  /** 0: never. */
  readonly lastReceivedAtMs: number;
  readonly daysWithData: number;
  readonly windowDays: number;
  /** What the pool still lacks before models can be trained. */
  readonly installationsMissing: number;
  readonly readingsMissing: number;
}
