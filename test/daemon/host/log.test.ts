/** The log: one line per event, and no line by which a household could be found. */
import { describe, expect, it } from "vitest";
import { createLog } from "../../../daemon/host/log.js";
import { createFakeClock } from "../../support/fake-clock.js";

describe("the log", () => {
  it("writes one JSON line per event, from its level on", () => {
    const lines: string[] = [];
    const log = createLog((line) => lines.push(line), createFakeClock(0), "info");
    log("debug", "poll.finished");
    log("info", "uplink.connected", { attempt: 3 });
    expect(lines).toEqual([
      '{"time":"1970-01-01T00:00:00.000Z","level":"info","event":"uplink.connected","attempt":3}',
    ]);
  });

  it.each([
    ["connect ECONNREFUSED 192.168.178.20:502", "connect ECONNREFUSED 192.168.xxx.xxx:502"],
    ["connect to 2001:db8:1::7 failed", "connect to 2001:db8:xxxx:xxxx failed"],
    ["id 550e8400-e29b-41d4-a716-446655440000", "id 550e…"],
    ["two\nlines", "two lines"],
    ["at 12:30:45", "at 12:30:45"],
  ])("turns %j into %j", (text, masked) => {
    const lines: string[] = [];
    const log = createLog((line) => lines.push(line), createFakeClock(0), "info");
    log("info", "uplink.disconnected", { why: text });
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ why: masked });
  });
});
