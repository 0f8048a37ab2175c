/**
 * Findings: something is wrong with data or a sensor. They are told apart from anomalies of the
 * machine: a finding takes its channel away from the detectors until it is over.
 */

/** What is wrong. */
export type FindingKind = "stuck" | "implausible" | "absent" | "mapping";

/** One thing wrong with one channel. */
export interface Finding {
  readonly kind: FindingKind;
  /** Place among the channels. */
  readonly channel: number;
  /** First and last cell in which it was so. */
  readonly since: number;
  readonly last: number;
  /** What exactly, for people: `reads like degrees Fahrenheit`. */
  readonly detail: string;
}

/** Told to the owner when it lasts: six hours. */
export const TELL_CELLS = 72;

/** Kinds that are told to the owner as a sensor's fault; the others are only shown. */
export const TOLD: ReadonlySet<FindingKind> = new Set(["stuck", "mapping"]);
