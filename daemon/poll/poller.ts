/**
 * The loop that polls one device, from start to signal.
 *
 * Polls never overlap and never catch up: slots that passed while a poll ran are noted as missed. A
 * silent device is tried again with growing, jittered waits, for ever; the slots of its silence are
 * noted in one piece. Nothing here waits for disks, uplinks or pages: snapshots and losses are handed
 * over by calls that return at once.
 */
import { backoffMs, createUniform } from "#core/backoff.js";
import type { Chance, Clock } from "#core/clock.js";
import { HeatpoolError } from "#core/errors.js";
import type { Snapshot } from "#core/measurement/snapshot.js";
import { type AnyProfile, isMqttProfile } from "#core/profile/mqtt-profile.js";
import type { Loss } from "../backlog/backlog.js";
import { type Instant, nextDueMs, wallAt } from "./slot-grid.js";
import type { SnapshotSource } from "./snapshot-source.js";

/** How the device is doing. */
export type DeviceState =
  | { readonly kind: "online" }
  | {
      /** `mismatch`: it answers, but it is not what the profile describes. */
      readonly kind: "offline" | "mismatch";
      readonly sinceMs: number;
      readonly attempts: number;
      readonly error: HeatpoolError;
      readonly nextTryMs: number;
    };

/** A poll that came to an end, for figures and the watchdog. */
export interface PollFinished {
  readonly deviceId: string;
  readonly isGood: boolean;
  readonly monotonicMs: number;
  readonly tookMs: number;
}

/** What the loop needs; every callback returns at once. */
export interface PollerDeps {
  readonly source: SnapshotSource;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly intervalMs: number;
  /** The device must not be asked more often than this, not even when it fails. */
  readonly minIntervalMs: number;
  readonly onSnapshot: (snapshot: Snapshot) => void;
  readonly onLoss: (loss: Omit<Loss, "number">) => void;
  readonly onState: (state: DeviceState) => void;
  readonly onPollFinished: (finished: PollFinished) => void;
}

/** Waits before a silent device is tried again. */
const BACKOFF = { baseMs: 1000, capMs: 60_000 } as const;
/** Another device than the profile describes does not change by itself; someone may exchange it. */
const MISMATCH_RETRY_MS = 300_000;
/** A silence is noted at least this often, so that a kill forgets little of it. */
const OFFLINE_NOTE_MS = 3_600_000;

/** A device must not be asked more often than this. One that is only heard may be asked at will. */
export function minPollMs(profile: AnyProfile): number {
  return isMqttProfile(profile) ? 0 : profile.connection.pollSecondsMin * 1000;
}

/** @throws HeatpoolError `CONFIG_INVALID` when the profile forbids polling this often */
export function checkPollInterval(profile: AnyProfile, intervalMs: number): void {
  const minMs = minPollMs(profile);
  if (intervalMs >= minMs) return;
  throw new HeatpoolError(
    "CONFIG_INVALID",
    `${profile.name}: polled every ${intervalMs / 1000} s, but this device bears ${minMs / 1000} s at least`,
    { hint: `Set pollIntervalSeconds to ${minMs / 1000} or more.` },
  );
}

/** Polls until `signal` aborts. Rejects only for faults of the program itself. */
export async function runPoller(deps: PollerDeps, signal: AbortSignal): Promise<void> {
  const { source, clock, intervalMs } = deps;
  const outage = createOutage(deps);
  let dueMs = clock.monotonicMs();
  while (!signal.aborted) {
    await clock.sleep(Math.max(0, dueMs - clock.monotonicMs()), signal);
    if (signal.aborted) break;
    const startedMs = clock.monotonicMs();
    const expectedMs = nextDueMs(instantOf(clock), startedMs, intervalMs);
    const taken = await takeSafely(source, signal);
    if (taken === undefined) break;
    const now = instantOf(clock);
    const tookMs = now.monotonicMs - startedMs;
    const isGood = "snapshot" in taken;
    if (isGood) {
      outage.end(startedMs);
      deps.onSnapshot(taken.snapshot);
      dueMs = nextDueMs(now, startedMs, intervalMs);
      if (now.monotonicMs > expectedMs) noteMissed(deps, now, expectedMs, dueMs);
    } else {
      dueMs = outage.extend(startedMs, taken.error);
    }
    deps.onPollFinished({
      deviceId: source.deviceId,
      isGood,
      monotonicMs: now.monotonicMs,
      tookMs,
    });
  }
  outage.stop();
}

