/** `heatpool setup` and `heatpool install` as a person runs them. */
import { execFile, spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseProfile } from "#core/profile/compile-profile.js";
import { fitUnit } from "../../../daemon/commands/installation-plan.js";
import { writeConfigText } from "../../../daemon/commands/set-up-answers.js";
import { parseConfig } from "../../../daemon/config.js";
import { createHeatPumpModel } from "../../../daemon/simulator/heat-pump-model.js";
import { type ModbusServer, startModbusServer } from "../../../daemon/simulator/modbus-server.js";
import { createProfileImage } from "../../../daemon/simulator/profile-image.js";
import { temporaryFolder } from "../../support/folder.js";
import { programOf } from "../../support/program.js";

const PROFILE = "idm/navigator-2.0";
const PROGRAM = programOf("daemon");

function run(...args: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [...PROGRAM, ...args], (fault, stdout, stderr) => {
      resolve({ status: fault === null ? 0 : Number(fault.code), stdout, stderr });
    });
  });
}

describe("heatpool setup", () => {
  let heatPump: ModbusServer;
  beforeAll(async () => {
    const text = readFileSync(`firmware-profiles/${PROFILE}.yaml`, "utf8");
    const profile = parseProfile(text, PROFILE);
    heatPump = await startModbusServer(
      createProfileImage(profile, createHeatPumpModel({ seed: 7 })),
      { host: "127.0.0.1", port: 0, blockWordsMax: profile.connection.wordsPerReadMax },
    );
  });
  afterAll(() => heatPump.close());

  const answers = () => [
    ...["--host", "127.0.0.1", "--port", String(heatPump.port), "--profile", PROFILE],
    ...["--backend", "none", "--no-service", "--language", "de"],
  ];

  it("writes a configuration, shows a reading, and shares nothing", async () => {
    const config = join(temporaryFolder(), "heatpool.yaml");
    const done = await run("setup", "--config", config, ...answers());
    expect(done).toMatchObject({ status: 0, stderr: "" });
    expect(done.stdout).toMatch(/°C/);
    expect(done.stdout).toContain("Es wird nichts geteilt.");
    const written = parseConfig(readFileSync(config, "utf8"));
    expect(written).toMatchObject({ language: "de", devices: [{ profile: PROFILE }] });
    expect(written.local).toMatchObject({ host: "127.0.0.1", port: 8480 });
    expect(written.backend).toBeUndefined();
  });

  it("keeps what was answered before, when it is broken off and repeated", async () => {
    const folder = temporaryFolder();
    const config = join(folder, "heatpool.yaml");
    const lines = [
      `devices: [{ host: 127.0.0.1, port: ${heatPump.port}, profile: ${PROFILE} }]`,
      `stateDir: ${join(folder, "state")}`,
      `runtimeDir: ${join(folder, "run")}`,
      'backend: { url: "127.0.0.1:9", insecureLoopback: true }',
      "# a remark of the owner",
    ];
    writeFileSync(config, lines.join("\n"));
    const asked = await run("setup", "--config", config, "--no-service");
    expect(asked.status).toBe(0);
    // Nobody is there to answer, so the answer is no.
    expect(existsSync(join(folder, "state", "consent.json"))).toBe(false);
    expect(asked.stdout).toContain("stays as it is");
    const agreed = await run("setup", "--config", config, "--no-service", "--consent", "yes");
    expect(agreed.status).toBe(0);
    expect(readFileSync(join(folder, "state", "consent.json"), "utf8")).toContain('"granted"');
    expect(readFileSync(config, "utf8")).toBe(lines.join("\n"));
  });

  it("says which answer is missing when nobody is there to give it", async () => {
    const config = join(temporaryFolder(), "heatpool.yaml");
    const ended = await run("setup", "--config", config, "--no-service");
    expect(ended.status).toBe(64);
    expect(ended.stderr).toContain("--host is missing");
    expect(existsSync(config)).toBe(false);
  });
});

describe("the configuration of the answers", () => {
  it("is what was answered, whatever characters it holds", () => {
    const answers = {
      language: "en",
      host: "heat-pump.local",
      port: 1502,
      unitId: 3,
      profile: PROFILE,
      parameters: { circuits: ["A", "B"] },
      backend: "[2001:db8::1]:443",
      caFile: '/etc/heatpool/a "quoted" #name.pem',
      claimTokenFile: undefined,
    } as const;
    const { caFile, parameters } = answers;
    const [device, backend] = ["devices", "backend"].map(
      (key) => parseConfig(writeConfigText(answers))[key as "devices" | "backend"],
    );
    expect(device).toMatchObject([{ host: "heat-pump.local", port: 1502, unitId: 3, parameters }]);
    expect(backend).toMatchObject({ url: "[2001:db8::1]:443", caFile });
  });
});

describe("heatpool install", () => {
  it("fits units to this Node and this program", () => {
    const unit = readFileSync("systemd/heatpool.service", "utf8");
    const fitted = fitUnit(unit, { node: "/opt/node/bin/node", lib: "/opt/lib/heatpool/" });
    expect(fitted).toMatch(
      /^ExecStart=\/opt\/node\/bin\/node .*\/opt\/lib\/heatpool\/dist\/daemon\/main\.js run$/m,
    );
    expect(fitted).toMatch(/^ExecPaths=\/opt\/node\/bin\/node .* \/opt\/lib\/heatpool\/$/m);
  });

  // Where this checkout lies below a folder that the service may not see, the command has to say so.
  const isReachable = !/^\/(home|root|tmp|var\/tmp|run\/user)\//.test(process.cwd());
  it("puts units into place and keeps what the owner changed, or says what is out of reach", async () => {
    const root = temporaryFolder();
    const ended = await run("install", "--root", root);
    expect(ended.status).toBe(isReachable ? 0 : 78);
    if (!isReachable) return expect(ended.stderr).toContain("may not look into");
    const defaults = join(root, "etc/default/heatpool");
    writeFileSync(defaults, "NODE_EXTRA_CA_CERTS=/etc/ca.pem\n");
    expect((await run("install", "--root", root)).stdout).toContain("kept as it is");
    expect(readFileSync(defaults, "utf8")).toBe("NODE_EXTRA_CA_CERTS=/etc/ca.pem\n");
    const made = readFileSync(join(root, "etc/systemd/system/heatpool.service"), "utf8");
    expect(made).toContain(`${process.cwd()}/dist/daemon/main.js run`);
  });

  it("refuses what the service could not reach", () => {
    const node = "/home/anna/.nvm/node";
    expect(() => fitUnit("", { node, lib: "/usr/lib/x/" })).toThrow("may not look into /home/");
  });

  it.skipIf(!existsSync("dist/daemon/main.js"))(
    "refuses without root, and says so (needs a build)",
    () => {
      // Another user might not even see the folder in which this is tried.
      const asNobody = ["--import", "data:text/javascript,process.getuid=()=>65534"];
      const words = [...asNobody, "dist/daemon/main.js", "install"];
      const ended = spawnSync(process.execPath, words, { encoding: "utf8" });
      expect(ended.status).toBe(77);
      expect(ended.stderr).toContain("sudo heatpool install");
    },
  );
});
