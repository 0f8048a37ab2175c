/** What docs/operations.md tells an operator to type works as it stands there. */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type RunningBackend,
  runBackendCommand,
  startBackend,
  writeBackendConfig,
} from "../support/backend-process.js";
import { temporaryFolder } from "../support/folder.js";

const folder = temporaryFolder();
const PATH = [resolve("node_modules/.bin"), process.env.PATH].join(delimiter);
const lines = readFileSync("docs/operations.md", "utf8").split("\n");
const examples = lines.filter((line) => line.startsWith("buf curl"));
/** Programs start slowly on a busy machine. */
const TEST_MS = 180_000;
let backend: RunningBackend;
let config = "";

beforeAll(async () => {
  config = writeBackendConfig(folder);
  expect(runBackendCommand("ca", "init", "--config", config)).toMatchObject({ status: 0 });
  backend = await startBackend(config);
});

afterAll(async () => {
  expect(await backend.stop()).toBe(0);
});

describe("an example with buf curl", () => {
  it("is there for every question that changes nothing for good", () => {
    const service = readFileSync("proto/heatpool/admin/v1/admin_service.proto", "utf8");
    const methods = [...service.matchAll(/rpc (\w+)\(/g)].map(([, name]) => name ?? "");
    const asked = methods.filter((name) => examples.some((line) => line.endsWith(`/${name}`)));
    const rest = methods.filter((name) => !asked.includes(name));
    // These remove, hand out or release what belongs to others; their commands are documented.
    const consequential = /^(BackUp|Discard|Erase|Export|Publish|Revoke|Release)/;
    expect(rest.filter((name) => !consequential.test(name))).toEqual([]);
  });

  it.each(examples)(
    "%s",
    (line) => {
      const command = line
        .replaceAll("localhost:7444", `localhost:${backend.adminPort}`)
        .replaceAll("ca.crt", join(folder, "state/tls/ca.crt"));
      const env = { ...process.env, PATH };
      const run = spawnSync("sh", ["-c", command], { encoding: "utf8", env });
      expect(run.stderr).toBe("");
      expect(run.status).toBe(0);
      if (!line.includes("--list-")) expect(() => JSON.parse(run.stdout)).not.toThrow();
    },
    TEST_MS,
  );
});

describe("commands for the daily work", () => {
  const ask = (...args: string[]) => {
    const admin = ["--config", config, "--admin", `localhost:${backend.adminPort}`];
    return runBackendCommand(...args, ...admin);
  };

  it(
    "status is one page, the same as JSON",
    () => {
      const { status, stdout } = ask("status");
      expect(status).toBe(0);
      expect(stdout).toMatch(/^store {10}leveldb, [\d.]+ MiB, [\d.]+ MiB free/m);
      expect(stdout).toMatch(/^job {12}retention: .*next 20/m);
      expect(stdout).toMatch(/^catalogue {6}/m);
      const seen = JSON.parse(ask("status", "--json").stdout);
      expect(seen).toMatchObject({
        storage: { engine: "leveldb", well: true },
        startedAtMs: expect.any(Number),
      });
      expect(seen.storage.diskBytes).toBeGreaterThan(0);
    },
    TEST_MS,
  );

  it(
    "a job runs on demand and stands in the schedule",
    () => {
      const run = JSON.parse(ask("retention", "run", "--json").stdout);
      expect(run).toMatchObject({ job: "retention", outcome: "done", dueMs: 0 });
      const jobs = JSON.parse(ask("schedule", "list", "--json").stdout);
      expect(jobs.map((one: { name: string }) => one.name)).toContain("statistics");
      const [retention] = jobs.filter((one: { name: string }) => one.name === "retention");
      expect(retention.runs.at(-1)).toEqual(run);
      const none = ask("schedule", "run", "nothing");
      expect(none.status).not.toBe(0);
      expect(none.stderr).toMatch(/^NOT_FOUND: no job "nothing"/);
    },
    TEST_MS,
  );

  it(
    "training begins on demand, and its runs and candidates are listed",
    () => {
      const begun = JSON.parse(ask("training", "start", "--json").stdout);
      expect(begun).toMatchObject({ state: "running", isOnDemand: true });
      const { runs } = JSON.parse(ask("training", "runs", "--json").stdout);
      // Nobody has sent anything: there is no heat pump model to train.
      expect(runs.at(-1)).toMatchObject({ id: begun.id, state: "done", models: [] });
      expect(ask("models", "candidates").stdout).toBe("Nothing was trained yet.\n");
      const unknown = ask("models", "publish", "normal-none", "v2026.11");
      expect([unknown.status, unknown.stderr]).toEqual([
        1,
        expect.stringContaining("no candidate v2026.11 of normal-none"),
      ]);
    },
    TEST_MS,
  );

  it(
    "quotas are changed and shown",
    () => {
      const set = ask(
        "quotas",
        "set",
        "--mib-per-day",
        "512",
        "--batches-per-second",
        "0",
        "--json",
      );
      expect(JSON.parse(set.stdout)).toMatchObject({ bytesPerDay: 2 ** 29, batchesPerSecond: 0 });
      const { stdout } = ask("quotas", "show");
      expect(stdout).toMatch(/^batches {4}off$/m);
      expect(stdout).toMatch(/^bytes {6}512\.0 MiB a day$/m);
      expect(ask("quotas", "set").stderr).toMatch(/^USAGE: nothing to set/);
      expect(ask("quotas", "set", "--snapshots-per-day", "many").stderr).toMatch(
        /^INVALID_ARGUMENT/,
      );
    },
    TEST_MS,
  );

  it(
    "a backup that has no place to go is refused in words, and nobody else's draft is touched",
    () => {
      const out = join(folder, "backup");
      writeFileSync(`${out}.part`, "of another");
      const { status, stderr } = ask("backup", "--out", out);
      expect([status, stderr]).toEqual([
        78,
        expect.stringMatching(/^STATE_INVALID: .*EEXIST.*\n.*remove what ends in \.part\.\n$/),
      ]);
      expect(readFileSync(`${out}.part`, "utf8")).toBe("of another");
    },
    TEST_MS,
  );

  it(
    "the log's level changes and says so in the log",
    () => {
      expect(ask("log-level", "warn").stdout).toMatch(/^Logs warn until the next start/);
      expect(ask("log-level", "info").stdout).toMatch(/it was warn/);
      expect(ask("log-level", "loud").stderr).toMatch(
        /^INVALID_ARGUMENT: no log level "loud"\nThere are: debug, /,
      );
    },
    TEST_MS,
  );
});
