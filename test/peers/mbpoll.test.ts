/**
 * Programs that are not ours read `heatpool profile simulate`: mbpoll (libmodbus) and a client of
 * pymodbus. They must see the floats that the profile says, in its word order.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createHeatPumpModel } from "../../daemon/simulator/heat-pump-model.js";
import { isPeerMissing } from "../support/peer.js";
import { programOf } from "../support/program.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const profileName = "idm/navigator-10";
/** Flow, return and outdoor temperature: floats, low word first. */
const FLOW = 1050;

const child: { process: ChildProcess | undefined; port: number } = { process: undefined, port: 0 };

beforeAll(async () => {
  const simulate = ["profile", "simulate", profileName, "--speed", "0", "--seed", "7"];
  const started = spawn(process.execPath, [...programOf("daemon"), ...simulate], {
    cwd: root,
    stdio: ["ignore", "pipe", "inherit"],
  });
  child.process = started;
  const [line] = (await once(started.stdout, "data")) as [Buffer];
  const told = JSON.parse(String(line));
  expect(told).toMatchObject({ profile: profileName, host: "127.0.0.1", unitIds: [1] });
  child.port = told.port;
});

afterAll(async () => {
  if (child.process === undefined) return;
  const gone = once(child.process, "exit");
  child.process.kill("SIGTERM");
  expect(await gone).toEqual([0, null]);
});

/** Values of the same house at the same moment: at speed 0 nothing moves; sensors are noisy. */
const model = createHeatPumpModel({ seed: 7 });
const meant = ["temp_flow", "temp_return"].map((metric) => model.value(metric));
const NOISE = 0.25;

function readByMbpoll(table: 3 | 4, type: string, address: number, count: number) {
  const what = ["-0", "-1", "-q", "-t", `${table}${type}`, "-r", `${address}`, "-c", `${count}`];
  const run = spawnSync("mbpoll", [...what, "-p", `${child.port}`, "127.0.0.1"], {
    encoding: "utf8",
  });
  return [...run.stdout.matchAll(/^\[\d+\]:\s+(\S+)/gm)].map(([, value]) => Number(value));
}

describe.skipIf(isPeerMissing("mbpoll"))("mbpoll reads the simulated device", () => {
  it("as floats with the low word first, by both function codes", () => {
    const values = readByMbpoll(3, ":float", FLOW, 2);
    expect(values.length).toBe(2);
    values.forEach((value, at) => {
      expect(Math.abs(value - (meant[at] ?? Number.NaN))).toBeLessThan(NOISE);
    });
    expect(readByMbpoll(4, ":float", FLOW, 2)).toEqual(values);
  });

  it("and is refused where the profile knows nothing, and writes", () => {
    const refused = spawnSync("mbpoll", [
      "-0",
      "-1",
      "-r",
      "7",
      "-p",
      `${child.port}`,
      "127.0.0.1",
    ]);
    expect(String(refused.stderr)).toMatch(/Illegal data address/);
    const written = spawnSync("mbpoll", [
      "-0",
      "-r",
      "1032",
      "-p",
      `${child.port}`,
      "127.0.0.1",
      "9",
    ]);
    expect(String(written.stderr)).toMatch(/Illegal function/);
  });
});

describe.skipIf(isPeerMissing("python3-pymodbus"))("pymodbus reads the simulated device", () => {
  it("and sees the same words, and the block limit as exception 3", () => {
    const script = `
import sys, json
from pymodbus.client import ModbusTcpClient
client = ModbusTcpClient("127.0.0.1", port=int(sys.argv[1]))
client.connect()
flow = client.read_input_registers(${FLOW}, count=4, slave=1)
long = client.read_input_registers(${FLOW}, count=41, slave=1)
client.close()
print(json.dumps([flow.registers, long.exception_code]))
`;
    const run = spawnSync("/usr/bin/python3", ["-c", script, `${child.port}`], {
      encoding: "utf8",
    });
    const [words, code] = JSON.parse(run.stdout) as [number[], number];
    expect(code).toBe(3);
    const view = new DataView(new ArrayBuffer(4));
    [words[1], words[0]].forEach((word, at) => {
      view.setUint16(2 * at, word ?? 0);
    });
    expect(Math.abs(view.getFloat32(0) - (meant[0] ?? Number.NaN))).toBeLessThan(NOISE);
    if (!isPeerMissing("mbpoll")) expect(readByMbpoll(3, "", FLOW, 4)).toEqual(words);
  });
});
