/** The log is read by programs and kept for two weeks: one line, no address, no id. */
import { expect, it } from "vitest";
import { createLog, type LogLevel } from "../../../backend/host/log.js";
import { maskAddresses } from "../../../backend/privacy/mask.js";

function logged(threshold: LogLevel, act: (log: ReturnType<typeof createLog>) => void): string[] {
  const lines: string[] = [];
  const clock = { nowMs: () => Date.UTC(2026, 10, 21) };
  const write = (line: string) => lines.push(line);
  act(createLog({ write, clock, threshold: () => threshold, mask: maskAddresses }));
  return lines;
}

it("writes one line of JSON per event, without addresses and ids, whatever is in a text", () => {
  const id = "0aa7b810-9dad-41d1-80b4-00c04fd430c8";
  const [line = ""] = logged("info", (log) =>
    log("warn", "rpc.bug", { what: `${id} at 192.168.1.2\nsecond line`, count: 3 }),
  );
  expect(line).not.toContain("\n");
  expect(JSON.parse(line)).toEqual({
    time: "2026-11-21T00:00:00.000Z",
    level: "warn",
    event: "rpc.bug",
    what: "0aa7… at 192.168.xxx.xxx second line",
    count: 3,
  });
});

it("leaves out what is less important than asked for", () => {
  const lines = logged("warn", (log) => {
    log("info", "a.b");
    log("error", "c.d");
  });
  expect(lines).toHaveLength(1);
});

it("cuts what a peer writes into an error", () => {
  const [line = ""] = logged("info", (log) => log("info", "a.b", { what: "x".repeat(10_000) }));
  expect(line.length).toBeLessThan(700);
});

it.each(["203.0.113.77", "2001:db8:aaaa:bbbb:1:2:3:4", "550e8400-e29b-41d4-a716-446655440000"])(
  "leaves nothing of %s where a long text is cut in its middle",
  (name) => {
    for (let kept = 1; kept < name.length; kept++) {
      const before = "x".repeat(499 - kept);
      const [line = ""] = logged("info", (log) =>
        log("info", "a.b", { what: `${before} ${name}` }),
      );
      expect(JSON.parse(line).what).toBe(`${before} …`);
    }
  },
);
