/** A clock for thousands of sleepers: time jumps from one wake-up to the next. */
import type { Clock } from "#core/clock.js";

interface Sleeper {
  readonly atMs: number;
  readonly wake: () => void;
}

/** The clock and the hand that moves it. */
export interface FleetClock extends Clock {
  advanceTo(ms: number): Promise<void>;
}

/** Starts at 0 on the monotonic clock. */
export function createFleetClock(): FleetClock {
  const heap: Sleeper[] = [];
  let nowMs = 0;
  return {
    nowMs: () => Date.UTC(2026, 10, 1) + Math.round(nowMs),
    monotonicMs: () => nowMs,
    isSynced: () => true,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve();
        const wake = (): void => {
          signal.removeEventListener("abort", wake);
          resolve();
        };
        signal.addEventListener("abort", wake, { once: true });
        push(heap, { atMs: nowMs + Math.max(0, ms), wake });
      }),
    async advanceTo(ms) {
      await turn();
      for (let next = heap[0]; next !== undefined && next.atMs <= ms; next = heap[0]) {
        pop(heap);
        nowMs = Math.max(nowMs, next.atMs);
        next.wake();
        // What wakes at the same moment runs together.
        if (heap[0]?.atMs !== next.atMs) await turn();
      }
      nowMs = ms;
      await turn();
    },
  };
}

/** Everything that only waits for promises runs. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

function push(heap: Sleeper[], sleeper: Sleeper): void {
  let at = heap.push(sleeper) - 1;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    const above = heap[parent];
    if (above === undefined || above.atMs <= sleeper.atMs) break;
    heap[at] = above;
    at = parent;
  }
  heap[at] = sleeper;
}

function pop(heap: Sleeper[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let at = 0;
  for (;;) {
    const left = 2 * at + 1;
    const right = left + 1;
    const child = (heap[right]?.atMs ?? Infinity) < (heap[left]?.atMs ?? Infinity) ? right : left;
    const below = heap[child];
    if (below === undefined || below.atMs >= last.atMs) break;
    heap[at] = below;
    at = child;
  }
  heap[at] = last;
}
