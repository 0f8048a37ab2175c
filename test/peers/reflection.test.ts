/**
 * An operator with an ordinary gRPC client: without any file of ours it lists, describes and calls
 * every service of a running backend, over TLS, in both versions of reflection.
 */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import {
  type RunningBackend,
  readClaimToken,
  runBackendCommand,
  startBackend,
  writeBackendConfig,
} from "../support/backend-process.js";
import { temporaryFolder } from "../support/folder.js";

const buf = "node_modules/.bin/buf";
const folder = temporaryFolder();
const authority = join(folder, "state/tls/ca.crt");
const id = "0aa7b810-9dad-41d1-80b4-00c04fd430c8";
let backend: RunningBackend;

beforeAll(async () => {
  const config = writeBackendConfig(folder, "identity: { mode: token }");
  expect(runBackendCommand("ca", "init", "--config", config)).toMatchObject({ status: 0 });
  backend = await startBackend(config);
});

afterAll(async () => {
  expect(await backend.stop()).toBe(0);
});

function curl(port: number, path: string, args: readonly string[] = [], input = "") {
  const url = `https://localhost:${port}${path}`;
  const all = ["curl", "--protocol", "grpc", "--cacert", authority, ...args, url];
  const run = spawnSync(buf, all, { encoding: "utf8", input });
  return { status: run.status, stdout: run.stdout, stderr: run.stderr };
}

/** Calls a method with what reflection says about it. */
function call(method: string, request: object = {}, more: readonly string[] = []) {
  const args = ["--data", JSON.stringify(request), ...more];
  const { status, stdout, stderr } = curl(backend.adminPort, `/${method}`, args);
  expect(stderr).toBe("");
  expect(status).toBe(0);
  return JSON.parse(stdout) as Record<string, unknown>;
}

describe.each(["grpc-v1", "grpc-v1alpha"])("buf curl with reflection %s", (version) => {
  const reflect = ["--reflect-protocol", version];

  it("lists every service", () => {
    const { stdout } = curl(backend.adminPort, "", [...reflect, "--list-services"]);
    const ours = methodsOfContract().map((method) => method.replace(/\/.*/, ""));
    expect(new Set(stdout.trim().split("\n"))).toEqual(
      new Set([
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
        ...ours,
      ]),
    );
  });

  it("describes every method of ours", () => {
    const { stdout } = curl(backend.adminPort, "", [...reflect, "--list-methods"]);
    const found = stdout.split("\n").filter((line) => line.startsWith("heatpool"));
    expect(new Set(found)).toEqual(new Set(methodsOfContract()));
    expect(found).toContain("heatpool.telemetry.v1.TelemetryService/Deliver");
  });

  it("calls a method by what it learnt", () => {
    const status = call("heatpool.admin.v1.AdminService/GetStatus", {}, reflect);
    expect(status).toMatchObject({ version: expect.stringMatching(/^\d+\.\d+\.\d+/) });
  });
});

