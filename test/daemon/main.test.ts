/** The process: exit codes that systemd and scripts read, signals, and commands without a daemon. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../support/folder.js";
import { openPorts } from "../support/open-ports.js";
import { programOf } from "../support/program.js";

/** What Node runs. */
const PROGRAM = programOf("daemon");

function run(...args: string[]) {
  return runWith({}, ...args);
}

function runWith(environment: Record<string, string>, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...PROGRAM, ...args], {
    encoding: "utf8",
    env: { ...process.env, ...environment },
  });
  return { status, stdout, stderr };
}

function writeConfig(folder: string, more = ""): string {
  const file = join(folder, "heatpool.yaml");
  const lines = [
    // Nothing listens on the discard port of this machine.
    "devices: [{ host: 127.0.0.1, port: 9, profile: idm/navigator-2.0 }]",
    `stateDir: ${join(folder, "state")}`,
    `runtimeDir: ${join(folder, "run")}`,
  ];
  writeFileSync(file, `${lines.join("\n")}\n${more}\n`);
  return file;
}

describe("heatpool", () => {
  it("ends with 64 for a command it does not know", () => {
    const unknown = run("dance");
    expect([unknown.status, unknown.stderr]).toEqual([64, expect.stringContaining("--help")]);
    expect(run("consent", "grant", "--dance").status).toBe(64);
    expect(run("--help")).toMatchObject({ status: 0, stderr: "" });
  });

  it("takes the options behind `alarms answer` as its own", () => {
    const file = writeConfig(temporaryFolder());
    const ended = run("alarms", "answer", "1", "fine", "--json", "--config", file);
    expect(ended.stderr).toMatch(/^UNAVAILABLE: no daemon runs/);
  });

  it("ends with 78 for a configuration it cannot use, naming every line, and opens nothing", () => {
    const folder = temporaryFolder();
    const file = writeConfig(folder, "backlog: { limitMiB: 1 }\nlanguage: fr");
    const ended = run("run", "--config", file);
    expect(ended.status).toBe(78);
    expect(ended.stderr).toMatch(/heatpool\.yaml:4.*backlog\.limitMiB/);
    expect(ended.stderr).toMatch(/heatpool\.yaml:5.*language/);
    expect(existsSync(join(folder, "state"))).toBe(false);
    expect(run("run", "--config", join(folder, "none.yaml")).status).toBe(78);
  });

  it("does not begin where traces of gRPC would tell addresses", () => {
    const folder = temporaryFolder();
    const ended = runWith({ GRPC_TRACE: "all" }, "run", "--config", writeConfig(folder));
    expect(ended).toMatchObject({ status: 78, stdout: "" });
    expect(ended.stderr).toMatch(/^CONFIG_INVALID: GRPC_TRACE=all: .*\nUnset GRPC_TRACE/);
    expect(existsSync(join(folder, "state"))).toBe(false);
  });

  it("ends with 78 when the installation id is damaged", () => {
    const folder = temporaryFolder();
    const file = writeConfig(folder);
    const id = join(folder, "state", "installation-id");
    mkdirSync(join(folder, "state"));
    writeFileSync(id, "damaged");
    const ended = run("run", "--config", file);
    expect(ended.status).toBe(78);
    expect(ended.stderr).toMatch(/^STATE_INVALID: .*installation-id/);
    expect(readFileSync(id, "utf8")).toBe("damaged");
  });

  it("asks before it takes a consent, and takes none when nobody answers", () => {
    const file = writeConfig(temporaryFolder());
    const asked = run("consent", "grant", "--config", file, "--language", "de");
    expect(asked.status).toBe(1);
    expect(asked.stdout).toContain("Daten der Wärmepumpe teilen");
    expect(run("consent", "show", "--config", file).stdout).toMatch(/consent: missing\n$/);
  });

  it("ends with 77 and in words where the machine lets it not", () => {
    // Nobody removes a file there, not even root.
    const file = writeConfig(temporaryFolder(), "keys: { secretFile: /proc/version }");
    const ended = run("purge", "--yes", "--config", file);
    expect(ended.status).toBe(77);
    expect(ended.stderr).toMatch(/^PERMISSION_DENIED: .*\/proc\/version'\nRun this as root/);
    expect(ended.stderr).not.toContain("    at ");
  });

  it("names a wrong address of a backend before anybody is called", () => {
    const file = writeConfig(temporaryFolder());
    const ended = run("enrol", "--backend", "wärme:99", "--claim-token", "x", "--config", file);
    expect([ended.status, ended.stderr]).toEqual([
      64,
      expect.stringMatching(/^USAGE: --backend wärme:99: no host:port\n/),
    ]);
  });

  it("does not take a claim token with a letter that no token has, nor repeats it", () => {
    const file = writeConfig(temporaryFolder());
    const ended = run("enrol", "--claim-token", "Schlüssel", "--config", file);
    expect(ended.status).toBe(64);
    expect(ended.stderr).toMatch(/^USAGE: the claim token holds a character that no token has\n/);
    expect(ended.stderr).not.toContain("Schl");
  });

  it.each([
    ["Ctrl-C", "\x03", 130, /INTERRUPTED: nothing was answered/],
    ["Ctrl-D", "\x04", 1, /Nothing was removed/],
  ])("ends in order at %s instead of an answer", async (_, key, status, says) => {
    const file = writeConfig(temporaryFolder());
    const words = [process.execPath, ...PROGRAM, "purge", "--config", file];
    const asked = spawn("script", ["-qec", words.join(" "), "/dev/null"]);
    const gone = once(asked, "exit");
    let text = "";
    asked.stdout.on("data", (part) => {
      if (!text.includes('"purge" to go on: ')) {
        text += part;
        if (text.includes('"purge" to go on: ')) asked.stdin.write(key);
      } else text += part;
    });
    expect((await gone)[0]).toBe(status);
    expect(text).toMatch(says);
    expect(text).not.toContain("    at ");
  });

  it("grants and withdraws without a daemon and without a network", () => {
    const folder = temporaryFolder();
    const file = writeConfig(folder);
    const scopes = ["--scopes", "community_stats"];
    expect(run("consent", "grant", "--config", file, "--yes", ...scopes).status).toBe(0);
    const state = (name: string) =>
      JSON.parse(run("consent", "show", "--config", file, name).stdout);
    expect(state("--json")).toMatchObject({
      status: "granted",
      record: { scopes: ["telemetry", "community_stats"] },
    });
    expect(run("consent", "withdraw", "--config", file).status).toBe(0);
    expect(state("--json")).toMatchObject({ status: "withdrawn", pending: false });
    expect(run("backlog", "show", "--config", file).stdout).toContain("nothing is shared");
    expect(existsSync(join(folder, "state/backlog"))).toBe(false);
  });

  it("runs with a silent heat pump, opens no debugger, and ends in order", async () => {
    const folder = temporaryFolder();
    const file = writeConfig(folder);
    const child = spawn(process.execPath, [...PROGRAM, "run", "--config", file], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const gone = once(child, "exit") as Promise<[number | null]>;
    const lines: string[] = [];
    await new Promise<void>((resolve) => {
      createInterface(child.stdout).on("line", (line) => {
        lines.push(line);
        if (line.includes('"device.offline"')) resolve();
      });
    });
    const socket = join(folder, "run/control.sock");
    expect(statSync(socket).mode & 0o777).toBe(0o600);
    child.kill("SIGUSR1");
    const status = JSON.parse(run("status", "--json", "--config", file).stdout);
    expect(status).toMatchObject({ isRunning: true, consent: "missing" });
    // What the log says at the start stands in the status as well.
    const warned = lines.find((line) => line.includes('"daemon.warning"'));
    expect(JSON.parse(warned ?? "{}").warning).toBe(status.warning);
    expect(openPorts(child.pid ?? 0)).toEqual([]);
    child.kill("SIGTERM");
    expect((await gone)[0]).toBe(0);
    expect(existsSync(socket)).toBe(false);
    for (const line of lines) expect(line).not.toContain(status.installationId);
    expect(run("status", "--json", "--config", file).stdout).toContain('"isRunning": false');
  });

  it("goes on when nobody reads its log any more", async () => {
    const file = writeConfig(temporaryFolder());
    const child = spawn(process.execPath, [...PROGRAM, "run", "--config", file], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const gone = once(child, "exit") as Promise<[number | null]>;
    await once(child.stdout, "data");
    child.stdout.destroy();
    // The next event of the log: the heat pump's second failure, or the end.
    expect(run("status", "--json", "--config", file).stdout).toContain('"isRunning": true');
    child.kill("SIGTERM");
    expect((await gone)[0]).toBe(0);
  });
});
