/** Listening to a real broker: it goes and comes, refuses, grants and stays silent, sends too much. */
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { type AddressInfo, createServer, connect as dial, type Socket } from "node:net";
import { join } from "node:path";
import type { MqttClient } from "mqtt";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createMqttFeed } from "../../../daemon/device/mqtt-feed.js";
import type { BrokerEndpoint } from "../../../daemon/device/mqtt-session.js";
import type { TopicFeed } from "../../../daemon/device/topic-feed.js";
import { temporaryFolder } from "../../support/folder.js";
import { createBroker, createHastyClock, type TestBroker, until } from "../../support/mosquitto.js";
import { isPeerMissing } from "../../support/peer.js";

const MEBIBYTE = 1024 * 1024;
const signal = new AbortController().signal;
const open: { close?: () => Promise<void>; end?: () => void }[] = [];

function listen(broker: TestBroker, more: Partial<BrokerEndpoint> = {}, topics = ["a", "b/c"]) {
  const heard: string[] = [];
  const notices: string[] = [];
  const feed: TopicFeed = createMqttFeed({
    endpoint: {
      host: "127.0.0.1",
      port: broker.port,
      isTls: false,
      caFile: undefined,
      userFile: broker.userFile,
      passwordFile: broker.passwordFile,
      clientId: `test-${heard.length}-${open.length}`,
      ...more,
    },
    clock: createHastyClock(),
    onNotice: (text) => notices.push(text),
  });
  open.push(feed);
  feed.start(topics, {
    message: (topic, text, isRetained) =>
      heard.push(`${topic}=${text.slice(0, 20)}${isRetained ? " (kept)" : ""}`),
    lost: () => heard.push("lost"),
  });
  return { feed, heard, notices };
}

async function gatewayOf(broker: TestBroker): Promise<MqttClient> {
  const client = await broker.connect();
  open.push({ close: () => client.endAsync(true) });
  return client;
}

describe.skipIf(isPeerMissing("mosquitto"))("a feed from a broker (mosquitto)", () => {
  let broker: TestBroker;
  beforeAll(async () => {
    broker = await createBroker(["a", "b/#"]);
    await broker.start();
  });
  afterEach(async () => {
    for (const one of open.splice(0).reverse()) await one.close?.();
  });
  afterAll(() => broker.stop());

  it("tells what the broker kept from what is sent", async () => {
    const gateway = await gatewayOf(broker);
    await gateway.publishAsync("a", "old", { retain: true });
    const { feed, heard } = listen(broker);
    await feed.ready(signal);
    await until(() => heard.length === 1, "the kept message");
    await gateway.publishAsync("a", "new", { retain: true });
    await until(() => heard.length === 2, "the live message");
    expect(heard).toEqual(["a=old (kept)", "a=new"]);
    expect(feed.figures()).toMatchObject({ protocol: "5", messages: 1, retained: 1, refused: 0 });
    await gateway.publishAsync("a", "", { retain: true });
  });

  it("hears nothing but its topics", async () => {
    const gateway = await gatewayOf(broker);
    const { feed, heard } = listen(broker, {}, ["b/c"]);
    await feed.ready(signal);
    for (const topic of ["a", "b", "b/d", "b/c/d"]) await gateway.publishAsync(topic, "no");
    await gateway.publishAsync("b/c", "yes");
    await until(() => heard.length > 0, "the message");
    expect(heard).toEqual(["b/c=yes"]);
  });

  it("drops a payload of 1 MB unread, counts it, and goes on", async () => {
    const gateway = await gatewayOf(broker);
    const { feed, heard, notices } = listen(broker);
    await feed.ready(signal);
    const large = Buffer.alloc(MEBIBYTE, "x");
    await gateway.publishAsync("a", large, { qos: 1 });
    await gateway.publishAsync("a", large, { qos: 1 });
    await gateway.publishAsync("a", "17");
    await until(() => heard.length > 0, "the message behind it");
    expect(heard).toEqual(["a=17"]);
    expect(feed.figures().oversized).toBe(2);
    expect(notices).toEqual([expect.stringContaining("1048576 bytes")]);
    expect(notices.join()).not.toContain("xxx");
  });

  it("comes back by itself when the broker was gone, and says that it missed something", async () => {
    const { feed, heard } = listen(broker);
    await feed.ready(signal);
    await broker.stop();
    await until(() => heard.includes("lost"), "the loss");
    await expect(feed.ready(signal)).rejects.toMatchObject({ code: "DEVICE_UNREACHABLE" });
    await broker.start();
    await until(() => feed.figures().isConnected, "the connection");
    const gateway = await gatewayOf(broker);
    await gateway.publishAsync("a", "again");
    await until(() => heard.includes("a=again"), "a message after the restart");
    expect(feed.figures().connections).toBe(2);
  });

  it("does not see what the account may not read, though the broker grants it", async () => {
    const gateway = await gatewayOf(broker);
    const { feed, heard } = listen(broker, {}, ["a", "secret"]);
    await feed.ready(signal);
    await gateway.publishAsync("secret", "1");
    await gateway.publishAsync("a", "2");
    await until(() => heard.length > 0, "the allowed message");
    expect(heard).toEqual(["a=2"]);
  });

  it("says that user or password are wrong, and where to look", async () => {
    const file = join(temporaryFolder(), "wrong");
    writeFileSync(file, "wrong\n");
    const { feed } = listen(broker, { passwordFile: file });
    await expect(feed.ready(signal)).rejects.toMatchObject({
      code: "DEVICE_REFUSED",
      hint: expect.stringContaining("passwordFile"),
    });
  });

  it("says which file cannot be read", async () => {
    const { feed } = listen(broker, { userFile: "/nowhere/user" });
    await expect(feed.ready(signal)).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message: "/nowhere/user cannot be read",
    });
  });

  it("ends while it waits for a broker that is not there", async () => {
    const { feed } = listen(broker, { port: 1 });
    await expect(feed.ready(signal)).rejects.toMatchObject({ code: "DEVICE_UNREACHABLE" });
    await feed.close();
    expect(feed.figures().isConnected).toBe(false);
  });

  it("ends at once while a broker takes the call and says nothing", async () => {
    const mute = await serve(() => undefined);
    open.push(mute);
    const { feed } = listen(broker, { port: mute.port });
    await until(() => mute.calls() === 1, "the call");
    await feed.close();
    await expect(feed.ready(signal)).rejects.toMatchObject({ code: "DEVICE_CLOSED" });
  });

  it("counts the topics that a broker refuses, and keeps the others", async () => {
    const picky = await serve(answerPickily);
    open.push(picky);
    const { feed, notices } = listen(broker, { port: picky.port }, ["a", "secret", "b/c"]);
    await feed.ready(signal);
    expect(feed.figures()).toMatchObject({ refused: 1, isConnected: true });
    expect(notices).toEqual(["the broker refuses 1 of 3 topics"]);
  });

  it("speaks MQTT 3.1.1 to a broker that knows nothing newer", async () => {
    const old = await oldBroker(broker.port);
    open.push(old);
    const gateway = await gatewayOf(broker);
    const { feed, heard } = listen(broker, { port: old.port });
    await until(() => feed.figures().isConnected, "the connection");
    expect(feed.figures().protocol).toBe("3.1.1");
    await gateway.publishAsync("a", "still");
    await until(() => heard.length > 0, "a message");
    expect(heard).toEqual(["a=still"]);
  });
});

