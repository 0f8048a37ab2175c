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
    ["id 550e8400e29b41d4a716446655440000", "id 550e…"],
    ["two\nlines", "two lines"],
    ["at 12:30:45", "at 12:30:45"],
  ])("turns %j into %j", (text, masked) => {
    const lines: string[] = [];
    const log = createLog((line) => lines.push(line), createFakeClock(0), "info");
    log("info", "uplink.disconnected", { why: text });
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ why: masked });
  });

  it.each(["203.0.113.77", "2001:db8:aaaa:bbbb:1:2:3:4", "550e8400-e29b-41d4-a716-446655440000"])(
    "leaves nothing of %s where a long text is cut in its middle",
    (name) => {
      for (let kept = 1; kept < name.length; kept++) {
        const lines: string[] = [];
        const log = createLog((line) => lines.push(line), createFakeClock(0), "info");
        log("info", "a.b", { what: `${"x".repeat(499 - kept)} ${name}` });
        expect(JSON.parse(lines[0] ?? "").what).toBe(`${"x".repeat(499 - kept)} …`);
      }
    },
  );
});
