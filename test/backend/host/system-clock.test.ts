/** The clocks of a real machine, as far as a test may look at them. */
import { expect, it } from "vitest";
import { createSystemClock } from "../../../backend/host/system-clock.js";

it("the monotonic clock never goes back and a sleep never ends early", async () => {
  const clock = createSystemClock();
  const startMs = clock.monotonicMs();
  await clock.sleep(5, new AbortController().signal);
  expect(clock.monotonicMs() - startMs).toBeGreaterThanOrEqual(5);
});

it("a sleep ends with its signal, even one longer than a timer can be", async () => {
  const clock = createSystemClock();
  const ending = new AbortController();
  const sleeping = clock.sleep(2 ** 40, ending.signal);
  ending.abort();
  await sleeping;
  await clock.sleep(2 ** 40, ending.signal);
});
