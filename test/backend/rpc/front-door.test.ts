/** Whoever opens connections and does nothing with them must not be able to hold them. */
import type { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { connect, createServer, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { afterEach, describe, expect, it } from "vitest";
import { DeliverRequest } from "#proto/heatpool/telemetry/v1/telemetry.js";
import { type FrontDoor, type FrontParts, openFrontDoor } from "../../../backend/rpc/front-door.js";
import { Follower } from "../../../backend/rpc/message-pace.js";
import { hello, type OpenDoor, openDoor, talk } from "../../support/door.js";
import { createFakeClock, settle } from "../../support/fake-clock.js";
import { makeIdentity } from "../../support/identity.js";

const LOOPBACK = { host: "127.0.0.1", port: 0 };
const LIMITS = {
  socketsPerPrefixMax: 3,
  newPerPrefix: { burst: 50, perSecond: 1 },
  firstByteMs: 5_000,
  handshakeMs: 10_000,
  handshakesMax: 16,
  handshakes: { turnMs: 1, waitingMax: 16, pieces: { burst: 8, perSecond: 1 } },
  newcomers: { turnMs: 1, waitingMax: 16 },
  perInstallation: { connectionsMax: 2, usual: { burst: 4, perSecond: 1 } },
};

let ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.reverse()) await end();
  ends = [];
});

async function open(changes: Partial<FrontParts> = {}) {
  const clock = createFakeClock();
  const inside: Socket[] = [];
  const onConnection = (socket: Socket) => inside.push(socket);
  const parts = { address: LOOPBACK, identity: undefined, limits: LIMITS, clock, onConnection };
  const door: FrontDoor = await openFrontDoor({ ...parts, ...changes });
  ends.push(() => door.destroy());
  const knock = async (): Promise<Socket> => {
    const socket = connect(door.port, "127.0.0.1");
    socket.on("error", () => undefined);
    ends.push(() => socket.destroy());
    await once(socket, "connect");
    return socket;
  };
  return { clock, inside, door, knock };
}

const closed = (socket: Socket) =>
  new Promise<void>((resolve) => {
    if (socket.closed) resolve();
    else socket.once("close", () => resolve());
  });
const seen = async (isSo: () => boolean) => {
  while (!isSo()) await settle();
};

