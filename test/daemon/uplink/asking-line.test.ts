/**
 * An installation has two connections at the backend. However much a daemon asks while it delivers,
 * whatever broke without a word, and whenever its key changes: it is never the one that is cut.
 */
import { writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import type { Channel } from "@grpc/grpc-js";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { parseUuid } from "#core/uuid.js";
import { FRONT_LIMITS } from "../../../backend/rpc/front-door.js";
import { type AskingLine, createAskingLine } from "../../../daemon/uplink/asking-line.js";
import { connectCommunity } from "../../../daemon/uplink/community-client.js";
import { createGrpcTransport, type Endpoint } from "../../../daemon/uplink/grpc-transport.js";
import { connectMetadata } from "../../../daemon/uplink/metadata-client.js";
import type { StreamEnd, UplinkStream } from "../../../daemon/uplink/transport.js";
import { hello, LIMITS, openDoor } from "../../support/door.js";
import { createFakeBehind } from "../../support/fake-behind.js";
import { temporaryFolder } from "../../support/folder.js";
import { makeIdentity } from "../../support/identity.js";
import {
  enrol,
  makeIdentities,
  newDevice,
  renewRequest,
  toPem,
} from "../../support/identity-bed.js";

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});
let server: Awaited<ReturnType<typeof makeIdentity>>;
let caFile = "";
beforeAll(async () => {
  server = await makeIdentity();
  caFile = join(temporaryFolder(), "ca.crt");
  writeFileSync(caFile, server.ca);
});

/** A way to the door that counts connections, and can fall silent. */
async function startWay(port: number) {
  const open = new Set<Socket>();
  let made = 0;
  const way = createServer((near) => {
    const far = connect({ host: "127.0.0.1", port });
    made += 1;
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(one);
      one.pipe(other);
      one.on("error", () => {});
      one.on("close", () => {
        open.delete(one);
        if (!one.isPaused()) other.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => {
    way.listen(0, "127.0.0.1", resolve);
  });
  const freeze = () => {
    for (const one of open) one.unpipe().pause();
  };
  ends.push(() => {
    for (const one of open) one.destroy();
    way.close();
  });
  return { port: (way.address() as AddressInfo).port, made: () => made, freeze };
}

async function open() {
  const bed = await makeIdentities();
  const metadata = async () => Buffer.from("{}");
  const door = await openDoor({
    ...bed.parts(),
    behind: Object.assign(createFakeBehind(), { metadata }),
    identity: server.identity,
    // How fast strangers may come is not at stake here.
    limits: {
      ...LIMITS,
      front: {
        handshakes: { ...FRONT_LIMITS.handshakes, pieces: { burst: 1_000, perSecond: 1_000 } },
      },
    },
  });
  ends.push(() => door.close());
  const way = await startWay(door.ports.main);
  const { device, certificate } = await enrol(bed);
  const shown = (of: typeof device, pem: string): Endpoint => ({
    address: `127.0.0.1:${way.port}`,
    caFile,
    tlsMinVersion: "TLSv1.3",
    claimTokenFile: undefined,
    insecureLoopback: false,
    identity: {
      certificate: pem,
      key: of.tls.export({ type: "pkcs8", format: "pem" }).toString(),
    },
  });
  return { bed, way, device, shown, endpoint: shown(device, certificate) };
}

/** Delivers: resolves when the backend has said welcome. */
async function deliver(endpoint: Endpoint, installationId: string) {
  const over: StreamEnd[] = [];
  let stream: UplinkStream | undefined;
  await new Promise<void>((resolve, reject) => {
    stream = createGrpcTransport(endpoint, false).open({
      onResponse: () => resolve(),
      onEnd(end) {
        over.push(end);
        reject(new Error(`${end.status} ${end.details}`));
      },
    });
    const id = Buffer.from(parseUuid(installationId) ?? []);
    void stream.write({ body: hello(1, { installationId: id }) });
  });
  const cancel = () => stream?.cancel();
  ends.push(cancel);
  return { over, cancel };
}

/** Asks about the pool three times at once, and for two files one after the other. */
async function askMuch(endpoint: Endpoint, line: AskingLine): Promise<void> {
  const community = () => {
    const client = connectCommunity(endpoint, line);
    return client.poolStatus().finally(client.close);
  };
  const metadata = connectMetadata(() => endpoint, line);
  const { signal } = new AbortController();
  const fetchTwo = () =>
    metadata.during(async () => {
      await metadata.fetch("root", 1, 1_000, signal);
      await metadata.fetch("root", 2, 1_000, signal);
    });
  await Promise.all([community(), community(), community(), fetchTwo()]);
}

const ROUNDS = 8;

describe("what a daemon asks", () => {
  it("takes one connection at a time, beside the one that delivers, which is never cut", async () => {
    const { way, device, endpoint } = await open();
    const { over } = await deliver(endpoint, device.installationId);
    const line = createAskingLine();
    for (let round = 0; round < ROUNDS; round++) await askMuch(endpoint, line);
    expect(over).toEqual([]);
    expect(way.made()).toBe(1 + ROUNDS);
  });

  it("goes on under a new key while a question under the old one is still open", async () => {
    const { bed, device, endpoint, shown } = await open();
    const line = createAskingLine();
    const held = connectCommunity(endpoint, line);
    await held.poolStatus();
    ends.push(held.close);
    let last = device;
    let before = await deliver(endpoint, device.installationId);
    for (let round = 0; round < 3; round++) {
      const next = newDevice(device.installationId);
      const request = renewRequest(last, next, bed.enrolment.challenge());
      const { chain } = await bed.enrolment.renew(request);
      const renewed = shown(next, toPem(chain.slice(0, 1)));
      before.cancel();
      const { over, cancel } = await deliver(renewed, device.installationId);
      await askMuch(renewed, line);
      expect(over).toEqual([]);
      before = { over, cancel };
      last = next;
    }
  });

  it("is answered, and so is what is delivered, beside connections that broke without a word", async () => {
    const { way, device, endpoint } = await open();
    for (let broken = 0; broken < 2; broken++) {
      const line = createAskingLine();
      const client = connectCommunity(endpoint, line);
      await client.poolStatus();
      ends.push(client.close);
    }
    way.freeze();
    const { over } = await deliver(endpoint, device.installationId);
    for (let round = 0; round < 3; round++) await askMuch(endpoint, createAskingLine());
    expect(over).toEqual([]);
  });
});

describe("the line", () => {
  it("is closed by whoever asks last, and another name has its own", () => {
    const closed: string[] = [];
    const channel = (name: string) => ({ close: () => closed.push(name) }) as unknown as Channel;
    const line = createAskingLine();
    const one = line.borrow("a", () => channel("a1"));
    const two = line.borrow("a", () => channel("a2"));
    expect(two.channel).toBe(one.channel);
    const other = line.borrow("b", () => channel("b1"));
    one.close();
    one.close();
    expect(closed).toEqual([]);
    two.close();
    expect(closed).toEqual(["a1"]);
    other.close();
    line.borrow("b", () => channel("b2")).close();
    expect(closed).toEqual(["a1", "b1", "b2"]);
  });
});
