/**
 * The operator's commands: what they make is private and never replaced, what they say names the
 * next step, and scripts can read it.
 */

import { X509Certificate } from "node:crypto";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { HeatpoolError } from "#core/errors.js";
import type { Machine } from "../../../backend/commands/machine.js";
import { createProgram } from "../../../backend/commands/program.js";
import { openBearerTokens } from "../../../backend/enrolment/bearer-tokens.js";
import { openClaimTokens } from "../../../backend/enrolment/claim-tokens.js";
import { writeBackendConfig } from "../../support/backend-process.js";
import { createChance } from "../../support/chance.js";
import { createFakeClock } from "../../support/fake-clock.js";
import { temporaryFolder } from "../../support/folder.js";

function createMachine(signal = new AbortController().signal) {
  const lines: string[] = [];
  const minimums: string[] = [];
  const clock = createFakeClock(Date.now());
  const machine: Machine = {
    clock,
    chance: createChance(3),
    version: "1.2.3",
    nodeVersion: "v24.22.3",
    signal,
    print: (line) => lines.push(line),
    setTlsMinimum: (version) => minimums.push(version),
    onBug: () => {},
    listenToBugs: () => {},
  };
  const run = (...args: string[]) => createProgram(machine).parseAsync(args, { from: "user" });
  return { run, lines, minimums, clock };
}

const failure = (run: Promise<unknown>) =>
  run.then(
    () => undefined,
    (error: unknown) => (error instanceof HeatpoolError ? error : undefined),
  );

describe("ca init", () => {
  it("makes keys for the owner's eyes, a chain that fits, and a token that is known", async () => {
    const folder = temporaryFolder();
    const config = writeBackendConfig(folder);
    const { run, lines, clock } = createMachine();
    await run("ca", "init", "-c", config, "--host", "pool.example.org", "192.0.2.7", "--json");
    const made = JSON.parse(lines[0] ?? "");
    const read = (path: string) => new X509Certificate(readFileSync(path));
    const [authority, server] = [read(made.authorityCertificate), read(made.serverCertificate)];
    expect(server.checkIssued(authority)).toBe(true);
    for (const host of ["pool.example.org", "localhost"]) expect(server.checkHost(host)).toBe(host);
    for (const ip of ["192.0.2.7", "127.0.0.1", "::1"]) expect(server.checkIP(ip)).toBeDefined();
    for (const secret of [made.authorityKey, made.serverKey, made.claimTokenFile]) {
      expect(statSync(secret).mode & 0o777).toBe(0o600);
    }
    const token = readFileSync(made.claimTokenFile, "utf8").trim();
    const tokens = openClaimTokens(join(folder, "state/claim-tokens"), clock);
    expect(tokens.isKnown(token)).toBe(true);
  });

  it("says what to copy to a daemon", async () => {
    const { run, lines } = createMachine();
    await run("ca", "init", "-c", writeBackendConfig(temporaryFolder()));
    const text = lines.join("\n");
    expect(text).toMatch(/ca\.crt {2}as caFile/);
    expect(text).toMatch(/claim-token {2}as claimTokenFile/);
    expect(text).toMatch(/make another with --host/);
  });

  it("never replaces anything", async () => {
    const config = writeBackendConfig(temporaryFolder());
    const { run, lines } = createMachine();
    await run("ca", "init", "-c", config, "--json");
    const { authorityKey } = JSON.parse(lines[0] ?? "");
    const before = readFileSync(authorityKey);
    const error = await failure(run("ca", "init", "-c", config));
    expect(error).toMatchObject({ code: "STATE_INVALID", hint: /--dir/ });
    expect(readFileSync(authorityKey)).toEqual(before);
  });

  it("makes nothing for a host that is none", async () => {
    const folder = temporaryFolder();
    const { run } = createMachine();
    const error = await failure(
      run("ca", "init", "-c", writeBackendConfig(folder), "--host", "not a name"),
    );
    expect(error).toMatchObject({ code: "INVALID_ARGUMENT" });
    expect(() => statSync(join(folder, "state"))).toThrow(/ENOENT/);
  });
});

