/** Time may leap while a daemon's log says that nothing is under way. */
import { describe, expect, it } from "vitest";
import { createRestWatch } from "../../../../scripts/demo/loop/rest-watch.js";

function watchAt(nowMs: () => number) {
  const watch = createRestWatch(nowMs);
  const take = (event: string, more = {}) => watch.take({ event, ...more });
  /** Whether it is at rest already. */
  const isAtRest = async (polls = 0) => {
    const state = { isAtRest: false };
    void watch.atRest(polls).then(() => {
      state.isAtRest = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    return state.isAtRest;
  };
  return { watch, take, isAtRest };
}

describe("a daemon is at rest", () => {
  it("once its stream is open", async () => {
    const { take, isAtRest } = watchAt(() => 1_000);
    expect(await isAtRest()).toBe(false);
    take("uplink.connected");
    expect(await isAtRest()).toBe(true);
  });

  it("once it has polled, well or not", async () => {
    const { watch, take, isAtRest } = watchAt(() => 1_000);
    take("uplink.connected");
    take("poll.finished");
    expect(await isAtRest(2)).toBe(false);
    take("poll.failed");
    expect(await isAtRest(2)).toBe(true);
    expect(watch.polls).toEqual({ good: 1, failed: 1 });
  });

  it("once what it sealed is acknowledged", async () => {
    const { take, isAtRest } = watchAt(() => 1_000);
    take("uplink.connected");
    take("uplink.sealed");
    expect(await isAtRest()).toBe(false);
    take("uplink.acked");
    expect(await isAtRest()).toBe(true);
  });

  it("while it waits to connect again, until then", async () => {
    let nowMs = 1_000;
    const { watch, take, isAtRest } = watchAt(() => nowMs);
    take("uplink.connected");
    take("uplink.disconnected", { retryInMs: 500 });
    // It has nobody who could acknowledge.
    take("uplink.sealed");
    expect(watch.retryAtMs).toBe(1_500);
    expect(await isAtRest()).toBe(true);
    nowMs = 1_500;
    expect(await isAtRest()).toBe(false);
    take("uplink.connected");
    expect(watch.retryAtMs).toBeUndefined();
    expect(await isAtRest()).toBe(true);
  });
});
