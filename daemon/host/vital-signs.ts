/**
 * Whether the daemon does its work: every device finished a poll lately (finding it silent finishes
 * one), and what was read reaches the disk. The watchdog asks here.
 */
import type { Clock } from "#core/clock.js";

/** What the daemon notes about itself. */
export interface VitalSigns {
  /** From now on polls of this device are expected. */
  expect(deviceId: string, intervalMs: number): void;
  pollFinished(deviceId: string): void;
  /** A snapshot waits for its commit. */
  snapshotTaken(): void;
  committed(): void;
  isHealthy(): boolean;
}

/** A poll may be late by this many intervals. */
const INTERVALS_MAX = 3;
/** Backoff of a silent device and time-outs of a slow one come on top. */
const POLL_SLACK_MS = 120_000;
const COMMITS_MAX = 3;
const COMMIT_SLACK_MS = 30_000;

/**
 * @param commitIntervalMs within which a snapshot is to be committed
 * @param isDegraded whether the store has said that it keeps snapshots in memory
 */
export function createVitalSigns(
  clock: Clock,
  commitIntervalMs: number,
  isDegraded: () => boolean,
): VitalSigns {
  const polls = new Map<string, { intervalMs: number; lastMs: number }>();
  let waitsSinceMs: number | undefined;
  return {
    expect(deviceId, intervalMs) {
      polls.set(deviceId, { intervalMs, lastMs: clock.monotonicMs() });
    },
    pollFinished(deviceId) {
      const poll = polls.get(deviceId);
      if (poll !== undefined) poll.lastMs = clock.monotonicMs();
    },
    snapshotTaken() {
      waitsSinceMs ??= clock.monotonicMs();
    },
    committed() {
      waitsSinceMs = undefined;
    },
    isHealthy() {
      const nowMs = clock.monotonicMs();
      const isLate = [...polls.values()].some(
        ({ intervalMs, lastMs }) => nowMs - lastMs > INTERVALS_MAX * intervalMs + POLL_SLACK_MS,
      );
      const commitMaxMs = COMMITS_MAX * commitIntervalMs + COMMIT_SLACK_MS;
      const isStuck = waitsSinceMs !== undefined && nowMs - waitsSinceMs > commitMaxMs;
      return !isLate && (!isStuck || isDegraded());
    },
  };
}
