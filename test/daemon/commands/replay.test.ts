/** The house's own history, played back: what would this machine have been alarmed about? */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { planCatalogueChannels } from "#core/batch/device-channels.js";
import { simulateHeatPump } from "../../../bench/heat-pump-simulator.js";
import { rowsOfTable } from "../../../bench/simulated/record.js";
import { openHistoryFolder } from "../../../daemon/assembly/open-history.js";
import { replay } from "../../../daemon/commands/replay.js";
import { readSetup } from "../../../daemon/commands/setup.js";
import { createSystemClock } from "../../../daemon/host/system-clock.js";
import { createFakeTerminal } from "../../support/fake-terminal.js";
import { temporaryFolder } from "../../support/folder.js";
import { METRIC_OF } from "../../support/scorer-bed.js";

const DAY_MS = 86_400_000;
const START_MS = Date.parse("2025-01-05T00:00:00Z");
const LEARN_DAYS = 30;
const DAYS = 42;
/** Bits of the mode as the machine of the profile says them: off, heating, hot water, defrost. */
const MODE_BITS = [0, 1, 4, 8];

function installed(devices = "[{ host: 127.0.0.1, profile: idm/navigator-2.0 }]") {
  const folder = temporaryFolder();
  const config = join(folder, "heatpool.yaml");
  const lines = [
    `devices: ${devices}`,
    `stateDir: ${join(folder, "state")}`,
    `runtimeDir: ${join(folder, "run")}`,
  ];
  writeFileSync(config, lines.join("\n"));
  return { config, setup: readSetup(config) };
}

async function run(config: string, more: object = {}) {
  const printed: string[] = [];
  const terminal = {
    clock: createSystemClock(),
    ending: new AbortController().signal,
    print: (text: string) => printed.push(text),
    warn: () => undefined,
  };
  const options = { config, from: "history", speed: "max", json: true, ...more };
  await replay(options, terminal as never);
  return JSON.parse(printed.join(""));
}

describe("heatpool replay --from history", () => {
  it("learns from the house's own past and finds the fault in what follows", async () => {
    const { config, setup } = installed();
    const startMs = START_MS + 36 * DAY_MS;
    const fault = {
      fault: "fan_failure",
      severity: 1,
      startMs,
      endMs: startMs + 4 * DAY_MS,
    } as const;
    const table = simulateHeatPump({ seed: 71, startMs: START_MS, days: DAYS, faults: [fault] });
    const rows = Array.from(rowsOfTable(table), ({ atMs, reading }) => {
      const values = Object.entries(reading).map(([column, value]) => {
        const metric = METRIC_OF[column] ?? column;
        const told = metric === "operating_mode" ? (MODE_BITS[value] ?? 0) : value;
        return [metric, told] as const;
      });
      const isThere = ([metric, value]: readonly [string, number]) =>
        Number.isFinite(value) && !(metric === "cop_current" && value === 0);
      return { atMs, values: new Map(values.filter(isThere)) };
    });
    const metrics = [...new Set(rows.flatMap(({ values }) => [...values.keys()]))];
    const deviceId = setup.devices[0]?.config.deviceId ?? "";
    const history = await openHistoryFolder(
      { ...setup, clock: createSystemClock() },
      () => undefined,
    );
    await history.take(deviceId, rows, planCatalogueChannels(metrics));
    const end = new AbortController();
    end.abort();
    await history.run(end.signal);

    const told = await run(config, { learnDays: String(LEARN_DAYS) });
    expect(told).toMatchObject({ polls: rows.length, learned: 1 });
    expect(told.devices[0]).toMatchObject({ deviceId, model: { source: "local" } });
    const [alarm, ...more] = told.alarms;
    expect(more).toEqual([]);
    expect(alarm.raisedAtMs).toBeGreaterThan(startMs);
    expect(alarm.parts[0].id).toMatch(/\.(low|fan)$/);
  }, 300_000);

  it("says when there is none, and whose it is to be where there are several", async () => {
    await expect(run(installed().config)).rejects.toMatchObject({ code: "NOT_FOUND" });
    const two =
      "[{ host: 127.0.0.1, profile: idm/navigator-2.0, deviceId: a }, { host: 127.0.0.2, profile: idm/navigator-2.0, deviceId: b }]";
    await expect(run(installed(two).config)).rejects.toMatchObject({ code: "USAGE" });
  });

  it("that is ended, or asked in a language it does not speak, is no result", async () => {
    const from = join(temporaryFolder(), "polls.csv");
    writeFileSync(from, "timestamp,temp_flow\n2026-01-01T00:00:00Z,30\n");
    const { terminal, lines } = createFakeTerminal();
    const ask = (more: object) => replay({ config: "", from, speed: "max", ...more }, terminal);
    await expect(ask({ language: "fr" })).rejects.toMatchObject({ code: "USAGE" });
    Object.assign(terminal, { ending: AbortSignal.abort() });
    await expect(ask({})).rejects.toMatchObject({ code: "INTERRUPTED" });
    expect(lines).toEqual([]);
  });
});