/** `undefined`: stopped. Errors that are not ours are faults of the program and go on upwards. */
async function takeSafely(
  source: SnapshotSource,
  signal: AbortSignal,
): Promise<{ snapshot: Snapshot } | { error: HeatpoolError } | undefined> {
  try {
    return { snapshot: await source.take(signal) };
  } catch (error) {
    if (!(error instanceof HeatpoolError)) throw error;
    return signal.aborted ? undefined : { error };
  }
}

interface Outage {
  /** Another failed poll; returns when to try again. */
  extend(startedMs: number, error: HeatpoolError): number;
  /** The device answered. */
  end(atMs: number): void;
  /** We stop while it may be silent. */
  stop(): void;
}

function createOutage(deps: PollerDeps): Outage {
  const { clock, onState, intervalMs } = deps;
  const uniform = createUniform(deps.chance);
  let isOnline = false;
  let [attempts, sinceMs, notedToMs] = [0, 0, 0];

  /** Notes the slots between what is noted and `toMs`. */
  function note(toMs: number): void {
    const slots = Math.round((toMs - notedToMs) / intervalMs);
    if (slots <= 0) return;
    const now = instantOf(clock);
    deps.onLoss({
      ...lossOf(deps, "device-offline", slots),
      fromMs: wallAt(now, notedToMs),
      toMs: wallAt(now, toMs),
    });
    notedToMs += slots * intervalMs;
  }

  return {
    extend(startedMs, error) {
      if (attempts === 0) [sinceMs, notedToMs] = [startedMs, startedMs];
      const isMismatch = error.code === "PROFILE_MISMATCH";
      const jitteredMs = backoffMs(attempts, BACKOFF, uniform);
      attempts++;
      isOnline = false;
      const waitMs = Math.max(deps.minIntervalMs, isMismatch ? MISMATCH_RETRY_MS : jitteredMs);
      const nextMs = clock.monotonicMs() + waitMs;
      if (clock.monotonicMs() - notedToMs >= OFFLINE_NOTE_MS) note(clock.monotonicMs());
      const now = instantOf(clock);
      onState({
        kind: isMismatch ? "mismatch" : "offline",
        sinceMs: wallAt(now, sinceMs),
        attempts,
        error,
        nextTryMs: wallAt(now, nextMs),
      });
      return nextMs;
    },
    end(atMs) {
      if (attempts > 0) note(atMs);
      attempts = 0;
      if (!isOnline) onState({ kind: "online" });
      isOnline = true;
    },
    stop() {
      if (attempts > 0) note(clock.monotonicMs());
    },
  };
}

function noteMissed(deps: PollerDeps, now: Instant, fromMs: number, nextMs: number): void {
  const slots = Math.round((nextMs - fromMs) / deps.intervalMs);
  if (slots <= 0) return;
  deps.onLoss({
    ...lossOf(deps, "slot-missed", slots),
    fromMs: wallAt(now, fromMs),
    toMs: wallAt(now, nextMs),
  });
}

function lossOf({ source }: PollerDeps, reason: "slot-missed" | "device-offline", slots: number) {
  return {
    class: "not-collected",
    reason,
    deviceId: source.deviceId,
    snapshots: slots,
    readings: 0,
    batches: undefined,
  } as const;
}

function instantOf(clock: Clock): Instant {
  return { wallMs: clock.nowMs(), monotonicMs: clock.monotonicMs() };
}
