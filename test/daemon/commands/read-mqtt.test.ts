/** `heatpool read` and the daemon's assembly for a heat pump behind a real broker. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { read } from "../../../daemon/commands/read.js";
import type { Terminal } from "../../../daemon/commands/terminal.js";
import { temporaryFolder } from "../../support/folder.js";
import { createBroker, createHastyClock, type TestBroker } from "../../support/mosquitto.js";
import { isPeerMissing } from "../../support/peer.js";

function createTerminal() {
  const printed: string[] = [];
  const clock = createHastyClock();
  const terminal = {
    print: (line: string) => printed.push(line),
    warn: (line: string) => printed.push(line),
    clock,
    chance: (count: number) => new Uint8Array(count).fill(7),
    ending: new AbortController().signal,
  };
  return { printed, clock, terminal: terminal as unknown as Terminal };
}

function configure(device: string): string {
  const file = join(temporaryFolder(), "heatpool.yaml");
  writeFileSync(file, `devices: [${device}]\n`);
  return file;
}

describe.skipIf(isPeerMissing("mosquitto"))("heatpool read over MQTT (mosquitto)", () => {
  let broker: TestBroker;
  beforeAll(async () => {
    broker = await createBroker();
    await broker.start();
  });
  afterAll(() => broker.stop());

  it("waits for the gateway's next round and shows what it heard", async () => {
    const { port, userFile, passwordFile } = broker;
    const config = configure(
      `{ broker: { url: "mqtt://127.0.0.1:${port}", userFile: ${userFile}, passwordFile: ${passwordFile} }, profile: bosch/ems-esp }`,
    );
    const { printed, clock, terminal } = createTerminal();
    const over = new AbortController();
    const gateway = await broker.connect();
    const speak = async () => {
      while (!over.signal.aborted) {
        await gateway.publishAsync(
          "ems-esp/boiler_data",
          '{"outdoortemp":2.6,"hpactivity":"Heizen"}',
        );
        await pause(50, undefined, { signal: over.signal }).catch(() => undefined);
      }
      await gateway.endAsync(true);
    };
    const speaking = speak();
    const reading = read({ config, json: true }, terminal);
    // Not every metric is there: patience ends some time.
    for (let second = 0; second < 120; second++) {
      clock.pass(1000);
      await pause(10);
    }
    await reading;
    over.abort();
    await speaking;
    const { readings } = JSON.parse(printed[0] ?? "") as { readings: { metric: string }[] };
    expect(readings.find(({ metric }) => metric === "temp_outdoor")).toMatchObject({
      value: 2.6,
      unit: "°C",
      quality: "good",
    });
    expect(readings.find(({ metric }) => metric === "operating_mode")).toMatchObject({
      value: 1,
      meaning: "heating",
    });
  });
});

describe("a device whose profile is for another transport", () => {
  it.each([
    ["{ host: 192.0.2.1, profile: bosch/ems-esp }", /bosch\/ems-esp needs an MQTT broker/],
    ["{ broker: { host: x }, profile: idm/navigator-2.0 }", /needs the host of a Modbus server/],
  ])("%s is refused", async (device, message) => {
    const { terminal } = createTerminal();
    await expect(read({ config: configure(device) }, terminal)).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message: expect.stringMatching(message),
    });
  });
});

describe("a daemon without MQTT devices", () => {
  it("does not load the package that only they need", () => {
    const script = [
      'import { createRequire } from "node:module";',
      "const { cache } = createRequire(import.meta.url);",
      'const loaded = () => Object.keys(cache).some((file) => file.includes("/mqtt/build/"));',
      'await import("./daemon/daemon.ts");',
      "const before = loaded();",
      'await import("mqtt");',
      "console.log(before, loaded());",
    ].join("\n");
    const node = ["--conditions=source", "--import", "tsx", "--input-type=module", "-e", script];
    const { stdout, stderr } = spawnSync(process.execPath, node, { encoding: "utf8" });
    expect(stdout, stderr).toBe("false true\n");
  });
});
