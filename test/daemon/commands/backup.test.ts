/** A backup holds what the owner cannot make again, and nothing that could be used against them. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../../support/folder.js";

const PROGRAM = ["--import", "tsx", "--conditions=source", "daemon/main.ts"];
const ID = "6f1f3f0e-1c1b-4d7e-9a51-0a2b3c4d5e6f\n";

function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...PROGRAM, ...args], {
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

function installed() {
  const folder = temporaryFolder();
  const config = join(folder, "etc/heatpool.yaml");
  const put = (name: string, text: string) => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  };
  const lines = [
    "devices: [{ host: 127.0.0.1, profile: idm/navigator-2.0 }]",
    `stateDir: ${join(folder, "state")}`,
    `runtimeDir: ${join(folder, "run")}`,
  ];
  put("etc/heatpool.yaml", lines.join("\n"));
  put("etc/claim-token", "secret-claim");
  put("etc/profiles/own/pump.yaml", "own: 1");
  put("state/installation-id", ID);
  put("state/keys/tls", "secret-key");
  put("state/identity.json", "secret-certificate");
  put("state/models.json", "secret-grant");
  put("state/models/x.enc", "secret-model");
  put("state/backlog/identity.json", "secret-backlog");
  expect(run("consent", "grant", "--yes", "--config", config).status).toBe(0);
  return { folder, config, out: join(folder, "backup.tar") };
}

describe("heatpool backup", () => {
  it("takes configuration, profiles, identity and consent; no key, grant, model or backlog", () => {
    const { config, out } = installed();
    expect(run("backup", "--config", config, "--out", out).status).toBe(0);
    const { stdout } = spawnSync("tar", ["-tf", out], { encoding: "utf8" });
    expect(stdout.trim().split("\n").toSorted()).toEqual([
      "config/heatpool.yaml",
      "config/profiles/own/pump.yaml",
      "state/consent.json",
      "state/installation-id",
    ]);
    expect(readFileSync(out).includes("secret")).toBe(false);
  });

  it("is restored on an empty machine, which has no backlog and so begins a new epoch", () => {
    const { folder, config, out } = installed();
    run("backup", "--config", config, "--out", out);
    for (const name of ["etc", "state"]) rmSync(join(folder, name), { recursive: true });
    expect(run("restore", out, "--config", config)).toMatchObject({ status: 0, stderr: "" });
    expect(readFileSync(join(folder, "state/installation-id"), "utf8")).toBe(ID);
    expect(readFileSync(join(folder, "etc/profiles/own/pump.yaml"), "utf8")).toBe("own: 1");
    expect(run("consent", "show", "--json", "--config", config).stdout).toContain('"granted"');
    expect(existsSync(join(folder, "state/backlog"))).toBe(false);
  });

  it("does not bring back a consent that was withdrawn on this machine since", () => {
    const { folder, config, out } = installed();
    run("backup", "--config", config, "--out", out);
    rmSync(join(folder, "state/backlog"), { recursive: true });
    expect(run("consent", "withdraw", "--config", config).status).toBe(0);
    expect(run("restore", out, "--config", config).status).toBe(0);
    const { status } = JSON.parse(run("consent", "show", "--json", "--config", config).stdout);
    expect(status).toBe("withdrawn");
  });

  it("does not replace another installation, and refuses what is no backup", () => {
    const { folder, config, out } = installed();
    run("backup", "--config", config, "--out", out);
    writeFileSync(join(folder, "state/installation-id"), ID.replace("6f1f", "7f1f"));
    const refused = run("restore", out, "--config", config);
    expect(refused).toMatchObject({ status: 78 });
    expect(refused.stderr).toContain("another installation lives here");
    writeFileSync(out, "no archive");
    expect(run("restore", out, "--config", config).status).toBe(64);
  });
});
