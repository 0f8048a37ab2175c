/**
 * Findings: something is wrong with data or a sensor. They are told apart from anomalies of the
 * machine: a finding takes its channel away from the detectors until it is over.
 */

/** What is wrong. */
export type FindingKind = "stale" | "stuck" | "implausible" | "absent" | "mapping";

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

/** The findings of a cell, of many, for cells that are asked for in ascending order. */
export function findingsByCell(findings: readonly Finding[]): (cell: number) => readonly Finding[] {
  const borders = findings.flatMap(({ since, last }) => [since, last + 1]).sort((a, b) => a - b);
  let next = 0;
  let active: readonly Finding[] = [];
  return (cell) => {
    const before = next;
    while (next < borders.length && (borders[next] ?? 0) <= cell) next++;
    if (next !== before)
      active = findings.filter(({ since, last }) => since <= cell && cell <= last);
    return active;
  };
}
