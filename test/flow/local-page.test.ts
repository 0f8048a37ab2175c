/** A daemon with a page: what it read is in the house at once, without consent and without a backend. */
import { spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createSystemClock } from "../../daemon/host/system-clock.js";
import {
  askDaemon,
  controlSocketPath,
  historyQuestion,
} from "../../daemon/local/control-socket.js";
import { type DaemonRun, IMAGE, startDaemon } from "../support/daemon-run.js";
import { temporaryFolder } from "../support/folder.js";
import { type ModbusPeer, startPymodbus } from "../support/modbus-peer.js";
import { isPeerMissing } from "../support/peer.js";
import { programOf } from "../support/program.js";

const POLLS = 3;

function portOf({ events }: DaemonRun): number {
  return Number(events.find(({ event }) => event === "local.listening")?.facts.port);
}

describe.skipIf(isPeerMissing("python3-pymodbus"))("a page (python3-pymodbus)", () => {
  let heatPump: ModbusPeer;
  beforeAll(async () => {
    heatPump = await startPymodbus(temporaryFolder(), IMAGE);
  });
  afterAll(() => heatPump.stop());

  it("shows what was read, keeps it over a restart, and nothing is queued for sending", async () => {
    const folder = temporaryFolder();
    const daemon = startDaemon(folder, heatPump.port, "local: { port: 0 }");
    await daemon.seen("local.listening");
    await daemon.seen("poll.finished", POLLS);
    const api = `http://127.0.0.1:${portOf(daemon)}/api/v1`;
    // biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever came
    const read = async (path: string): Promise<any> => (await fetch(`${api}/${path}`)).json();
    const { devices } = await read("now");
    const flow = devices[0].values.find(({ metric }: { metric: string }) => metric === "temp_flow");
    expect(flow).toMatchObject({ value: 35, unit: "°C", quality: "good" });
    const { series } = await read("history?metric=temp_return");
    expect(series[0].last).toContain(30.1);
    expect((await read("sharing")).consent).toBe("missing");
    await daemon.stop();

    const again = startDaemon(folder, heatPump.port, "local: { port: 0 }");
    await again.seen("local.listening");
    const socket = controlSocketPath(again.config.runtimeDir);
    const range = { fromMs: 0, toMs: Date.now() };
    const ask = historyQuestion({ action: "rows", deviceId: "heatpump", ...range });
    const rows = (await askDaemon(createSystemClock(), socket, ask)) as [number, object][];
    expect(rows.length).toBeGreaterThanOrEqual(POLLS);
    expect(rows[0]?.[1]).toEqual({ temp_outdoor: 21.5, temp_flow: 35, temp_return: 30.1 });
    await again.stop();
    expect(existsSync(join(folder, "state/backlog"))).toBe(false);
  });

  it("does not exist, and nothing listens, unless the configuration has it", async () => {
    const daemon = startDaemon(temporaryFolder(), heatPump.port, "");
    await daemon.seen("poll.finished");
    expect(daemon.events.map(({ event }) => event)).not.toContain("local.listening");
    await daemon.stop();
  });
});

describe("heatpool import and export", () => {
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [...programOf("daemon"), ...args], { encoding: "utf8" });

  it("give back what a file held, without what was broken in it", { timeout: 180_000 }, () => {
    const folder = temporaryFolder();
    const config = join(folder, "heatpool.yaml");
    writeFileSync(
      config,
      [
        "devices: [{ host: 127.0.0.1, port: 9, profile: idm/navigator-2.0 }]",
        `stateDir: ${join(folder, "state")}`,
        `runtimeDir: ${join(folder, "run")}`,
      ].join("\n"),
    );
    expect(run("history", "export", "--config", config)).toMatchObject({ status: 1 });
    expect(run("history", "export", "--json", "--config", config)).toMatchObject({ status: 64 });
    expect(existsSync(join(folder, "state/history"))).toBe(false);
    const old = join(folder, "old.csv");
    const lines = ["2024-10-01T12:00:00Z,35.5,30.1", "never,1,2", "2024-10-01T12:05:00Z,36.5,31.1"];
    writeFileSync(old, ["time,temp_flow,temp_return", ...lines].join("\n"));
    const taken = run("import", "csv", old, "--config", config);
    expect(taken.stdout).toBe("heatpump: 2 rows read, 4 values new, 1 passed over\n");
    expect(taken.stderr).toBe("line 3: never is no time\n");
    const of = ["--config", config, "--metrics", "temp_return,temp_flow"];
    expect(run("history", "export", "--csv", ...of).stdout).toBe(
      [
        "time,device,temp_return,temp_flow",
        "2024-10-01T12:00:00.000Z,heatpump,30.1,35.5",
        "2024-10-01T12:05:00.000Z,heatpump,31.1,36.5",
        "",
      ].join("\n"),
    );
    const late = run("history", "export", ...of, "--from", "2024-10-01T12:01:00Z");
    expect(late.stdout.split("\n")).toHaveLength(3);
  });
});
