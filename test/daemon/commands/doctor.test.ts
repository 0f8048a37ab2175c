/** `heatpool doctor` as a person runs it. */
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseProfile } from "#core/profile/compile-profile.js";
import type { Finding } from "../../../daemon/host/diagnosis-texts.js";
import { createHeatPumpModel } from "../../../daemon/simulator/heat-pump-model.js";
import { startModbusServer } from "../../../daemon/simulator/modbus-server.js";
import { createProfileImage } from "../../../daemon/simulator/profile-image.js";
import { temporaryFolder } from "../../support/folder.js";
import { programOf } from "../../support/program.js";

const PROFILE = "idm/navigator-2.0";
const PROGRAM = [...programOf("daemon"), "doctor"];

function run(config: string, ...more: string[]): Promise<{ status: number; stdout: string }> {
  return new Promise((resolve) => {
    const args = [...PROGRAM, "--config", config, ...more];
    execFile(process.execPath, args, (fault, stdout) => {
      resolve({ status: fault === null ? 0 : Number(fault.code), stdout });
    });
  });
}

function writeConfig(port: number, more = ""): string {
  const folder = temporaryFolder();
  const file = join(folder, "heatpool.yaml");
  writeFileSync(
    file,
    [
      `devices: [{ host: 127.0.0.1, port: ${port}, profile: ${PROFILE} }]`,
      `stateDir: ${join(folder, "state")}`,
      `runtimeDir: ${join(folder, "run")}`,
      more,
    ].join("\n"),
  );
  return file;
}

async function findings(config: string): Promise<readonly Finding[]> {
  return (JSON.parse((await run(config, "--json")).stdout) as { findings: Finding[] }).findings;
}

describe("heatpool doctor", () => {
  it("says that Modbus is off where the port is closed, and ends with 1", async () => {
    // Nothing listens on the discard port of this machine.
    const config = writeConfig(9, "language: de");
    const { status, stdout } = await run(config);
    expect(status).toBe(1);
    expect(stdout).toContain("!!! Auf 127.0.0.1:9 ist etwas eingeschaltet, aber nicht Modbus TCP");
    expect(stdout).toContain("→ Schalten Sie Modbus TCP im Menü der Wärmepumpe ein");
  });

  it("reads the heat pump itself while no daemon runs", async () => {
    const text = readFileSync(`firmware-profiles/${PROFILE}.yaml`, "utf8");
    const profile = parseProfile(text, PROFILE);
    const image = createProfileImage(profile, createHeatPumpModel({ seed: 7 }));
    const blockWordsMax = profile.connection.wordsPerReadMax;
    const server = await startModbusServer(image, { host: "127.0.0.1", port: 0, blockWordsMax });
    try {
      const found = await findings(writeConfig(server.port));
      expect(found.find((one) => one.check === "heat-pump")?.verdict).toBe("ok");
      expect(server.requests).toBeGreaterThan(0);
      expect(found.find((one) => one.check === "service")?.verdict).toBe("problem");
    } finally {
      await server.close();
    }
  });

  it("calls no backend before the owner agreed", async () => {
    const server = await startModbusServer({ read: () => 2 }, { host: "127.0.0.1", port: 0 });
    let calls = 0;
    const { createServer } = await import("node:net");
    const backend = createServer((socket) => {
      calls++;
      socket.destroy();
    }).listen(0, "127.0.0.1");
    await new Promise((resolve) => backend.once("listening", resolve));
    const { port } = backend.address() as { port: number };
    try {
      const found = await findings(
        writeConfig(server.port, `backend: { url: "127.0.0.1:${port}" }`),
      );
      expect(found.map((one) => one.check)).not.toContain("backend");
      expect(calls).toBe(0);
    } finally {
      await server.close();
      await new Promise((resolve) => backend.close(resolve));
    }
  });

  it("goes on where the configuration cannot be used", async () => {
    const found = await findings(join(temporaryFolder(), "none.yaml"));
    const fault = found.find((one) => one.check === "configuration");
    expect(fault).toMatchObject({ verdict: "problem", text: expect.stringContaining("none.yaml") });
    expect(found.map((one) => one.check)).toContain("disk");
  });
});
