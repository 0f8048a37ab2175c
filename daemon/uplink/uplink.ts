/**
 * The uplink: the one connection to the backend.
 *
 * It sends what the backlog numbered, in order and within the backend's window, and tells the
 * backlog what was decided. Every loss of the connection is followed by another attempt at a time
 * that chance chooses; the unacknowledged is sent again, unchanged. It never touches a snapshot and
 * never waits for a poll, nor a poll for it. After consent was withdrawn no further byte leaves.
 */

import { backoffMs, createUniform } from "#core/backoff.js";
import type { Chance, Clock } from "#core/clock.js";
import { HeatpoolError } from "#core/errors.js";
import type { Backlog } from "../backlog/backlog.js";
import type { Log } from "../host/log.js";
import type { ModelLink } from "../model/model-link.js";
import {
  clampLimits,
  halveBatches,
  type LimitStore,
  recallLimits,
  rememberLimits,
  type UplinkLimits,
  uploadIntervalMs,
} from "./limits.js";
import { createReceipts } from "./receipts.js";
import { BACKOFF, isForSize, planRetry, type SessionEnd, type SessionResult } from "./retry.js";
import { runSession } from "./session.js";
import type { SessionDeps } from "./session-state.js";
import { createSuspicion } from "./suspicion.js";
import type { Transport } from "./transport.js";
import { createWaker } from "./waker.js";
import type { Introduction } from "./wire.js";

/** How often and how warm: hourly without pings, or every few minutes with them (ADR 0021). */
type UplinkProfile = "economy" | "live";

/** What the uplink works with. */
export interface UplinkDeps {
  readonly backlog: Backlog;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly introduction: Introduction;
  readonly profile: UplinkProfile;
  /** Seals at this rhythm whatever the profile and the backend say. */
  readonly intervalSeconds: number | undefined;
  readonly limitStore: LimitStore;
  readonly log: Log;
  /** Fires when consent was withdrawn: the connection is thrown away in the same tick. */
  readonly withdrawn: AbortSignal;
  /** Told what the backend's clock says; the answer took `roundTripMs`. */
  readonly onServerTime?: (serverTimeMs: number, roundTripMs: number) => void;
  /** Told when models may come beside a stream. */
  readonly onModels?: (link: ModelLink) => void;
  /** Told when the backend asks for a new key, or refuses the present one. */
  readonly onIdentityDoubt?: (why: string) => void;
  /** Told when the state of the connection changed. */
  readonly onState?: (state: UplinkState) => void;
}

/** What the uplink says about itself. */
export interface UplinkState {
  readonly isOnline: boolean;
  /** Of the wall clock; 0: never. */
  readonly lastWelcomeAtMs: number;
  /** Why the last stream ended; empty before that. */
  readonly lastEnd: string;
  /** Until the next attempt; 0 while a stream is open. */
  readonly retryInMs: number;
}

/** While the machine's clock is awaited we look this often whether it was set. */
const CLOCK_LOOK_MS = 1_000;

