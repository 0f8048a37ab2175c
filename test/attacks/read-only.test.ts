/**
 * Nobody writes to a heat pump (A24): not a profile, not a backend, not a thief of one. The contract
 * on the wire has no word for it, and what passed on the wire were reads.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { startCountingProxy } from "../support/counting-proxy.js";
import { IMAGE, openBook, startDaemon } from "../support/daemon-run.js";
import { temporaryFolder } from "../support/folder.js";
import { startPymodbus } from "../support/modbus-peer.js";
import { isPeerMissing } from "../support/peer.js";

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** Names of messages, fields, enums and methods. */
function namesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".proto"))
    .flatMap((name) => {
      const code = readFileSync(join(folder, name), "utf8").replace(/\/\/.*$/gm, "");
      return [...code.matchAll(/\b(?:message|enum|rpc|oneof)\s+(\w+)|(\w+)\s*=\s*\d+\s*;/g)].map(
        (found) => found[1] ?? found[2] ?? "",
      );
    });
}

describe("the contract on the wire", () => {
  it("has no message, field or method that could write to a heat pump", () => {
    const names = namesIn("proto/heatpool");
    expect(names.length).toBeGreaterThan(200);
    const writing =
      /write|modbus|register(?!ed)|setpoint|set_value|actuat|command|control|host|unit_id/i;
    // `Control` paces the upload; these five are all that it can say.
    const found = new Set(names.filter((name) => writing.test(name)));
    expect(found).toEqual(new Set(["Control", "control"]));
    const telemetry = readFileSync("proto/heatpool/telemetry/v1/telemetry.proto", "utf8");
    const [, control = ""] = /message Control \{(.*?)\n\}/s.exec(telemetry) ?? [];
    expect([...control.matchAll(/(\w+) = \d+;/g)].map(([, name]) => name)).toEqual([
      "pause_ms",
      "limits",
      "reset_state",
      "reason",
      "renew_identity",
    ]);
  });
});

describe.skipIf(isPeerMissing("python3-pymodbus"))("a whole daemon (python3-pymodbus)", () => {
  it("sends function codes 1 to 4 and no other", async () => {
    const folder = temporaryFolder();
    const heatPump = await startPymodbus(folder, IMAGE);
    ends.push(() => heatPump.stop());
    const proxy = await startCountingProxy(heatPump.port);
    ends.push(() => proxy.close());
    const daemon = startDaemon(folder, proxy.port, "logLevel: debug");
    ends.push(() => daemon.stop());
    openBook(daemon.config).grant({ locale: "en", scopes: [] });
    await daemon.seen("poll.finished", 3);
    const codes = new Set(proxy.requests.map(({ functionCode }) => functionCode));
    expect(proxy.requests.length).toBeGreaterThanOrEqual(3);
    expect([...codes].filter((code) => ![1, 2, 3, 4].includes(code))).toEqual([]);
  });
});
