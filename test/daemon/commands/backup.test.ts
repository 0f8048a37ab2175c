/** A backup holds what the owner cannot make again, and nothing that could be used against them. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import type { History } from "../../../daemon/history/history.js";
import { openLevelHistory } from "../../../daemon/history/level-history.js";
import { flowsOf, historyOptions, START_MS, snapshotAt } from "../../contract/history-contract.js";
import { createFakeClock } from "../../support/fake-clock.js";
import { temporaryFolder } from "../../support/folder.js";
import { programOf } from "../../support/program.js";

const PROGRAM = programOf("daemon");
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

/** A history of 90 minutes in the state folder; resolves with its rows. */
async function addHistory(folder: string): Promise<readonly (readonly number[])[]> {
  const history = await openHistory(folder);
  for (let k = 0; k < 90; k++) history.record(snapshotAt(k));
  const rows = await flowsOf(history);
  await end(history);
  return rows;
}

function openHistory(folder: string): Promise<History> {
  const options = historyOptions(createFakeClock(START_MS));
  return openLevelHistory(join(folder, "state/history"), options, (cause) => {
    throw cause;
  });
}

async function end(history: History): Promise<void> {
  const stop = new AbortController();
  stop.abort();
  await history.run(stop.signal);
}

function listMembers(out: string): readonly string[] {
  return spawnSync("tar", ["-tf", out], { encoding: "utf8" }).stdout.trim().split("\n");
}

describe("heatpool backup", () => {
  it("takes configuration, profiles, identity and consent; no key, grant, model or backlog", () => {
    const { config, out } = installed();
    expect(run("backup", "--config", config, "--out", out).status).toBe(0);
    expect(listMembers(out).toSorted()).toEqual([
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

  it("brings the history back, all of it, where there is none", async () => {
    const { folder, config, out } = installed();
    const rows = await addHistory(folder);
    expect(rows).toHaveLength(90);
    const said = JSON.parse(run("backup", "--config", config, "--out", out, "--json").stdout);
    expect(said.members).toContain("state/history.records");
    expect(said.historyBytes).toBeGreaterThan(100);
    for (const name of ["etc", "state"]) rmSync(join(folder, name), { recursive: true });
    expect(run("restore", out, "--config", config)).toMatchObject({ status: 0, stderr: "" });
    const restored = await openHistory(folder);
    expect(await flowsOf(restored)).toEqual(rows);
    await end(restored);
    expect(readdirSync(folder).filter((name) => name.startsWith("."))).toEqual([]);
    expect(readdirSync(join(folder, "state")).filter((name) => /^\.|restored/.test(name))).toEqual(
      [],
    );
    const again = run("restore", out, "--config", config);
    expect(again.stderr).toContain("it stays as it is");
  });

  it("leaves the history out, or where it is, when it is told to", async () => {
    const { folder, config, out } = installed();
    await addHistory(folder);
    run("backup", "--config", config, "--out", out, "--no-history");
    expect(listMembers(out)).not.toContain("state/history.records");
    run("backup", "--config", config, "--out", out);
    expect(listMembers(out)).toContain("state/history.records");
    rmSync(join(folder, "state"), { recursive: true });
    expect(run("restore", out, "--config", config, "--no-history").status).toBe(0);
    expect(existsSync(join(folder, "state/history"))).toBe(false);
  });

  it("restores nothing at all when the history in it is damaged", async () => {
    const { folder, config, out } = installed();
    await addHistory(folder);
    run("backup", "--config", config, "--out", out);
    const bytes = readFileSync(out);
    const at = bytes.indexOf("heatpool history 1\n") + 100;
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    writeFileSync(out, bytes);
    for (const name of ["etc", "state"]) rmSync(join(folder, name), { recursive: true });
    const refused = run("restore", out, "--config", config);
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain("STORE_DAMAGED");
    expect(existsSync(config)).toBe(false);
    expect(existsSync(join(folder, "state/installation-id"))).toBe(false);
    expect(existsSync(join(folder, "state/history"))).toBe(false);
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
