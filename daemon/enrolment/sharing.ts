/**
 * What exists only while the owner agrees: the queue and the connection.
 *
 * Before consent there is no queue on disk and nobody is called. When consent is withdrawn the
 * connection is thrown away in the same tick, then the queue is wiped; a crash in between is made
 * up for before anything else happens.
 */
import type { Clock } from "#core/clock.js";
import type { ConsentRecord } from "#core/enrolment/consent-record.js";
import type { Snapshot } from "#core/measurement/snapshot.js";
import type { Loss } from "../backlog/backlog.js";
import type { Log } from "../host/log.js";
import type { ConsentBook, ConsentState } from "./consent.js";

/** The part of a backlog that matters here. */
export interface Queue {
  record(snapshot: Snapshot): void;
  recordLoss(loss: Omit<Loss, "number">): void;
  /** Destroys everything, on disk and in memory. */
  wipe(): Promise<void>;
  close(): Promise<void>;
}

/** What sharing works with. */
export interface SharingDeps<Q extends Queue> {
  readonly book: ConsentBook;
  readonly clock: Clock;
  readonly log: Log;
  /** Whether the configuration names a backend; without one nothing is queued either. */
  readonly hasBackend: boolean;
  /** Opens the queue; called only with consent. */
  openQueue(record: ConsentRecord): Promise<Q>;
  /** Delivers until `stop`; throws the connection away at once when `withdrawn` fires. */
  deliver(
    queue: Q,
    record: ConsentRecord,
    stop: AbortSignal,
    withdrawn: AbortSignal,
  ): Promise<void>;
  /** Wipes what a queue of an earlier run left on disk; called when none is open. */
  destroyRemains(): Promise<void>;
}

/** Sharing as the rest of the daemon sees it. */
export interface Sharing<Q extends Queue> {
  /** Takes a snapshot where the owner agreed, and forgets it otherwise. Returns at once. */
  record(snapshot: Snapshot): void;
  recordLoss(loss: Omit<Loss, "number">): void;
  /** The open queue. */
  readonly queue: Q | undefined;
  readonly state: ConsentState;
  /** The record on disk may have changed. Resolves when that has had its effect. */
  consentChanged(): Promise<void>;
  /** Runs until `signal` and then until the queue is closed. */
  run(signal: AbortSignal): Promise<void>;
}

/** A decision taken while the control socket was out of reach is seen within this time. */
const LOOK_MS = 60_000;
/** Snapshots that wait while the queue opens. */
const WAITING_MAX = 1_000;

/** One agreement being carried out. */
interface Term {
  /** Ends it in order, to begin another. */
  readonly renew: AbortController;
  readonly withdrawn: AbortController;
  readonly record: ConsentRecord;
}

export function createSharing<Q extends Queue>(deps: SharingDeps<Q>): Sharing<Q> {
  const { book, clock, log } = deps;
  let queue: Q | undefined;
  let term: Term | undefined;
  let state: ConsentState = book.state();
  let waiting: Snapshot[] = [];
  let waitingLosses: Omit<Loss, "number">[] = [];
  let nap = new AbortController();
  /** All that a withdrawn term held is wiped, so that only the record is left to be written. */
  let isWiped = false;
  const watchers = new Set<() => void>();

  const settle = () => {
    for (const watcher of watchers) watcher();
    watchers.clear();
  };

  /** Sees a withdrawal in the tick in which it is called. */
  function look(): void {
    if (term === undefined) return;
    if (book.isWithdrawing()) {
      term.withdrawn.abort();
      waiting = [];
      waitingLosses = [];
    }
  }

  async function carryOut(record: ConsentRecord, signal: AbortSignal): Promise<void> {
    const mine = { renew: new AbortController(), withdrawn: new AbortController(), record };
    term = mine;
    try {
      const opened = await deps.openQueue(record);
      queue = opened;
      for (const snapshot of waiting.splice(0)) opened.record(snapshot);
      for (const loss of waitingLosses.splice(0)) opened.recordLoss(loss);
      look();
      if (!mine.withdrawn.signal.aborted) settle();
      const stop = AbortSignal.any([signal, mine.renew.signal]);
      const isDelivering = !mine.withdrawn.signal.aborted;
      try {
        if (isDelivering) await deps.deliver(opened, record, stop, mine.withdrawn.signal);
      } finally {
        queue = undefined;
        if (mine.withdrawn.signal.aborted) {
          await opened.wipe();
          // What came with an earlier delivery goes with this one, or with the remains.
          isWiped = isDelivering;
        }
        await opened.close();
      }
    } finally {
      term = undefined;
    }
  }

  async function finishWithdrawal(): Promise<void> {
    if (!isWiped) await deps.destroyRemains();
    isWiped = false;
    book.finishWithdrawal();
    log("info", "consent.withdrawn");
  }

  return {
    record(snapshot) {
      look();
      if (term === undefined || term.withdrawn.signal.aborted) return;
      if (queue !== undefined) queue.record(snapshot);
      else if (waiting.length < WAITING_MAX) waiting.push(snapshot);
    },
    recordLoss(loss) {
      if (term === undefined || term.withdrawn.signal.aborted) return;
      if (queue !== undefined) queue.recordLoss(loss);
      else if (waitingLosses.length < WAITING_MAX) waitingLosses.push(loss);
    },
    get queue() {
      return queue;
    },
    get state() {
      return state;
    },
    consentChanged() {
      look();
      const effect = new Promise<void>((resolve) => watchers.add(resolve));
      term?.renew.abort();
      nap.abort();
      return effect;
    },
    async run(signal) {
      const wake = () => nap.abort();
      signal.addEventListener("abort", wake, { once: true });
      while (!signal.aborted) {
        if (book.isWithdrawing()) await finishWithdrawal();
        const before = state.status;
        state = book.state();
        if (state.status !== before) log("info", "consent.changed", { status: state.status });
        if (state.status === "granted" && deps.hasBackend) {
          await carryOut(state.record, signal);
          continue;
        }
        settle();
        await clock.sleep(LOOK_MS, nap.signal);
        if (!signal.aborted) nap = new AbortController();
      }
      // A withdrawal in the last moment is not left to the next start.
      if (book.isWithdrawing()) await finishWithdrawal();
      settle();
    },
  };
}
