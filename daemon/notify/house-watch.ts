/**
 * What the owner should hear about this house: a heat pump that is silent, a backlog that fills up,
 * and that community models are coming. Looks once a minute at facts that others keep; what was
 * told already, also before a restart, the desk knows.
 */
import type { Clock } from "#core/clock.js";
import type { NoticeDesk } from "./notify.js";

/** A heat pump as it looks to the poller. */
export interface WatchedDevice {
  readonly deviceId: string;
  /** `undefined`: no poll has ended yet. */
  readonly isOnline: boolean | undefined;
}

/** What the watch works with. */
export interface HouseWatchDeps {
  readonly desk: Pick<NoticeDesk, "tell">;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly silentMinutes: number;
  readonly backlogPercent: number;
  devices(): readonly WatchedDevice[];
  /** `undefined`: nothing is shared, so there is none. */
  backlog(): { readonly diskBytes: number; readonly limitBytes: number } | undefined;
  /** Asks the backend; `undefined`: nobody agreed, or nobody knows. */
  askEligible(): Promise<boolean | undefined>;
  /** The last answer to that, over restarts. */
  readonly eligible: { read(): string | undefined; write(text: string): void };
}

const LOOK_MS = 60_000;
/** So far below the mark a backlog has room again; less would say it twice a day. */
const ROOM_PERCENT = 10;
/** Eligibility changes with days, and many daemons ask. */
const ASK_MS = 24 * 3_600_000;
const FIRST_ASK_MS = 10 * 60_000;
const MINUTE_MS = 60_000;
const YES = "eligible\n";
const NO = "not eligible\n";

/** Watches until `signal` fires. */
export async function runHouseWatch(deps: HouseWatchDeps, signal: AbortSignal): Promise<void> {
  await Promise.all([runLooks(deps, signal), runQuestions(deps, signal)]);
}

async function runLooks(deps: HouseWatchDeps, signal: AbortSignal): Promise<void> {
  /** Since when each silent device is silent, monotonic. */
  const silentSinceMs = new Map<string, number>();
  while (!signal.aborted) {
    for (const device of deps.devices()) lookAtDevice(deps, device, silentSinceMs);
    lookAtBacklog(deps);
    await deps.clock.sleep(LOOK_MS, signal);
  }
}

function lookAtDevice(
  { desk, clock, silentMinutes }: HouseWatchDeps,
  { deviceId, isOnline }: WatchedDevice,
  silentSinceMs: Map<string, number>,
): void {
  if (isOnline === undefined) return;
  const nowMs = clock.monotonicMs();
  if (isOnline) silentSinceMs.delete(deviceId);
  else if (!silentSinceMs.has(deviceId)) silentSinceMs.set(deviceId, nowMs);
  const minutes = Math.floor((nowMs - (silentSinceMs.get(deviceId) ?? nowMs)) / MINUTE_MS);
  if (!isOnline && minutes < silentMinutes) return;
  desk.tell({
    kind: "device-silent",
    subject: `device-silent/${deviceId}`,
    severity: "warning",
    atMs: clock.nowMs(),
    isResolved: isOnline,
    facts: { device: deviceId, minutes },
  });
}

function lookAtBacklog({ desk, clock, backlog, backlogPercent }: HouseWatchDeps): void {
  const state = backlog();
  if (state === undefined) return;
  const percent = Math.round((100 * state.diskBytes) / state.limitBytes);
  const isRoom = percent <= backlogPercent - ROOM_PERCENT;
  if (!isRoom && percent < backlogPercent) return;
  desk.tell({
    kind: "backlog-nearly-full",
    subject: "backlog-nearly-full",
    severity: "warning",
    atMs: clock.nowMs(),
    isResolved: isRoom,
    facts: { percent },
  });
}

async function runQuestions(deps: HouseWatchDeps, signal: AbortSignal): Promise<void> {
  const { clock, random } = deps;
  await clock.sleep((1 + random()) * FIRST_ASK_MS, signal);
  while (!signal.aborted) {
    const answer = await deps.askEligible().catch(() => undefined);
    if (answer !== undefined && !signal.aborted) noteEligible(deps, answer);
    await clock.sleep((0.5 + random()) * ASK_MS, signal);
  }
}

function noteEligible({ desk, clock, eligible }: HouseWatchDeps, isEligible: boolean): void {
  const text = isEligible ? YES : NO;
  if (eligible.read() === text) return;
  try {
    eligible.write(text);
  } catch {
    // A full disk: it may be told again after a restart.
  }
  if (!isEligible) return;
  desk.tell({
    kind: "became-eligible",
    subject: "became-eligible",
    severity: "info",
    atMs: clock.nowMs(),
    isResolved: false,
    facts: {},
  });
}