/** Delivers until `signal` fires; then says goodbye and waits for the last acks, at most 6 s. */
export async function runUplink(deps: UplinkDeps, signal: AbortSignal): Promise<void> {
  const { backlog, clock, log } = deps;
  const random = createUniform(deps.chance);
  let limits = recallLimits(deps.limitStore);
  let state: UplinkState = { isOnline: false, lastWelcomeAtMs: 0, lastEnd: "", retryInMs: 0 };
  const setState = (change: Partial<UplinkState>) => {
    state = { ...state, ...change };
    deps.onState?.(state);
    sealer.wake();
  };
  const intervalMs = () =>
    uploadIntervalMs(deps.profile, deps.intervalSeconds, limits, state.isOnline);
  const sealer = createWaker(clock);
  const sealListeners = new Set<() => void>();
  const receipts = createReceipts(deps);
  const suspicion = createSuspicion();
  const setLimits = (next: UplinkLimits) => {
    rememberLimits(deps.limitStore, next, limits);
    limits = next;
  };
  const sessionDeps: SessionDeps = {
    backlog,
    transport: deps.transport,
    clock,
    random,
    introduction: deps.introduction,
    receipts,
    suspicion,
    log,
    mayPing: deps.profile === "live",
    limits: () => limits,
    setLimits: (wished) => setLimits(clampLimits(wished, limits)),
    intervalMs,
    onWelcome(serverTimeMs, roundTripMs) {
      deps.onServerTime?.(serverTimeMs, roundTripMs);
      setState({ isOnline: true, lastWelcomeAtMs: clock.nowMs(), retryInMs: 0 });
    },
    ...(deps.onModels === undefined ? {} : { onModels: deps.onModels }),
    onRenewAsked: () => deps.onIdentityDoubt?.("the backend asks for a new key"),
    onSealed(listener) {
      sealListeners.add(listener);
      return () => sealListeners.delete(listener);
    },
  };
  const stop = AbortSignal.any([signal, deps.withdrawn]);
  stop.addEventListener("abort", sealer.wake, { once: true });

  async function seal(): Promise<void> {
    // A fleet that was switched on together must not seal together.
    let dueMs = clock.monotonicMs() + intervalMs() * random();
    while (!stop.aborted) {
      const nowMs = clock.monotonicMs();
      dueMs = Math.min(dueMs, nowMs + intervalMs());
      if (nowMs < dueMs) {
        await sealer.wait(dueMs - nowMs);
        continue;
      }
      dueMs = nowMs + intervalMs();
      try {
        const batches = await backlog.seal();
        if (batches > 0) log("debug", "uplink.sealed", { batches });
      } catch (fault) {
        log("warn", "uplink.seal-failed", { why: String(fault) });
      }
      for (const listener of sealListeners) listener();
    }
  }

  async function connect(): Promise<void> {
    let failures = 0;
    let delayMs = backoffMs(0, BACKOFF, random);
    let awaitsClock = false;
    let isFirstSinceLoss = false;
    while (!stop.aborted) {
      setState({ retryInMs: Math.round(delayMs) });
      await (awaitsClock ? sleepUntilSynced(clock, delayMs, stop) : clock.sleep(delayMs, stop));
      if (stop.aborted) return;
      // A hello must not announce as waiting what the last stream already settled.
      await receipts.settled();
      if (stop.aborted) return;
      const result = await runSession(sessionDeps, signal, deps.withdrawn).catch(asLocalEnd);
      if (isForSize(result)) setLimits(halveBatches(limits, result.inFlight?.largestBytes ?? 0));
      suspicion.noteEnd(result.end, result.inFlight);
      const facts = { failures, clockSynced: clock.isSynced(), isFirstSinceLoss };
      const reconnectSpreadMs = limits.reconnectSpreadSeconds * 1000;
      ({ delayMs, failures, awaitsClock } = planRetry(
        result,
        { ...facts, reconnectSpreadMs },
        random,
      ));
      isFirstSinceLoss = result.wasWelcomed;
      const lastEnd = describeEnd(result.end);
      if (isAboutIdentity(result.end)) deps.onIdentityDoubt?.(lastEnd);
      setState({ isOnline: false, lastEnd });
      if (!stop.aborted)
        log("info", "uplink.disconnected", { why: lastEnd, retryInMs: Math.round(delayMs) });
    }
  }

  await Promise.all([seal(), connect()]);
  await receipts.settled();
}

/** What failed on our side, e.g. a token file that is gone, is tried again like a lost connection. */
function asLocalEnd(fault: unknown): SessionResult {
  if (!(fault instanceof HeatpoolError)) throw fault;
  const end = { kind: "local", what: fault.message } as const;
  return { end, wasWelcomed: false, wasAcked: false, livedMs: 0 };
}

async function sleepUntilSynced(clock: Clock, ms: number, stop: AbortSignal): Promise<void> {
  const untilMs = clock.monotonicMs() + ms;
  while (!stop.aborted && !clock.isSynced() && clock.monotonicMs() < untilMs)
    await clock.sleep(CLOCK_LOOK_MS, stop);
}

/** Codes by which the backend says that another daemon goes on from the same card. */
const TWO_OF_ONE = ["SUPERSEDED", "BATCH_FORKED"];

/** A refused certificate, or two daemons with one key: a new key may help. */
function isAboutIdentity(end: SessionEnd): boolean {
  if (end.kind !== "broken") return false;
  const { status, code = "" } = end.end;
  return status === "UNAUTHENTICATED" || (status === "ABORTED" && TWO_OF_ONE.includes(code));
}

/** For the log and the status. */
function describeEnd(end: SessionEnd): string {
  switch (end.kind) {
    case "broken":
      return `${end.end.status}: ${end.end.details}`;
    case "silent":
    case "unfit":
    case "local":
      return `${end.kind}: ${end.what}`;
    default:
      return end.kind;
  }
}
