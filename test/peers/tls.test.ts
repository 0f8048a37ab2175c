/** TLS as another implementation sees it: only 1.3 unless the operator allows 1.2, and our chain. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runBackendCommand, startBackend, writeBackendConfig } from "../support/backend-process.js";
import { temporaryFolder } from "../support/folder.js";
import { isPeerMissing } from "../support/peer.js";

/** Shakes hands and says nothing. */
function shakeHands(port: number, authority: string, ...args: string[]) {
  const all = ["s_client", "-connect", `127.0.0.1:${port}`, "-CAfile", authority, "-alpn", "h2"];
  const run = spawnSync("openssl", [...all, "-verify_return_error", ...args], {
    encoding: "utf8",
    input: "",
  });
  return `${run.stdout}${run.stderr}`;
}

async function withBackend(more: string, act: (port: number, authority: string) => void) {
  const folder = temporaryFolder();
  const config = writeBackendConfig(folder, more);
  const made = runBackendCommand("ca", "init", "--config", config, "--host", "pool.example.org");
  expect(made.status).toBe(0);
  const backend = await startBackend(config);
  try {
    act(backend.mainPort, join(folder, "state/tls/ca.crt"));
  } finally {
    expect(await backend.stop()).toBe(0);
  }
}

describe.skipIf(isPeerMissing("openssl"))("openssl s_client", () => {
  it("gets TLS 1.3 and a chain that verifies for name and address, and no 1.2", async () => {
    await withBackend("", (port, authority) => {
      for (const host of [
        ["-verify_hostname", "pool.example.org"],
        ["-verify_ip", "127.0.0.1"],
      ]) {
        const heard = shakeHands(port, authority, ...host);
        expect(heard).toMatch(/New, TLSv1\.3/);
        expect(heard).toMatch(/Verify return code: 0 \(ok\)/);
        expect(heard).toMatch(/ALPN protocol: h2/);
      }
      expect(shakeHands(port, authority, "-verify_hostname", "other.example.org")).toMatch(
        /hostname mismatch/i,
      );
      const old = shakeHands(port, authority, "-tls1_2");
      expect(old).toMatch(/alert protocol version/);
      expect(old).not.toMatch(/New, TLSv1/);
    });
  });

  it("gets 1.2 where the operator allows it, and nothing less", async () => {
    await withBackend('tls: { minVersion: "1.2" }', (port, authority) => {
      expect(shakeHands(port, authority, "-tls1_2")).toMatch(/New, TLSv1\.2/);
      const oldest = shakeHands(port, authority, "-tls1_1", "-cipher", "ALL:@SECLEVEL=0");
      expect(oldest).not.toMatch(/New, TLSv1/);
    });
  });
});