describe("the front door", () => {
  it("lets so many of one network in, and others again when one has left", async () => {
    const { inside, knock } = await open();
    const first = await knock();
    await knock();
    await knock();
    await seen(() => inside.length === 3);
    await closed(await knock());
    expect(inside).toHaveLength(3);
    first.destroy();
    const [left] = inside;
    if (left !== undefined) await closed(left.resume());
    await knock();
    await seen(() => inside.length === 4);
  });

  it("closes who says nothing for five seconds, and nobody who spoke", async () => {
    const { clock, inside, knock } = await open();
    const [silent, speaking] = [await knock(), await knock()];
    await seen(() => inside.length === 2);
    for (const one of inside) one.resume();
    speaking.write("P");
    await seen(() => inside.some((one) => one.bytesRead > 0));
    await clock.advance(4_999);
    expect([silent.closed, speaking.closed]).toEqual([false, false]);
    await clock.advance(1);
    await closed(silent);
    await clock.advance(60_000);
    expect(speaking.closed).toBe(false);
  });

  it.each([
    { what: "a hello that is not whole", bytes: (hello: Buffer) => hello.subarray(0, -1) },
    { what: "a hello and nothing after it", bytes: (hello: Buffer) => hello },
  ])("closes $what after ten seconds", async ({ bytes }) => {
    const { identity } = await makeIdentity();
    const { clock, inside, knock } = await open({ identity });
    const stuck = await knock();
    stuck.resume().write(bytes(await clientHello()));
    await seen(() => clock.waiting > 0);
    await clock.advance(9_999);
    expect(stuck.closed).toBe(false);
    await clock.advance(1);
    await closed(stuck);
    expect(inside).toEqual([]);
  });

  it("closes at once who begins with anything but a hello of usual length", async () => {
    const { identity } = await makeIdentity();
    const { inside, knock } = await open({ identity });
    for (const first of ["474554202f", "1603014001", "1602000100", "1603010000"]) {
      const stranger = await knock();
      stranger.resume().write(Buffer.from(first, "hex"));
      await closed(stranger);
    }
    expect(inside).toEqual([]);
  });

  it("gives up the oldest handshake when more are begun than may be", async () => {
    const { identity } = await makeIdentity();
    const { knock } = await open({ identity, limits: { ...LIMITS, handshakesMax: 2 } });
    const hello = await clientHello();
    const begin = async () => {
      const socket = await knock();
      const answered = once(socket, "data");
      socket.write(hello);
      await answered;
      return socket;
    };
    const [first, second] = [await begin(), await begin()];
    const third = await begin();
    await closed(first);
    expect([second.closed, third.closed]).toEqual([false, false]);
  });

  it("lets in who finishes it and speaks HTTP/2, and nobody else", async () => {
    const { identity, ca } = await makeIdentity();
    const { inside, door } = await open({ identity });
    const tls = (protocols: string[]) => {
      const socket = connectTls({
        port: door.port,
        host: "127.0.0.1",
        ca,
        ALPNProtocols: protocols,
        checkServerIdentity: () => undefined,
      });
      socket.on("error", () => undefined);
      ends.push(() => socket.destroy());
      return socket;
    };
    await closed(tls(["http/1.1"]));
    await closed(tls([]).resume());
    expect(inside).toEqual([]);
    tls(["h2"]);
    await seen(() => inside.length === 1);
    tls(["h2"]);
    tls(["h2"]);
    await seen(() => inside.length === 3);
    await closed(tls(["h2"]));
    expect(inside).toHaveLength(3);
  });

  it("names the address that is taken", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    ends.push(() => other.close());
    const address = other.address();
    const port = typeof address === "string" || address === null ? 0 : address.port;
    const taken = openDoor({ main: { kind: "tcp", host: "127.0.0.1", port } });
    await expect(taken).rejects.toMatchObject({ code: "UNAVAILABLE" });
  });
});

describe("certificates at the front door", () => {
  /** Connects as `name`, who shows a certificate that bears it. */
  async function openFor(limits: object = {}) {
    const { identity, ca } = await makeIdentity();
    const whoIs = (shown: X509Certificate | undefined) => shown?.subject.slice("CN=".length);
    const parts = await open({
      identity,
      whoIs,
      limits: { ...LIMITS, socketsPerPrefixMax: 9, ...limits },
    });
    const dial = (shown?: { cert: Buffer; key: Buffer }) => {
      const { port } = parts.door;
      const socket = connectTls({
        ...{ port, host: "127.0.0.1", ca, ...shown, ALPNProtocols: ["h2"] },
        checkServerIdentity: () => undefined,
      });
      socket.on("error", () => undefined);
      ends.push(() => socket.destroy());
      return socket.resume();
    };
    const shown = { cert: identity.certificate, key: identity.key };
    return { ...parts, dial, shown };
  }

  it("give an installation two connections; of a third the oldest makes room", async () => {
    const { dial, shown, inside } = await openFor();
    const first = dial(shown);
    await seen(() => inside.length === 1);
    dial(shown);
    await seen(() => inside.length === 2);
    const third = dial(shown);
    await closed(first);
    await seen(() => inside.length === 3);
    expect(third.closed).toBe(false);
  });

  it("let everybody in who has one, whom strangers would make wait", async () => {
    const pieces = { burst: 1, perSecond: 1 };
    const handshakes = { ...LIMITS.handshakes, pieces };
    const { clock, dial, shown, inside } = await openFor({ handshakes });
    for (const count of [1, 2]) {
      dial(shown);
      await seen(() => inside.length === count);
    }
    const stranger = dial();
    await seen(() => inside.length === 3);
    dial();
    await seen(() => clock.waiting > 0);
    for (let round = 0; round < 5; round += 1) await settle();
    expect(inside).toHaveLength(3);
    stranger.destroy();
    await clock.advance(1_000);
    await seen(() => inside.length === 4);
  });
});

