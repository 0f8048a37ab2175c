/** The process: exit codes that systemd and scripts read, signals, and an end in order. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { credentials } from "@grpc/grpc-js";
import { describe, expect, it } from "vitest";
import {
  readClaimToken,
  runBackendCommand,
  runBackendIn,
  startBackend,
  writeBackendConfig,
} from "../support/backend-process.js";
import { hello, talk } from "../support/door.js";
import { temporaryFolder } from "../support/folder.js";
import { openPorts } from "../support/open-ports.js";

/** Starting a process from sources takes seconds on a busy machine. */
const PROCESS_MS = 60_000;

describe("heatpool-backend", { timeout: PROCESS_MS }, () => {
  it("ends with 64 for a command it does not know, 78 for a configuration it cannot use", () => {
    expect(runBackendCommand("dance")).toMatchObject({ status: 64 });
    expect(runBackendCommand("serve", "--dance")).toMatchObject({ status: 64 });
    const config = writeBackendConfig(temporaryFolder());
    const ended = runBackendCommand("serve", "--config", config);
    expect(ended.status).toBe(78);
    expect(ended.stderr).toMatch(/^CERTIFICATE_INVALID: there is no .*server\.crt\n.*ca init/);
    expect(runBackendCommand("--help")).toMatchObject({ status: 0, stderr: "" });
  });

  it("does not begin where traces of gRPC would tell addresses", () => {
    const config = writeBackendConfig(temporaryFolder());
    const ended = runBackendIn({ GRPC_NODE_TRACE: "server" }, "serve", "--config", config);
    expect(ended.status).toBe(78);
    expect(ended.stderr).toMatch(/^CONFIG_INVALID: GRPC_NODE_TRACE=server: /);
  });

  it("serves a real stream, survives SIGUSR1, says goodbye on SIGTERM, and starts again", async () => {
    const folder = temporaryFolder();
    const config = writeBackendConfig(folder, "identity: { mode: token }");
    expect(runBackendCommand("ca", "init", "--config", config).status).toBe(0);
    const backend = await startBackend(config);
    const authority = readFileSync(join(folder, "state/tls/ca.crt"));
    const secured = {
      token: readClaimToken(folder),
      credentials: credentials.createSsl(authority),
    };
    const stream = talk(backend.mainPort, secured);
    stream.say(hello());
    expect(await stream.hear()).toMatchObject({ $case: "welcome" });
    backend.child.kill("SIGUSR1");
    stream.say({ $case: "ping", value: { nonce: 1n } });
    expect(await stream.hear()).toMatchObject({ $case: "pong" });
    expect(openPorts(backend.child.pid ?? 0)).not.toContain(9229);
    const admin = ["--config", config, "--admin", `127.0.0.1:${backend.adminPort}`];
    const status = runBackendCommand("status", "--json", ...admin);
    expect(JSON.parse(status.stdout)).toMatchObject({ installations: 1, openStreams: 1 });
    const list = runBackendCommand("installations", "list", ...admin);
    expect(list.stdout).toMatch(/12345678-1234-4234-9234-567812340001 .* never/);
    const stopped = backend.stop();
    expect(await stream.hear()).toMatchObject({ $case: "goodbye", value: { reason: "shutdown" } });
    expect(await stopped).toBe(0);
    stream.close();
    const again = await startBackend(config);
    expect(await again.stop()).toBe(0);
  });
});
