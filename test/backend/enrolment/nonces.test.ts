/** Nonces: a minute, one call, and never without limit. */
import { describe, expect, it } from "vitest";
import { createNonces } from "../../../backend/enrolment/nonces.js";
import { createChance } from "../../support/chance.js";
import { createFakeClock } from "../../support/fake-clock.js";

describe("nonces", () => {
  it("are good once", () => {
    const nonces = createNonces(createChance(1), createFakeClock());
    const nonce = nonces.issue();
    expect(nonce).toHaveLength(32);
    expect([nonces.take(nonce), nonces.take(nonce)]).toEqual([true, false]);
    expect(nonces.take(Buffer.alloc(32))).toBe(false);
  });

  it("are good for less than a minute, whatever the wall clock says", async () => {
    const clock = createFakeClock();
    const nonces = createNonces(createChance(1), clock);
    const [one, two] = [nonces.issue(), nonces.issue()];
    await clock.advance(59_999);
    clock.stepWall(0);
    expect(nonces.take(one)).toBe(true);
    await clock.advance(1);
    expect(nonces.take(two)).toBe(false);
  });

  it("are forgotten, the oldest first, when there are ten thousand", () => {
    const nonces = createNonces(createChance(1), createFakeClock());
    const first = nonces.issue();
    const second = nonces.issue();
    for (let more = 0; more < 9_999; more++) nonces.issue();
    expect([nonces.take(first), nonces.take(second)]).toEqual([false, true]);
  });
});
