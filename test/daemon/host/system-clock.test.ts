/** Time on a machine without a clock of its own: believed late, but never wrongly. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createSystemClock } from "../../../daemon/host/system-clock.js";
import { temporaryFolder } from "../../support/folder.js";

function start(wallMs: number) {
  const now = { wallMs, monotonicMs: 5_000 };
  const syncedFile = join(temporaryFolder(), "synchronized");
  const clock = createSystemClock({
    syncedFile,
    wallMs: () => now.wallMs,
    monotonicMs: () => now.monotonicMs,
  });
  const pass = (ms: number) => {
    now.wallMs += ms;
    now.monotonicMs += ms;
  };
  return { clock, now, pass, syncedFile };
}

const TRUE_MS = Date.UTC(2026, 10, 1);

describe("the system clock", () => {
  it("is not believed before a time server was heard", () => {
    const { clock, syncedFile } = start(0);
    expect(clock.isSynced()).toBe(false);
    writeFileSync(syncedFile, "");
    expect(clock.isSynced()).toBe(true);
  });

  it("is confirmed by an answer of the backend that agrees", () => {
    const { clock } = start(TRUE_MS);
    clock.learn(TRUE_MS - 300, 200);
    expect(clock.isSynced()).toBe(true);
    expect(clock.nowMs()).toBe(TRUE_MS);
  });

  it("goes by the backend's time where its own is wrong, until a time server is heard", () => {
    const { clock, now, pass, syncedFile } = start(0);
    clock.learn(TRUE_MS, 400);
    expect(clock.nowMs()).toBe(TRUE_MS + 200);
    pass(60_000);
    expect(clock.nowMs()).toBe(TRUE_MS + 60_200);
    now.wallMs = TRUE_MS + 60_150;
    writeFileSync(syncedFile, "");
    expect(clock.nowMs()).toBe(TRUE_MS + 60_150);
  });

  it("does not believe an answer that took too long", () => {
    const { clock } = start(0);
    clock.learn(TRUE_MS, 2_001);
    expect(clock.isSynced()).toBe(false);
  });
});
