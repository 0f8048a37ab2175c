/** The watchdog's question: a daemon that does no work must not look well. */
import { describe, expect, it } from "vitest";
import { runWatchdog } from "../../../daemon/host/systemd-notify.js";
import { createVitalSigns } from "../../../daemon/host/vital-signs.js";
import { createFakeClock } from "../../support/fake-clock.js";

const HOUR_MS = 3_600_000;

describe("vital signs", () => {
  it("are bad when a device finished no poll for long", async () => {
    const clock = createFakeClock();
    const signs = createVitalSigns(clock, 30_000, () => false);
    signs.expect("heatpump", 60_000);
    await clock.advance(300_000);
    expect(signs.isHealthy()).toBe(true);
    await clock.advance(1);
    expect(signs.isHealthy()).toBe(false);
    signs.pollFinished("heatpump");
    expect(signs.isHealthy()).toBe(true);
  });

  it("are bad when one of two devices is stuck", async () => {
    const clock = createFakeClock();
    const signs = createVitalSigns(clock, 30_000, () => false);
    signs.expect("one", 60_000);
    signs.expect("two", 60_000);
    await clock.advance(HOUR_MS);
    signs.pollFinished("one");
    expect(signs.isHealthy()).toBe(false);
  });

  it("are bad when snapshots are not committed, unless the store said so", async () => {
    const clock = createFakeClock();
    let isDegraded = false;
    const signs = createVitalSigns(clock, 30_000, () => isDegraded);
    signs.snapshotTaken();
    await clock.advance(120_001);
    expect(signs.isHealthy()).toBe(false);
    isDegraded = true;
    expect(signs.isHealthy()).toBe(true);
    isDegraded = false;
    signs.committed();
    expect(signs.isHealthy()).toBe(true);
  });
});

describe("the watchdog", () => {
  it("is fed twice per period, and starves while the signs are bad", async () => {
    const clock = createFakeClock();
    const sent: string[] = [];
    let isWell = true;
    const stop = new AbortController();
    const deps = { notify: (text: string) => void sent.push(text), clock, watchdogMs: 60_000 };
    const done = runWatchdog({ ...deps, isHealthy: () => isWell }, stop.signal);
    await clock.advance(60_000);
    expect(sent).toEqual(["WATCHDOG=1", "WATCHDOG=1", "WATCHDOG=1"]);
    isWell = false;
    await clock.advance(HOUR_MS);
    expect(sent).toHaveLength(3);
    stop.abort();
    await done;
  });
});
