/**
 * What is due at some time, for many streams, with one sleeper for all of them: a timer of its own
 * costs each stream a kilobyte for its promise, its timer and its signal.
 */
import type { Clock } from "#core/clock.js";

/** One thing that is due. */
export interface Alarm {
  /** On the monotonic clock. May be put off at any time; to bring it forward, it is set again. */
  readonly dueMs: number;
  /** Called once when it is due; who wants to be called again sets it again. */
  ring(): void;
}

/** Things that are due. */
export interface Alarms {
  readonly monotonicMs: () => number;
  /** @param alarm one that is never due is not kept */
  set(alarm: Alarm): void;
  drop(alarm: Alarm): void;
}

export function createAlarms(clock: Pick<Clock, "monotonicMs" | "sleep">): Alarms {
  const alarms = new Set<Alarm>();
  let isWatching = false;
  let nap: { readonly untilMs: number; readonly over: AbortController } | undefined;

  /** Rings what is due. Returns when the next one is. */
  const ringDue = (): number => {
    const nowMs = clock.monotonicMs();
    const due: Alarm[] = [];
    let nextMs = Number.POSITIVE_INFINITY;
    for (const alarm of alarms) {
      if (alarm.dueMs <= nowMs) due.push(alarm);
      else nextMs = Math.min(nextMs, alarm.dueMs);
    }
    for (const alarm of due) alarms.delete(alarm);
    for (const alarm of due) alarm.ring();
    return due.length === 0 ? nextMs : nowMs;
  };
  const watch = async (): Promise<void> => {
    isWatching = true;
    while (alarms.size > 0) {
      const untilMs = ringDue();
      const waitMs = untilMs - clock.monotonicMs();
      if (waitMs <= 0 || alarms.size === 0) continue;
      nap = { untilMs, over: new AbortController() };
      await clock.sleep(waitMs, nap.over.signal);
      nap = undefined;
    }
    isWatching = false;
  };

  const drop = (alarm: Alarm): void => {
    alarms.delete(alarm);
    // A sleeper that nobody needs would keep the process alive.
    if (alarms.size === 0) nap?.over.abort();
  };
  return {
    monotonicMs: () => clock.monotonicMs(),
    set(alarm) {
      if (!Number.isFinite(alarm.dueMs)) {
        drop(alarm);
        return;
      }
      alarms.add(alarm);
      if (!isWatching) void watch();
      else if (nap !== undefined && alarm.dueMs < nap.untilMs) nap.over.abort();
    },
    drop,
  };
}
