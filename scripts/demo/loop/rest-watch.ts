/**
 * Whether a daemon is at rest, by its log: time may only leap while nothing is under way, as a
 * machine that sleeps through an exchange finds a dead connection afterwards.
 */
import type { LogLine } from "../program.js";

/** Looks at one daemon. */
export interface RestWatch {
  take(line: LogLine): void;
  atRest(polls: number): Promise<void>;
  readonly polls: { readonly good: number; readonly failed: number };
  readonly retryAtMs: number | undefined;
}

/** Work that takes longer than this is waited for no more; what is lost by that is seen. */
const REST_MAX_MS = 2_000;

export function createRestWatch(nowMs: () => number): RestWatch {
  const polls = { good: 0, failed: 0 };
  let awaitsAck = false;
  // From its start on it connects.
  let retryAtMs: number | undefined = 0;
  const waiting = new Set<() => void>();
  return {
    polls,
    get retryAtMs() {
      return retryAtMs;
    },
    take({ event, retryInMs }) {
      if (event === "poll.finished") polls.good++;
      if (event === "poll.failed") polls.failed++;
      if (event === "uplink.sealed") awaitsAck = retryAtMs === undefined;
      if (event === "uplink.acked" || event === "uplink.disconnected") awaitsAck = false;
      if (event === "uplink.connected") retryAtMs = undefined;
      if (event === "uplink.disconnected") retryAtMs = nowMs() + Number(retryInMs);
      for (const look of waiting) look();
    },
    atRest: (count) =>
      new Promise((resolve) => {
        const done = () => {
          clearTimeout(late);
          waiting.delete(look);
          resolve();
        };
        const late = setTimeout(done, REST_MAX_MS);
        const look = () => {
          const isConnecting = retryAtMs !== undefined && nowMs() >= retryAtMs;
          if (polls.good + polls.failed >= count && !awaitsAck && !isConnecting) done();
        };
        waiting.add(look);
        look();
      }),
  };
}
