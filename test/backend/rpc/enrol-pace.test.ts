/** The pace of enrolment: a network may not try often, and addresses are kept nowhere. */
import { describe, expect, it } from "vitest";
import { createEnrolPace } from "../../../backend/rpc/enrol-pace.js";
import { createChance } from "../../support/chance.js";
import { createFakeClock } from "../../support/fake-clock.js";

const HOUR_MS = 3_600_000;
const limited = expect.objectContaining({ code: "RATE_LIMITED" });

function make(perPrefix: number, all: number) {
  const clock = createFakeClock();
  return { clock, pace: createEnrolPace({ perPrefix, all }, createChance(1), clock) };
}

describe("the pace of enrolment", () => {
  it("counts all addresses of one /24 and of one /56 together", () => {
    const { pace } = make(5, 0);
    for (let host = 1; host <= 5; host++) pace.take(`192.0.2.${host}`);
    expect(() => pace.take("192.0.2.200")).toThrow(limited);
    expect(() => pace.take("::ffff:192.0.2.9")).toThrow(limited);
    pace.take("192.0.3.1");
    for (let site = 0; site < 5; site++) pace.take(`2001:db8:0:1${site}::1`);
    expect(() => pace.take("2001:db8:0:1f::9")).toThrow(limited);
    pace.take("2001:db8:0:100::1");
  });

  it("says when the hour is over, and then begins anew", async () => {
    const { clock, pace } = make(1, 0);
    pace.take("192.0.2.1");
    await clock.advance(HOUR_MS - 1_000);
    let cause: unknown;
    try {
      pace.take("192.0.2.1");
    } catch (error) {
      cause = (error as Error).cause;
    }
    expect(cause).toEqual({ retryAfterMs: 1_000 });
    await clock.advance(1_000);
    pace.take("192.0.2.1");
  });

  it("has a limit for all networks together, which refused calls do not use up", () => {
    const { pace } = make(2, 3);
    pace.take("192.0.2.1");
    pace.take("192.0.2.1");
    expect(() => pace.take("192.0.2.1")).toThrow(limited);
    pace.take("192.0.3.1");
    expect(() => pace.take("192.0.4.1")).toThrow(limited);
  });

  it("knows no limit where it is 0", () => {
    const { pace } = make(0, 0);
    for (let call = 0; call < 50; call++) pace.take("192.0.2.1");
  });
});
