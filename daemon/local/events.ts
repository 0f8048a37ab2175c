/**
 * Live values as server-sent events: one `now` per device and snapshot. A listener that is slow gets
 * the newest, not all; a listener too many is refused.
 *
 * Source: HTML standard, section 9.2 (server-sent events).
 */
import type { Context } from "hono";
import { streamSSE } from "hono/streaming";
import type { Clock } from "#core/clock.js";
import type { House } from "./house.js";

const LISTENERS_MAX = 8;
/** A connection through a proxy stays open, and a dead one is noticed. */
const SIGN_OF_LIFE_MS = 25_000;

/** What events are made of. */
export interface EventDeps {
  readonly house: House;
  readonly clock: Clock;
  /** Fires when the door closes. */
  readonly closing: AbortSignal;
}

/** Answers with a stream of events. */
export function createEvents(deps: EventDeps): (context: Context) => Response {
  let listeners = 0;
  return (context) => {
    if (listeners >= LISTENERS_MAX) return context.json({ code: "RATE_LIMITED" }, 503);
    listeners++;
    return streamEvents(context, deps, () => listeners--);
  };
}

function streamEvents(context: Context, deps: EventDeps, onGone: () => void): Response {
  return streamSSE(context, async (stream) => {
    const gone = new AbortController();
    stream.onAbort(() => gone.abort());
    const end = AbortSignal.any([gone.signal, deps.closing]);
    const changed = new Set(deps.house.devices().map(({ deviceId }) => deviceId));
    let nap = new AbortController();
    const wake = () => nap.abort();
    end.addEventListener("abort", wake, { once: true });
    const stopListening = deps.house.onSnapshot((deviceId) => {
      changed.add(deviceId);
      wake();
    });
    try {
      while (!end.aborted) {
        const ids = [...changed];
        changed.clear();
        for (const id of ids) {
          await stream.writeSSE({ event: "now", data: JSON.stringify(deps.house.now(id)) });
        }
        if (changed.size > 0) continue;
        nap = new AbortController();
        await deps.clock.sleep(SIGN_OF_LIFE_MS, nap.signal);
        if (!nap.signal.aborted) await stream.write(": still here\n\n");
      }
    } finally {
      stopListening();
      onGone();
    }
  });
}