describe("serve", () => {
  it("without a certificate says which command makes one", async () => {
    const config = writeBackendConfig(temporaryFolder());
    const { run, minimums } = createMachine();
    const error = await failure(run("serve", "-c", config));
    expect(error).toMatchObject({ code: "CERTIFICATE_INVALID", exitStatus: 78 });
    expect(error?.hint).toContain(`heatpool-backend ca init --config ${config} --host`);
    expect(minimums).toEqual(["TLSv1.3"]);
  });

  it("refuses a key of another certificate and a certificate that is over", async () => {
    const folder = temporaryFolder();
    const config = writeBackendConfig(folder);
    const { run, clock } = createMachine();
    await run("ca", "init", "-c", config);
    const key = join(folder, "state/tls/server.key");
    const right = readFileSync(key);
    writeFileSync(key, readFileSync(join(folder, "state/tls/ca.key")));
    expect(await failure(run("serve", "-c", config))).toMatchObject({
      message: /is not the key of/,
    });
    writeFileSync(key, right);
    clock.stepWall(Date.now() + 826 * 86_400_000);
    expect(await failure(run("serve", "-c", config))).toMatchObject({ message: /expired at/ });
  });

  it("names what is wrong in the configuration, and where", async () => {
    const folder = temporaryFolder();
    const { run } = createMachine();
    const config = writeBackendConfig(folder, "quotas: {}");
    const error = await failure(run("serve", "-c", config));
    expect(error).toMatchObject({ code: "CONFIG_INVALID", exitStatus: 78 });
    expect(error?.message).toMatch(/backend\.yaml:6:\d+ quotas: unknown key/);
    const missing = await failure(run("serve", "-c", join(folder, "none.yaml")));
    expect(missing).toMatchObject({ code: "CONFIG_INVALID", hint: /--config/ });
  });

  it("ca list, rotate, show and issue work on what ca init made, and replace nothing", async () => {
    const folder = temporaryFolder();
    const config = writeBackendConfig(folder);
    const { run, lines, clock } = createMachine();
    expect(await failure(run("ca", "list", "-c", config))).toMatchObject({
      code: "CERTIFICATE_INVALID",
    });
    await run("ca", "init", "-c", config);
    const last = () => JSON.parse(lines.at(-1) ?? "") as never;
    const list = async (): Promise<{ name: string; use: string; notAfter: string }[]> => {
      await run("ca", "list", "-c", config, "--json");
      return last();
    };
    expect((await list()).map(({ name, use }) => [name, use])).toEqual([
      ["root", "root"],
      ["issuing-1", "signs"],
    ]);
    await run("ca", "rotate", "-c", config);
    const [, first, second] = await list();
    expect([first?.use, second?.use]).toEqual(["replaced", "signs"]);
    const days = (Date.parse(second?.notAfter ?? "") - clock.nowMs()) / 86_400_000;
    expect(Math.round(days)).toBe(365);
    await run("ca", "show", "issuing-2", "-c", config);
    const pem = lines.at(-1) ?? "";
    expect(new X509Certificate(pem).subject).toMatch(/^CN=heatpool issuing [0-9a-f]{8}$/);
    expect(await failure(run("ca", "show", "issuing-3", "-c", config))).toMatchObject({
      code: "NOT_FOUND",
    });
    const out = join(folder, "next");
    const issue = () => run("ca", "issue", "-c", config, "--host", "b.example", "--out", out);
    await issue();
    const server = new X509Certificate(readFileSync(join(out, "server.crt")));
    expect(server.checkHost("b.example")).toBe("b.example");
    expect(await failure(issue())).toMatchObject({ code: "STATE_INVALID" });
  });

  it("without TLS serves this machine alone", async () => {
    const folder = temporaryFolder();
    const ending = new AbortController();
    const { run, lines } = createMachine(ending.signal);
    const more = "tls: { insecureLoopback: true }\nenrolment: { claimTokens: off }";
    const serving = run("serve", "-c", writeBackendConfig(folder, more));
    const listening = () => lines.find((line) => line.includes("backend.listening"));
    while (listening() === undefined) await new Promise((resolve) => setImmediate(resolve));
    expect(JSON.parse(listening() ?? "")).toMatchObject({ tls: false, claimTokens: "off" });
    expect(lines.join("\n")).toMatch(/anybody may enrol or send/);
    ending.abort();
    await serving;
    const open = join(folder, "open.yaml");
    writeFileSync(open, `stateDir: open\nmain: { host: "::", port: 0 }\n${more}\n`);
    expect(await failure(createMachine().run("serve", "-c", open))).toMatchObject({
      code: "CONFIG_INVALID",
    });
  });
});

describe("token create", () => {
  it("prints a token once, and keeps its hash", async () => {
    const folder = temporaryFolder();
    const { run, lines, clock } = createMachine();
    const config = writeBackendConfig(folder);
    await run("token", "create", "--claim", "-c", config, "--label", "garage", "--json");
    const { token, label } = JSON.parse(lines[0] ?? "");
    expect(label).toBe("garage");
    const tokens = openClaimTokens(join(folder, "state/claim-tokens"), clock);
    expect(tokens.isKnown(token)).toBe(true);
  });

  it("makes one for clients by HTTP, shared or of one installation", async () => {
    const folder = temporaryFolder();
    const { run, lines, clock } = createMachine();
    const config = writeBackendConfig(folder);
    const id = "0B5D9C1E-2E47-4F6B-9D2B-6E5D1E4C8A01";
    await run("token", "create", "-c", config, "--json");
    await run("token", "create", "-c", config, "--installation", id, "--json");
    const [shared, own] = lines.map((line) => JSON.parse(line).token);
    const tokens = openBearerTokens(join(folder, "state/http-tokens"), clock);
    expect(tokens.find(shared)).toEqual({ kind: "shared" });
    expect(tokens.find(own)).toEqual({ kind: "installation", installationId: id.toLowerCase() });
    expect(tokens.find(`${own}x`)).toBeUndefined();
    const both = run("token", "create", "-c", config, "--claim", "--installation", id);
    expect(await failure(both)).toMatchObject({ code: "USAGE" });
  });
});

describe("asking a backend that does not run", () => {
  it.each([["status"], ["installations", "list"], ["statistics", "release"]])(
    "%s says so",
    async (...words) => {
      const { run } = createMachine();
      const config = writeBackendConfig(temporaryFolder());
      const error = await failure(run(...words, "-c", config, "--admin", "unix:/nowhere.sock"));
      expect(error).toMatchObject({ code: "UNAVAILABLE", hint: /serve/ });
    },
  );
});

describe("help", () => {
  it("names every command", () => {
    const names = createProgram({ version: "1.2.3" } as Machine).commands.map((command) =>
      command.name(),
    );
    expect(names).toEqual([
      "serve",
      "status",
      "installations",
      "train",
      "training",
      "publish",
      "models",
      "ca",
      "token",
      "migrate",
      "keys",
      "statistics",
      "doctor",
      "backup",
      "restore",
      "privacy",
      "schedule",
      "retention",
      "quality",
      "quotas",
      "log-level",
    ]);
  });
});
