/**
 * `heatpool backlog show` and `heatpool backlog losses`: what waits, what was decided and what was
 * lost, for a person or as JSON. Pure: the figures come from whoever holds the backlog.
 */
import type { BacklogStatus, EpochState, Loss, LossReason } from "../backlog/backlog.js";

/** Everything that `show` says. */
export interface BacklogReport {
  readonly status: BacklogStatus;
  readonly epochs: readonly EpochState[];
  readonly losses: readonly Loss[];
}

/** What each reason means to the owner. */
const REASONS: Record<LossReason, string> = {
  "slot-missed": "a poll took too long",
  "device-offline": "the heat pump did not answer",
  "evicted-limit": "the backlog was full",
  "evicted-disk-full": "the disk was full",
  thinned: "thinned out to save space",
  "memory-overflow": "the disk refused for too long",
  "corrupt-record": "damaged on disk",
  "corrupt-store": "the store was damaged",
  "downtime-or-tail": "the daemon ended unexpectedly",
  "time-unresolved": "the time was never known",
  "dead-letter-dropped": "could not be delivered",
  "count-mismatch": "the backend counted fewer than were sent",
  "operator-dropped": "dropped on demand",
  "backend-forgot": "delivered, and gone at the backend",
  shutdown: "the daemon was stopped",
};

/** The status for a person. */
export function renderBacklog(report: BacklogReport): string {
  const { status, epochs, losses } = report;
  const rows = [
    ["waiting", `${count(status.snapshots, "snapshot")} in ${count(status.batches, "batch")}`],
    ["not sealed", count(status.unsealed, "snapshot")],
    ["disk", `${mib(status.diskBytes)} of ${mib(status.limitBytes)} MiB`],
    ["recorded", String(status.recorded)],
    ["  admitted", String(status.admitted)],
    ["  duplicate", String(status.duplicate)],
    ["  rejected", String(status.rejected)],
    ["  lost", String(status.lost)],
    ["commits", `${status.commits} since it was opened`],
    ["rejected", keptAside(status)],
    ["loss ledger", `${count(losses.length, "entry")} not yet delivered`],
    ...epochs.map((epoch, at) => [
      at === epochs.length - 1 ? "epoch" : "older epoch",
      renderEpoch(epoch),
    ]),
  ];
  return [...alignColumns(rows), ...renderWarnings(status)].join("\n");
}

/** The loss ledger for a person, oldest first. */
export function renderLosses(losses: readonly Loss[]): string {
  if (losses.length === 0) return "Nothing was lost.";
  const head = ["from", "to", "snapshots", "device", "reason", ""];
  const rows = losses.map((loss) => [
    timeOf(loss.fromMs),
    timeOf(loss.toMs),
    String(loss.snapshots),
    loss.deviceId ?? "all",
    loss.reason,
    REASONS[loss.reason],
  ]);
  return alignColumns([head, ...rows]).join("\n");
}

/** The same for programs; one JSON document. */
export function renderBacklogJson(report: BacklogReport): string {
  return JSON.stringify(report, undefined, 2);
}

/** The ledger for programs; one JSON document. */
export function renderLossesJson(losses: readonly Loss[]): string {
  return JSON.stringify({ losses }, undefined, 2);
}

function renderWarnings(status: BacklogStatus): string[] {
  const warnings: string[] = [];
  if (status.mode === "memory") {
    warnings.push(
      "The disk refuses: snapshots are kept in memory and are lost if the power fails.",
    );
  }
  if (status.isSpaceLow) warnings.push("The disk is nearly full: free some space.");
  if (status.unaccounted !== 0) {
    warnings.push(`${status.unaccounted} snapshots are unaccounted for: please report this.`);
  }
  return warnings;
}

function renderEpoch({ epochId, firstUnacked, lastSealed }: EpochState): string {
  const waiting = lastSealed - firstUnacked + 1;
  const numbers = waiting > 0 ? `batches ${firstUnacked} to ${lastSealed} wait` : "all delivered";
  return `${epochId}: ${numbers}`;
}

function keptAside({ deadLetters, deadSnapshots }: BacklogStatus): string {
  if (deadLetters === 0) return "nothing kept aside";
  return `${count(deadSnapshots, "snapshot")} in ${count(deadLetters, "batch")} kept aside`;
}

function count(number: number, noun: string): string {
  if (number === 1) return `1 ${noun}`;
  return `${number} ${noun === "entry" ? "entries" : noun === "batch" ? "batches" : `${noun}s`}`;
}

function mib(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1);
}

export function timeOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 16).replace("T", " ");
}

/** Pads the cells of each column to the same width. */
export function alignColumns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, at) =>
    Math.max(...rows.map((row) => row[at]?.length ?? 0)),
  );
  return rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