describe("the public listener behind it", () => {
  let door: OpenDoor;
  const start = async (front: object) => {
    const limits = {
      messageBytesMax: 512 * 1024,
      streamsMax: 4,
      connectionAgeMaxMs: 86_400_000,
      keepaliveMs: 0,
    };
    door = await openDoor({ limits: { ...limits, front } });
    ends.push(() => door.close());
  };

  it("serves while others hold as many connections as they may", async () => {
    await start({ socketsPerPrefixMax: 2 });
    const stream = talk(door.ports.main);
    ends.push(() => stream.close());
    stream.say(hello());
    expect(await stream.hear()).toMatchObject({ $case: "welcome" });
    const holders = [0, 1, 2].map(() => connect(door.ports.main, "127.0.0.1"));
    for (const one of holders) one.on("error", () => undefined);
    ends.push(() => holders.map((one) => one.destroy()));
    await Promise.all(holders.slice(1).map(closed));
    stream.say({ $case: "ping", value: { nonce: 7n } });
    expect(await stream.hear()).toMatchObject({ $case: "pong" });
  });

  it("ends a message that is fed byte by byte, and no silent stream", async () => {
    await start({});
    const session = connectHttp2(`http://127.0.0.1:${door.ports.main}`);
    ends.push(() => session.destroy());
    const call = (path: string) => {
      const request = session.request({
        ":method": "POST",
        ":path": `/heatpool.${path}`,
        "content-type": "application/grpc",
        te: "trailers",
      });
      let code: unknown;
      const note = (headers: object) => {
        if ("grpc-status" in headers) code = headers["grpc-status"];
      };
      request
        .on("response", note)
        .on("trailers", note)
        .on("error", () => undefined)
        .resume();
      return { request, code: () => code };
    };
    const silent = call("telemetry.v1.TelemetryService/Deliver");
    silent.request.write(framed(DeliverRequest.encode({ body: hello(1) }).finish()));
    const slow = call("telemetry.v1.TelemetryService/Deliver");
    slow.request.write(framed(DeliverRequest.encode({ body: hello(2) }).finish()));
    const asking = call("community.v1.CommunityService/GetPoolStatus");
    await seen(() => door.behind.opened.length === 2);
    for (const byte of [0, 0, 0, 0, 9, 1]) {
      expect([silent.code(), slow.code(), asking.code()]).toEqual([
        undefined,
        undefined,
        undefined,
      ]);
      slow.request.write(Buffer.of(byte));
      await seen(() => door.clock.waiting > 0);
      for (let round = 0; round < 5; round++) await settle();
      await door.clock.advance(5_900);
    }
    await seen(() => slow.code() !== undefined && asking.code() !== undefined);
    expect([slow.code(), asking.code()]).toEqual(["4", "4"]);
    await door.clock.advance(3_600_000);
    expect(silent.code()).toBeUndefined();
    silent.request.end();
    await seen(() => silent.code() !== undefined);
    expect(silent.code()).toBe("0");
  });
});

/** What a client of TLS says first. */
async function clientHello(): Promise<Buffer> {
  const server = createServer().listen(0, "127.0.0.1");
  ends.push(() => server.close());
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "string" || address === null ? 0 : address.port;
  const client = connectTls({ port, host: "127.0.0.1", ALPNProtocols: ["h2"] });
  client.on("error", () => undefined);
  const [socket] = (await once(server, "connection")) as [Socket];
  const [hello] = (await once(socket, "data")) as [Buffer];
  client.destroy();
  socket.destroy();
  return hello;
}

describe("a message's lengths", () => {
  it("are followed however they are cut", () => {
    const bytes = Buffer.concat([
      framed(Buffer.alloc(300, 1)),
      framed(Buffer.alloc(0)),
      framed(Buffer.of(9)),
    ]);
    for (const size of [1, 2, 3, 7, 100, bytes.length]) {
      const follower = new Follower();
      let within = false;
      let ended = 0;
      for (let at = 0; at < bytes.length; at += size) {
        const state = follower.follow(bytes.subarray(at, at + size));
        if (state.hasEnded) ended++;
        within = state.isWithin;
      }
      expect([within, ended > 0]).toEqual([false, true]);
      expect(new Follower().follow(bytes.subarray(0, bytes.length - 1)).isWithin).toBe(true);
    }
  });
});

/** With the prefix that gRPC puts before a message. */
function framed(message: Uint8Array): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}
