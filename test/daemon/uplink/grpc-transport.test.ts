/** The real transport against the real door: whom it trusts decides before the first byte. */
import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { issueAuthority, issueServerCertificate } from "#core/certificate/certificate.js";
import { HeatpoolError } from "#core/errors.js";
import type { DeliverResponse } from "#proto/heatpool/telemetry/v1/telemetry.js";
import { createGrpcTransport, type Endpoint } from "../../../daemon/uplink/grpc-transport.js";
import type { StreamEnd } from "../../../daemon/uplink/transport.js";
import { hello, type OpenDoor, openDoor } from "../../support/door.js";
import { temporaryFolder } from "../../support/folder.js";

/** Node warns once of an address in the handshake (DEP0123). */
const warnings: Error[] = [];
process.on("warning", (warning) => warnings.push(warning));

const doors: OpenDoor[] = [];
afterEach(async () => {
  for (const door of doors.splice(0)) await door.close();
});

const DAY_MS = 86_400_000;
const newKey = (): KeyObject => generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
const toPem = (der: Uint8Array) =>
  `-----BEGIN CERTIFICATE-----\n${Buffer.from(der).toString("base64")}\n-----END CERTIFICATE-----\n`;

/** An authority and a server certificate for `hosts`. */
function issue(
  hosts: readonly string[],
  { fromMs = Date.now() - DAY_MS, toMs = Date.now() + DAY_MS } = {},
) {
  const serial = () => {
    const bytes = randomBytes(16);
    bytes.writeUInt8(0x40, 0);
    return bytes;
  };
  const validity = { notBeforeMs: fromMs, notAfterMs: toMs };
  const caKey = newKey();
  const certificate = issueAuthority({
    commonName: "test authority",
    privateKey: caKey,
    serial: serial(),
    validity: { notBeforeMs: Date.now() - 400 * DAY_MS, notAfterMs: Date.now() + 400 * DAY_MS },
  });
  const key = newKey();
  const server = issueServerCertificate(
    { hosts, publicKey: createPublicKey(key), serial: serial(), validity },
    { certificate, privateKey: caKey },
  );
  const caFile = join(temporaryFolder(), "ca.pem");
  writeFileSync(caFile, toPem(certificate));
  const pem = key.export({ type: "pkcs8", format: "pem" });
  return { caFile, identity: { certificate: Buffer.from(toPem(server)), key: Buffer.from(pem) } };
}

async function open(changes: Parameters<typeof openDoor>[0] = {}): Promise<OpenDoor> {
  const door = await openDoor(changes);
  doors.push(door);
  return door;
}

function endpoint(door: OpenDoor, more: Partial<Endpoint> = {}): Endpoint {
  return {
    address: `127.0.0.1:${door.ports.main}`,
    caFile: undefined,
    tlsMinVersion: "TLSv1.3",
    claimTokenFile: undefined,
    insecureLoopback: false,
    ...more,
  };
}

/** Says hello and tells what came first. */
async function greet(to: Endpoint): Promise<DeliverResponse["body"] | StreamEnd> {
  let cancel = () => {};
  const first = await new Promise<DeliverResponse["body"] | StreamEnd>((resolve) => {
    const stream = createGrpcTransport(to, false).open({
      onResponse: ({ body }) => resolve(body),
      onEnd: resolve,
    });
    cancel = () => stream.cancel();
    void stream.write({ body: hello() });
  });
  cancel();
  return first;
}

describe("the gRPC transport", () => {
  it("reaches a server whose certificate the given authority signed for its name", async () => {
    const { caFile, identity } = issue(["127.0.0.1"]);
    const door = await open({ identity });
    expect(await greet(endpoint(door, { caFile }))).toMatchObject({ $case: "welcome" });
  });

  it("says nothing to a server of another authority", async () => {
    const door = await open({ identity: issue(["127.0.0.1"]).identity });
    const { caFile } = issue(["127.0.0.1"]);
    expect(await greet(endpoint(door, { caFile }))).toMatchObject({ status: "UNAVAILABLE" });
    expect(await greet(endpoint(door))).toMatchObject({ status: "UNAVAILABLE" });
    expect(door.behind.opened).toEqual([]);
  });

  it("says nothing to a server whose certificate is for another name", async () => {
    const { caFile, identity } = issue(["pool.example.org"]);
    const door = await open({ identity });
    expect(await greet(endpoint(door, { caFile }))).toMatchObject({ status: "UNAVAILABLE" });
    expect(door.behind.opened).toEqual([]);
  });

  it("asks no server for an address, and takes the name it asks for instead from nobody", async () => {
    const { caFile, identity } = issue(["address.invalid", "localhost"]);
    const door = await open({ identity });
    const to = endpoint(door, { caFile });
    expect(await greet(to)).toMatchObject({
      status: "UNAVAILABLE",
      details: expect.stringContaining("IP: 127.0.0.1 is not in the cert's list"),
    });
    expect(door.behind.opened).toEqual([]);
    const named = { ...to, address: `localhost:${door.ports.main}` };
    expect(await greet(named)).toMatchObject({ $case: "welcome" });
    expect(warnings.map(({ name, message }) => `${name} ${message}`)).toEqual([]);
  });

  it("tells that a certificate is not valid yet, so that the clock can be awaited", async () => {
    const { caFile, identity } = issue(["127.0.0.1"], {
      fromMs: Date.now() + DAY_MS,
      toMs: Date.now() + 2 * DAY_MS,
    });
    const door = await open({ identity });
    expect(await greet(endpoint(door, { caFile }))).toMatchObject({
      status: "UNAVAILABLE",
      details: expect.stringMatching(/certificate is not yet valid/),
    });
  });

  it("shows the claim token, read anew for each stream", async () => {
    const { caFile, identity } = issue(["127.0.0.1"]);
    const door = await open({ identity, isKnownToken: (token) => token === "right" });
    const claimTokenFile = join(temporaryFolder(), "token");
    const to = endpoint(door, { caFile, claimTokenFile });
    writeFileSync(claimTokenFile, "wrong\n");
    expect(await greet(to)).toMatchObject({ status: "UNAUTHENTICATED" });
    writeFileSync(claimTokenFile, "right\n");
    expect(await greet(to)).toMatchObject({ $case: "welcome" });
  });

  it("tells when the backend says when to come back", async () => {
    const door = await open();
    door.behind.ingest.open = async () => {
      const cause = { retryAfterMs: 7_000 };
      throw new HeatpoolError("RATE_LIMITED", "too many", { cause });
    };
    const to = endpoint(door, { insecureLoopback: true });
    expect(await greet(to)).toMatchObject({ status: "RESOURCE_EXHAUSTED", retryAfterMs: 7_000 });
  });

  it("speaks plain text to this machine only", () => {
    const to = {
      address: "192.0.2.1:7443",
      caFile: undefined,
      tlsMinVersion: "TLSv1.3",
      claimTokenFile: undefined,
      insecureLoopback: true,
    } as const;
    expect(() => createGrpcTransport(to, false)).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID" }),
    );
  });

  it("names an unreadable authority file before anything is sent", () => {
    const to = { address: "127.0.0.1:1", caFile: "/nowhere", tlsMinVersion: "TLSv1.3" } as const;
    const open = () =>
      createGrpcTransport({ ...to, claimTokenFile: undefined, insecureLoopback: false }, false);
    expect(open).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
  });
});
