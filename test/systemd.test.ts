/** The units: what systemd lets the programs do, and that they say nothing it does not understand. */
import { spawnSync } from "node:child_process";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "./support/folder.js";

const SERVICES = ["heatpool.service", "heatpool-backend.service"];
const UNITS = [...SERVICES, "heatpool-device-key.service"];
/** Tenths: 1.3 is what remains when V8 compiles, the network is used and a child may notify. */
const EXPOSURE_MAX = 13;
const isMissing = spawnSync("systemd-analyze", ["--version"]).status !== 0;

function analyze(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync("systemd-analyze", args, { encoding: "utf8" });
  return { status, stdout, stderr };
}

describe.skipIf(isMissing)("the units (needs systemd-analyze)", () => {
  it.each(SERVICES)("%s is exposed to at most 1.3", (unit) => {
    const options = ["--no-pager", "--offline=yes", `--threshold=${EXPOSURE_MAX}`];
    const { status, stdout } = analyze("security", ...options, `systemd/${unit}`);
    expect(stdout).toMatch(/Overall exposure level for \S+: 1\.\d/);
    expect(status).toBe(0);
  });

  it("hold nothing that systemd does not understand", () => {
    const folder = temporaryFolder();
    for (const unit of UNITS) {
      // Programs that are installed elsewhere here are no fault of the unit.
      const text = readFileSync(`systemd/${unit}`, "utf8");
      const node = process.execPath;
      writeFileSync(join(folder, unit), text.replaceAll("/usr/bin/node ", `${node} `));
    }
    const units = UNITS.map((unit) => join(folder, unit));
    expect(analyze("verify", "--man=no", ...units)).toEqual({ status: 0, stdout: "", stderr: "" });
  });

  it("make the user and the folders that the daemon has", () => {
    const root = temporaryFolder();
    const conf = join(root, "heatpool.conf");
    copyFileSync("systemd/heatpool.sysusers", conf);
    const made = spawnSync("systemd-sysusers", ["--dry-run", `--root=${root}`, conf], {
      encoding: "utf8",
    });
    expect(made.status).toBe(0);
    expect(`${made.stdout}${made.stderr}`).toContain("heatpool");
  });
});

describe("the daemon's unit", () => {
  const unit = readFileSync("systemd/heatpool.service", "utf8");

  it("waits for a configuration, and is watched", () => {
    expect(unit).toContain("ConditionPathExists=/etc/heatpool/heatpool.yaml\n");
    expect(unit).toMatch(/^WatchdogSec=\d+$/m);
    expect(unit).toContain("NotifyAccess=all\n");
  });

  it("reads an environment file that exists only where somebody wants it", () => {
    expect(unit).toContain("EnvironmentFile=-/etc/default/heatpool\n");
    const lines = readFileSync("systemd/heatpool.default", "utf8").split("\n");
    expect(lines.filter((line) => line !== "" && !line.startsWith("#"))).toEqual([]);
  });
});