/** A server that is not quite a broker. */
async function serve(answer: (socket: Socket, packet: Buffer) => void) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("data", (packet: Buffer) => answer(socket, packet));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    calls: () => sockets.size,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((closed) => server.close(closed));
    },
  };
}

/** MQTT 5.0, sections 3.2, 3.8 and 3.9: accepts, and refuses (0x87) whatever is called secret. */
function answerPickily(socket: Socket, packet: Buffer): void {
  if (packet[0] === 0x10) return void socket.write(Buffer.from([0x20, 3, 0, 0, 0]));
  if (packet[0] !== 0x82) return;
  const codes: number[] = [];
  for (let at = 5; at < packet.length; ) {
    const length = packet.readUInt16BE(at);
    const topic = packet.toString("utf8", at + 2, at + 2 + length);
    codes.push(topic === "secret" ? 0x87 : 0);
    at += length + 3;
  }
  const id = [...packet.subarray(2, 4)];
  socket.write(Buffer.from([0x90, codes.length + 3, ...id, 0, ...codes]));
}

/** Refuses protocol 5 as MQTT 3.1.1 says (table 3.1, code 1), and passes 3.1.1 on to the broker. */
async function oldBroker(port: number) {
  const through = new Map<Socket, Socket>();
  const server = await serve((socket, packet) => {
    const known = through.get(socket);
    if (known !== undefined) return void known.write(packet);
    if (packet[packet.indexOf("MQTT") + 4] !== 4) {
      return void socket.end(Buffer.from([0x20, 2, 0, 1]));
    }
    const behind = dial(port, "127.0.0.1", () => behind.write(packet));
    behind.on("error", () => undefined).pipe(socket);
    through.set(socket, behind);
  });
  return {
    port: server.port,
    async close() {
      for (const socket of through.values()) socket.destroy();
      await server.close();
    },
  };
}

describe.skipIf(isPeerMissing("mosquitto"))("a feed over TLS (mosquitto)", () => {
  let broker: TestBroker;
  let certificate: string;
  beforeAll(async () => {
    const folder = temporaryFolder();
    certificate = join(folder, "cert.pem");
    const key = join(folder, "key.pem");
    const made = spawnSync(
      "openssl",
      `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost
       -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout ${key} -out ${certificate}`.split(
        /\s+/,
      ),
    );
    if (made.status !== 0) throw new Error(String(made.stderr));
    broker = await createBroker(["a"], [`certfile ${certificate}`, `keyfile ${key}`]);
    await broker.start();
  });
  afterEach(async () => {
    for (const one of open.splice(0).reverse()) await one.close?.();
  });
  afterAll(() => broker.stop());

  it("trusts the broker whose certificate it was given", async () => {
    const { feed } = listen(broker, { isTls: true, caFile: certificate });
    await feed.ready(signal);
    expect(feed.figures().isConnected).toBe(true);
  });

  it("trusts nobody else", async () => {
    const { feed } = listen(broker, { isTls: true });
    await expect(feed.ready(signal)).rejects.toMatchObject({
      code: "DEVICE_UNREACHABLE",
      message: expect.stringMatching(/self.signed/),
    });
  });

  it("refuses a file that is no certificate", async () => {
    const { feed } = listen(broker, { isTls: true, caFile: broker.userFile });
    await expect(feed.ready(signal)).rejects.toMatchObject({ name: "HeatpoolError" });
  });
});