describe("buf curl", () => {
  it("asks whether the backend is well", () => {
    expect(call("grpc.health.v1.Health/Check")).toEqual({ status: "SERVING" });
  });

  it("asks how large the pool is", () => {
    const pool = call("heatpool.community.v1.CommunityService/GetPoolStatus");
    expect(pool.messageDe).toMatch(/Pool/);
  });

  it("asks for averages, which an empty pool does not have", () => {
    const request = { heatpumpModel: "idm/navigator-2.0", metrics: ["temp_flow"] };
    const averages = call("heatpool.community.v1.CommunityService/GetAverages", request);
    expect(averages).toMatchObject({ window: "24h", suppressedBecause: expect.any(String) });
    expect(averages.metrics).toBeUndefined();
  });

  it("asks who may have models, in any spelling of an id", () => {
    const request = { installationId: `{${id.toUpperCase()}}` };
    const verdict = call("heatpool.model.v1.ModelService/CheckEligibility", request);
    expect(verdict).toMatchObject({ code: "ELIGIBILITY_REASON_UNKNOWN_INSTALLATION" });
    expect(verdict.eligible).toBeUndefined();
  });

  it("releases statistics once, and learns why not twice", () => {
    const method = "heatpool.admin.v1.AdminService/ReleaseStatistics";
    expect(call(method)).toMatchObject({ releasedAtMs: expect.any(String) });
    const again = curl(backend.adminPort, `/${method}`, ["--data", "{}"]);
    expect(JSON.parse(again.stderr)).toMatchObject({ code: "failed_precondition" });
  });

  it("delivers by hand: hello, a ping, goodbye", () => {
    const bytes = (hex: string) => Buffer.from(hex.replaceAll("-", ""), "hex").toString("base64");
    const hello = {
      protocolRevision: 1,
      installationId: bytes(id),
      daemonVersion: "by hand",
      bootId: bytes(id),
      codecs: [1],
      consentVersion: 1,
      consentScopes: ["telemetry"],
    };
    const said = [{ hello }, { ping: { nonce: "7" } }, { goodbye: { reason: "done" } }];
    const input = said.map((one) => JSON.stringify(one)).join("\n");
    const path = "/heatpool.telemetry.v1.TelemetryService/Deliver";
    const { stdout, stderr } = curl(backend.adminPort, path, ["--data", "@-"], input);
    expect(stderr).toBe("");
    const heard = JSON.parse(`[${stdout.trim().replaceAll(/\n\}\n\{/g, "\n},\n{")}]`);
    expect(heard).toMatchObject([
      { welcome: { limits: { windowBatches: 8 }, codecs: [0, 1, 2] } },
      { pong: { nonce: "7" } },
    ]);
  });

  it("then finds the installation in the operator's list", () => {
    const list = call("heatpool.admin.v1.AdminService/ListInstallations", { pageSize: 10 });
    expect(list.installations).toMatchObject([{ installationId: id, daemonVersion: "by hand" }]);
  });

  it("does not find its id or an address in the log", async () => {
    const isClosed = () => backend.events.some(({ event }) => event === "rpc.stream-closed");
    await vi.waitUntil(isClosed);
    const log = JSON.stringify(backend.events);
    expect(log).not.toContain(id);
    expect(log).not.toMatch(/127\.0\.0\.1|::1/);
  });
});

describe("the public listener", () => {
  const schema = ["--schema", "proto/gen/descriptors.binpb", "--data", "{}"];

  it("has no reflection and no admin", () => {
    const listed = curl(backend.mainPort, "", ["--list-services"]);
    expect(listed.stderr).toMatch(/unimplemented/);
    const asked = curl(backend.mainPort, "/heatpool.admin.v1.AdminService/GetStatus", [
      ...schema,
      "--header",
      `authorization: Bearer ${readClaimToken(folder)}`,
    ]);
    expect(JSON.parse(asked.stderr)).toMatchObject({ code: "unimplemented" });
  });

  it("tells strangers the size of the pool, and more only to holders of a token", () => {
    const open = curl(
      backend.mainPort,
      "/heatpool.community.v1.CommunityService/GetPoolStatus",
      schema,
    );
    expect(open.status).toBe(0);
    const path = "/heatpool.community.v1.CommunityService/GetAverages";
    const shut = curl(backend.mainPort, path, schema);
    expect(JSON.parse(shut.stderr)).toMatchObject({ code: "unauthenticated" });
    const token = `authorization: Bearer ${readClaimToken(folder)}`;
    expect(curl(backend.mainPort, path, [...schema, "--header", token]).status).toBe(0);
  });

  it("is not trusted by who does not know the authority", () => {
    const url = `https://localhost:${backend.mainPort}`;
    const run = spawnSync(buf, ["curl", "--protocol", "grpc", "--list-services", url], {
      encoding: "utf8",
    });
    expect(run.status).not.toBe(0);
    // With the authority the same question is answered, if only by "unimplemented".
    expect(run.stderr).toMatch(/unavailable/);
  });
});

/** Every method that the contract's own text names. */
function methodsOfContract(): string[] {
  const folder = fileURLToPath(new URL("../../proto/heatpool", import.meta.url));
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return files
    .filter((file) => file.endsWith("_service.proto"))
    .flatMap((file) => {
      const text = readFileSync(join(folder, file), "utf8");
      const [, name = ""] = /^package ([\w.]+);/m.exec(text) ?? [];
      return text
        .split(/^service /m)
        .slice(1)
        .flatMap((service) => {
          const [of = ""] = service.split(" ");
          return [...service.matchAll(/^ {2}rpc (\w+)\(/gm)].map(
            ([, rpc]) => `${name}.${of}/${rpc}`,
          );
        });
    });
}
