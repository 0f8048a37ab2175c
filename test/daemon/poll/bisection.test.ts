/** Finding the bad registers: within the bound, exactly them, and in pieces if need be. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ProfileRegister } from "#core/profile/profile.js";
import { createBisection, type Registers, type Verdict } from "../../../daemon/poll/bisection.js";
import { createFakeClock } from "../../support/fake-clock.js";
import { plainRegister } from "../../support/plain-profile.js";

/** Greatest number of requests for k bad ones among n, the failed read of all of them included. */
function bound(n: number, k: number): number {
  const log = (x: number) => Math.log2(x);
  return 1 + 2 * (k - 1 + k * (Math.ceil(log(n)) - Math.floor(log(k)))) + k;
}

/** Runs a search to its end; polls are two seconds apart. */
async function search(n: number, bad: ReadonlySet<number>, perPoll = 16) {
  const clock = createFakeClock();
  const found: number[] = [];
  const good = new Set<number>();
  const bisection = createBisection(clock, (register) => found.push(register.address));
  const registers = Array.from({ length: n }, (_, address) => plainRegister(address));
  const [first, ...rest] = registers as [ProfileRegister, ...ProfileRegister[]];
  let [requests, perPollSeen] = [1, 0];
  bisection.begin([first, ...rest], 2);
  for (let poll = 0; bisection.openIds.size > 0; poll++) {
    expect(poll).toBeLessThan(200);
    const before = requests;
    const read = async (asked: Registers): Promise<Verdict> => {
      requests++;
      if (asked.some(({ address }) => bad.has(address))) return { kind: "bad", code: 2 };
      for (const { address } of asked) good.add(address);
      return { kind: "good" };
    };
    await bisection.proceed(read, perPoll);
    perPollSeen = Math.max(perPollSeen, requests - before);
    await clock.advance(2000);
  }
  return { found: found.sort((a, b) => a - b), requests, perPollSeen, good };
}

describe("the search for bad registers", () => {
  it("finds every subset of up to 10 registers within the bound", async () => {
    for (let n = 1; n <= 10; n++) {
      for (let mask = 1; mask < 2 ** n; mask++) {
        const bad = new Set(
          Array.from({ length: n }, (_, bit) => bit).filter((b) => mask & (1 << b)),
        );
        const { found, requests, good } = await search(n, bad);
        expect(found).toEqual([...bad]);
        expect(requests).toBeLessThanOrEqual(bound(n, bad.size));
        for (const address of good) expect(bad.has(address)).toBe(false);
      }
    }
  });

  it("finds one among 40 and among 125 in at most 2 ceil(log2 n) + 2 requests", async () => {
    for (const n of [40, 125]) {
      for (let bad = 0; bad < n; bad++) {
        const { found, requests } = await search(n, new Set([bad]));
        expect(found).toEqual([bad]);
        expect(requests).toBeLessThanOrEqual(2 * Math.ceil(Math.log2(n)) + 2);
      }
    }
  });

  it("does not read what must be bad: the last of 64 takes a left half per level", async () => {
    const { requests } = await search(64, new Set([63]));
    expect(requests).toBe(1 + Math.log2(64) + 1);
  });

  it("keeps to the bound for any bad ones among 125, and to the requests of a poll", async () => {
    const sets = fc.uniqueArray(fc.integer({ min: 0, max: 124 }), { minLength: 1, maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(sets, async (list) => {
        const { found, requests, perPollSeen } = await search(125, new Set(list));
        expect(found).toEqual([...list].sort((a, b) => a - b));
        expect(requests).toBeLessThanOrEqual(bound(125, list.length));
        expect(perPollSeen).toBeLessThanOrEqual(16);
      }),
      { numRuns: 40, seed: 7 },
    );
  });

  it("lets a register go that is good when it is read alone", async () => {
    const clock = createFakeClock();
    const found: string[] = [];
    const bisection = createBisection(clock, (register) => found.push(register.id));
    bisection.begin([plainRegister(5)], 2);
    await bisection.proceed(async () => ({ kind: "good" }), 16);
    expect(bisection.openIds.size).toBe(1); // not before a second has passed
    await clock.advance(1000);
    await bisection.proceed(async () => ({ kind: "good" }), 16);
    expect([bisection.openIds.size, found]).toEqual([0, []]);
  });

  it("stands still while nothing is told, and goes on afterwards", async () => {
    const clock = createFakeClock();
    const bisection = createBisection(clock, () => {});
    bisection.begin([plainRegister(1), plainRegister(2)], 2);
    let asked = 0;
    const silent = async (): Promise<Verdict> => {
      asked++;
      return { kind: "failed" };
    };
    await bisection.proceed(silent, 16);
    await bisection.proceed(silent, 16);
    expect(asked).toBe(2);
    expect([...bisection.openIds]).toEqual(["r1", "r2"]);
  });
});
