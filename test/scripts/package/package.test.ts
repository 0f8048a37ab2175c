/**
 * What an owner installs: the same bytes from the same sources, nothing for another processor, and
 * a program that finds everything it needs in its own folder.
 */
import { spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import { parseProfile } from "#core/profile/compile-profile.js";
import { createHeatPumpModel } from "../../../daemon/simulator/heat-pump-model.js";
import { startModbusServer } from "../../../daemon/simulator/modbus-server.js";
import { createProfileImage } from "../../../daemon/simulator/profile-image.js";
import { findFaults } from "../../../scripts/package/artefacts.mjs";
import { publicKeyOf, signFile } from "../../../scripts/package/minisign.mjs";
import { temporaryFolder } from "../../support/folder.js";

const PROFILE = "idm/navigator-2.0";
/** The owner's memory card holds this beside Node. */
const INSTALLED_MB_MAX = 35;
const EPOCH = "1790000000";
const HERE = { x64: "amd64", arm64: "arm64", arm: "armhf" }[process.arch as string] ?? "amd64";
const isDebian = spawnSync("dpkg-deb", ["--version"]).status === 0;
const isBuilt = existsSync("dist/daemon/main.js");

interface Built {
  readonly file: string;
  readonly installedMB: number;
}

/** Compressed lightly: how tightly is not at stake here. */
function build(architecture: string, umask: string): Built {
  const script = "scripts/package/package.mjs";
  const args = ["--arch", architecture, "--compression", "gzip", "--out", temporaryFolder()];
  const command = `umask ${umask}; exec "$0" "$@"`;
  const run = spawnSync("sh", ["-c", command, process.execPath, script, ...args], {
    encoding: "utf8",
    env: { ...process.env, SOURCE_DATE_EPOCH: EPOCH },
  });
  expect(run.stderr).toBe("");
  return JSON.parse(run.stdout) as Built;
}

function ask(...args: readonly string[]): string {
  return spawnSync("dpkg-deb", args, { encoding: "utf8" }).stdout;
}

function filesIn(deb: string): string[] {
  return ask("--contents", deb)
    .split("\n")
    .map((line) => line.split(/\s+/).slice(5).join(" "));
}

// Packing takes as long as the machine is busy.
const PATIENT = { timeout: 600_000 };
const why = isDebian ? "needs npm run build" : "needs dpkg-deb";

describe.skipIf(!isDebian || !isBuilt)(`the Debian package (${why})`, PATIENT, () => {
  let built: Built;
  let lib: string;
  beforeAll(() => {
    built = build(HERE, "022");
    const folder = temporaryFolder();
    spawnSync("dpkg-deb", ["--extract", built.file, folder]);
    lib = join(folder, "usr/lib/heatpool");
  }, PATIENT.timeout);

  it("has the same bytes when it is built again by somebody with other habits", () => {
    const again = build(HERE, "077");
    expect(readFileSync(again.file).equals(readFileSync(built.file))).toBe(true);
  });

  it("holds what its bill of materials says, and a package more or less shows", () => {
    const out = temporaryFolder();
    const { privateKey } = generateKeyPairSync("ed25519");
    const bill = built.file.replace(/deb$/, "cdx.json");
    const copies = [built.file, bill].map((path) => join(out, basename(path)));
    const [deb = "", copy = ""] = copies;
    copyFileSync(built.file, deb);
    copyFileSync(bill, copy);
    const sign = () => {
      for (const path of copies) {
        const text = signFile(readFileSync(path), privateKey, basename(path));
        writeFileSync(`${path}.minisig`, text);
      }
    };
    sign();
    expect(findFaults(out, publicKeyOf(privateKey))).toEqual([]);
    const told = JSON.parse(readFileSync(bill, "utf8"));
    const [first, ...rest] = told.components;
    writeFileSync(copy, JSON.stringify({ ...told, components: rest }));
    sign();
    const [drift, ...others] = findFaults(out, publicKeyOf(privateKey));
    expect(drift).toMatch(new RegExp(`holds .*${first.name}@.*, not in its bill`));
    expect(others).toEqual([]);
  });

  it("carries binaries of its own architecture alone, and is small", () => {
    for (const [architecture, machine] of [
      ["arm64", /ARM aarch64/],
      ["armhf", /ARM, EABI5/],
      ["amd64", /x86-64/],
    ] as const) {
      const deb = architecture === HERE ? built : build(architecture, "022");
      expect(ask("--field", deb.file, "Architecture").trim()).toBe(architecture);
      const folder = temporaryFolder();
      spawnSync("dpkg-deb", ["--extract", deb.file, folder]);
      const binaries = readdirSync(folder, { recursive: true, encoding: "utf8" })
        .filter((path) => path.endsWith(".node"))
        .map((path) => readMachine(readFileSync(join(folder, path))));
      expect(binaries.length).toBeGreaterThan(0);
      for (const one of binaries) expect(one).toMatch(machine);
      expect(deb.installedMB).toBeLessThan(INSTALLED_MB_MAX);
    }
  });

  it("belongs to root, and nobody else may write into it", () => {
    const lines = ask("--contents", built.file).trim().split("\n");
    expect(lines.length).toBeGreaterThan(500);
    const odd = lines.filter((line) => !/^([d-]rw[x-]r-[x-]r-[x-]|l\S+) root\/root /.test(line));
    expect(odd).toEqual([]);
  });

  it("names what a person edits, and keeps state when it is removed", () => {
    const folder = temporaryFolder();
    spawnSync("dpkg-deb", ["--control", built.file, folder]);
    expect(readFileSync(join(folder, "conffiles"), "utf8")).toBe("/etc/default/heatpool\n");
    for (const name of ["postinst", "prerm", "postrm"]) {
      const script = join(folder, name);
      expect(statSync(script).mode & 0o777).toBe(0o755);
      expect(spawnSync("sh", ["-n", script]).status).toBe(0);
    }
  });

  it("holds the manual, the completion and the unit of this version", () => {
    const share = join(lib, "../../share");
    const manual = gunzipSync(readFileSync(join(share, "man/man1/heatpool.1.gz"))).toString();
    expect(manual).toContain("heatpool consent withdraw");
    expect(manual).toContain("heatpool profile probe");
    expect(manual).not.toContain("hand\\-over\\-setup");
    const config = gunzipSync(readFileSync(join(share, "man/man5/heatpool.yaml.5.gz"))).toString();
    expect(config).toContain("devices[].pollIntervalSeconds");
    expect(filesIn(built.file)).toContain("./usr/lib/systemd/system/heatpool.service");
    const completion = join(share, "bash-completion/completions/heatpool");
    const line = `source ${completion}; COMP_WORDS=(heatpool consent g); COMP_CWORD=2; _heatpool; echo "\${COMPREPLY[@]}"`;
    expect(spawnSync("bash", ["-c", line], { encoding: "utf8" }).stdout).toBe("grant\n");
  });

  it("loads every module of the daemon from its own folder", () => {
    const code = `
      const { readdirSync } = require("node:fs");
      const path = require("node:path");
      const files = readdirSync("dist/daemon", { recursive: true })
        .filter((one) => one.endsWith(".js") && one !== "main.js");
      (async () => {
        for (const one of files) await import(path.resolve("dist/daemon", one));
        console.log(files.length);
      })();`;
    const run = spawnSync(process.execPath, ["-e", code], { cwd: lib, encoding: "utf8" });
    expect(run.stderr).toBe("");
    expect(Number(run.stdout)).toBeGreaterThan(100);
  });

  it("reads a heat pump with what it carries", async () => {
    const text = readFileSync(`firmware-profiles/${PROFILE}.yaml`, "utf8");
    const profile = parseProfile(text, "navigator");
    const server = await startModbusServer(
      createProfileImage(profile, createHeatPumpModel({ seed: 7 })),
      { host: "127.0.0.1", port: 0, blockWordsMax: profile.connection.wordsPerReadMax },
    );
    const folder = temporaryFolder();
    const config = join(folder, "heatpool.yaml");
    writeFileSync(
      config,
      `devices: [{ host: 127.0.0.1, port: ${server.port}, profile: ${PROFILE} }]\nstateDir: ${folder}\n`,
    );
    try {
      const { stdout, status } = await runAside(join(lib, "../../bin/heatpool"), [
        ...["read", "--config", config, "--json"],
      ]);
      expect(status).toBe(0);
      const { readings } = JSON.parse(stdout) as { readings: unknown[] };
      expect(readings.length).toBeGreaterThan(10);
    } finally {
      await server.close();
    }
  });
});

/** The machine of an ELF file, in the words of `file`. */
function readMachine(bytes: Buffer): string {
  expect(bytes.subarray(0, 4).toString("latin1")).toBe("\x7fELF");
  const names: Record<number, string> = { 40: "ARM, EABI5", 62: "x86-64", 183: "ARM aarch64" };
  return names[bytes.readUInt16LE(18)] ?? "another";
}

/** Runs a program while this process goes on serving it. */
async function runAside(program: string, args: readonly string[]) {
  const { execFile } = await import("node:child_process");
  return new Promise<{ stdout: string; status: number }>((resolve) => {
    execFile(process.execPath, [program, ...args], (fault, stdout) => {
      resolve({ stdout, status: fault === null ? 0 : 1 });
    });
  });
}
