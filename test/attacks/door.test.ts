/**
 * Floods at the public door (A16 to A18): whoever sends what no daemon sends is refused or cut off,
 * nobody's handler breaks, and an honest stream beside it goes on. CPU time is bounded generously:
 * it holds the attacker's share too, and only tells a limit from none.
 */
import { once } from "node:events";
import { type ClientHttp2Session, connect as connectHttp2, constants } from "node:http2";
import { connect, type Socket } from "node:net";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { status } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { hello, type OpenDoor, openDoor, type Talk, talk } from "../support/door.js";

const DELIVER = "/heatpool.telemetry.v1.TelemetryService/Deliver";
const POOL = "/heatpool.community.v1.CommunityService/GetPoolStatus";
/** HTTP/2 connection preface, then an empty SETTINGS frame (RFC 9113, 3.4). */
const PREFACE = Buffer.concat([
  Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
  Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]),
]);
const GOAWAY = 7;
const CPU_MAX_MS = 8_000;

let door: OpenDoor;
let honest: Talk;
const ends: (() => unknown)[] = [];
beforeEach(async () => {
  door = await openDoor();
  honest = talk(door.ports.main);
  honest.say(hello());
  expect(await honest.hear()).toMatchObject({ $case: "welcome" });
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) end();
  honest.close();
  await door.close();
});

/** A frame of HTTP/2. */
function frame(type: number, flags: number, stream: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

async function knock(): Promise<Socket> {
  const socket = connect(door.ports.main, "127.0.0.1");
  socket.on("error", () => undefined);
  ends.push(() => socket.destroy());
  await once(socket, "connect");
  socket.resume();
  return socket;
}

function session(): ClientHttp2Session {
  const one = connectHttp2(`http://127.0.0.1:${door.ports.main}`);
  one.on("error", () => undefined);
  ends.push(() => one.destroy());
  return one;
}

/** Calls `path` with whatever bytes; resolves with the status of gRPC, or how the stream ended. */
function call(
  one: ClientHttp2Session,
  body: Uint8Array,
  headers: Record<string, string> = {},
  path = POOL,
): Promise<string> {
  return new Promise((resolve) => {
    const request = one.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
      ...headers,
    });
    let code: string | undefined;
    const note = (found: Record<string, unknown>) => {
      if (found["grpc-status"] !== undefined) code = String(found["grpc-status"]);
      else if (found[":status"] !== 200 && found[":status"] !== undefined)
        code = `http ${String(found[":status"])}`;
    };
    request.on("response", note).on("trailers", note);
    request.on("error", () => undefined);
    request.on("close", () => resolve(code ?? `reset ${request.rstCode}`));
    request.resume();
    request.end(body);
  });
}

/** A message of gRPC. */
function message(bytes: Uint8Array, isCompressed = false): Buffer {
  const head = Buffer.alloc(5);
  head[0] = isCompressed ? 1 : 0;
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

async function stillServes(): Promise<void> {
  honest.say({ $case: "ping", value: { nonce: 7n } });
  expect(await honest.hear()).toMatchObject({ $case: "pong" });
  expect(door.bugs).toEqual([]);
}

/** Milliseconds of CPU that `work` cost the whole process. */
async function cpuOf(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** HEADERS of a call, as HPACK literals without indexing (RFC 7541, 6.2.2). */
function headersOf(path: string): Buffer {
  const literal = (name: string, value: string) =>
    Buffer.concat([
      Buffer.from([0, name.length]),
      Buffer.from(name),
      Buffer.from([value.length]),
      Buffer.from(value),
    ]);
  return Buffer.concat([
    literal(":method", "POST"),
    literal(":scheme", "http"),
    literal(":path", path),
    literal(":authority", "a"),
    literal("content-type", "application/grpc"),
    literal("te", "trailers"),
  ]);
}

/** A connection of raw frames, and whether the door has had enough of it. */
interface Flood {
  readonly socket: Socket;
  /** Resolves when the door said GOAWAY (RFC 9113, 6.8) or closed the connection. */
  readonly cutOff: Promise<unknown>;
  isCutOff(): boolean;
}

/** Sends `frames` until all are out or the door had enough. */
async function flood(frames: (number: number) => Buffer, count: number): Promise<Flood> {
  const socket = await knock();
  let heard = Buffer.alloc(0);
  let isCutOff = false;
  const cutOff = new Promise<void>((resolve) => {
    const end = () => {
      isCutOff = true;
      resolve();
    };
    socket.once("close", end);
    socket.on("data", (bytes: Buffer) => {
      heard = Buffer.concat([heard, bytes]);
      while (heard.length >= 9 && heard.length >= 9 + heard.readUIntBE(0, 3)) {
        if (heard[3] === GOAWAY) end();
        heard = heard.subarray(9 + heard.readUIntBE(0, 3));
      }
    });
  });
  socket.write(PREFACE);
  for (let number = 0; number < count && !isCutOff; number++) {
    if (socket.write(frames(number))) continue;
    await Promise.race([once(socket, "drain"), cutOff]);
  }
  return { socket, cutOff, isCutOff: () => isCutOff };
}

describe("floods of frames (A16)", () => {
  it("a rapid reset is cut off, and costs a bounded time", { timeout: 120_000 }, async () => {
    const block = headersOf(POOL);
    const ms = await cpuOf(async () => {
      const { cutOff } = await flood((number) => {
        const stream = 2 * number + 1;
        const reset = Buffer.alloc(4);
        reset.writeUInt32BE(constants.NGHTTP2_CANCEL);
        return Buffer.concat([frame(1, 4, stream, block), frame(3, 0, stream, reset)]);
      }, 20_000);
      await cutOff;
    });
    expect(ms).toBeLessThan(CPU_MAX_MS);
    await stillServes();
  });

  it("calls that are opened and reset in one breath never begin; a dozen of them is too many", async () => {
    const begun = vi.spyOn(door.behind.community, "poolStatus");
    const breath = (first: number, count: number): Buffer =>
      Buffer.concat(
        Array.from({ length: count }, (_, at) => {
          const stream = 2 * (first + at) + 1;
          const why = Buffer.from([0, 0, 0, constants.NGHTTP2_CANCEL]);
          const asked = frame(0, 1, stream, message(Buffer.alloc(0)));
          const headers = frame(1, 4, stream, headersOf(POOL));
          return Buffer.concat([headers, asked, frame(3, 0, stream, why)]);
        }),
      );
    const { socket, cutOff, isCutOff } = await flood(() => breath(0, 10), 1);
    const pong = new Promise<void>((resolve) => {
      socket.on("data", (bytes: Buffer) => {
        if (bytes.includes(Buffer.from("a breath"))) resolve();
      });
    });
    socket.write(frame(6, 0, 0, Buffer.from("a breath")));
    await pong;
    await stillServes();
    expect([begun.mock.calls.length, isCutOff()]).toEqual([0, false]);
    socket.write(breath(10, 14));
    await cutOff;
    expect(begun).not.toHaveBeenCalled();
    await stillServes();
  });

  it.each([
    { name: "pings", type: 6, payload: Buffer.alloc(8) },
    { name: "settings", type: 4, payload: Buffer.from([0, 3, 0, 0, 0, 100]) },
  ])("$name are cut off or answered, and nobody else waits", { timeout: 120_000 }, async (one) => {
    const { type, payload } = one;
    const ms = await cpuOf(() => flood(() => frame(type, 0, 0, payload), 20_000));
    expect(ms).toBeLessThan(CPU_MAX_MS);
    await stillServes();
  });

  it.each([
    {
      name: "calls, also of methods that nobody has",
      frame: (number: number) => frame(1, 4, 2 * number + 1, headersOf("/nobody.Has/This")),
    },
    { name: "answered pings", frame: () => frame(6, 0, 0, Buffer.alloc(8)) },
    { name: "answered settings", frame: () => frame(4, 0, 0, Buffer.from([0, 3, 0, 0, 0, 100])) },
  ])("more $name than any daemon sends end the connection", async (one) => {
    const { cutOff } = await flood(one.frame, 2_000);
    await cutOff;
    await stillServes();
  });

  it("120 KB of headers end that call alone", async () => {
    const one = session();
    const huge = Object.fromEntries(
      Array.from({ length: 30 }, (_, k) => [`x-${k}`, "a".repeat(4_000)]),
    );
    expect(await call(one, message(Buffer.alloc(0)), huge)).not.toBe("0");
    await stillServes();
  });

  it("a thousand idle sockets are as many as their network may have", async () => {
    const sockets = await Promise.all(Array.from({ length: 1_000 }, knock));
    await Promise.all(
      sockets.slice(64).map((one) => one.destroyed || once(one, "close").catch(() => undefined)),
    );
    expect(sockets.filter((one) => !one.destroyed).length).toBeLessThanOrEqual(64);
    await stillServes();
    await door.clock.advance(5_000);
    await Promise.all(sockets.map((one) => one.destroyed || once(one, "close")));
  });

  it("more than four calls at once wait for the others", async () => {
    const one = session();
    await once(one, "remoteSettings");
    expect(one.remoteSettings.maxConcurrentStreams).toBe(4);
    await stillServes();
  });
});

describe("bombs (A17)", () => {
  it("fifteen bytes that are no gzip give INTERNAL, and the process lives", async () => {
    const bad = Buffer.from("1f8b0800000000000003ffffffffff", "hex");
    expect(bad).toHaveLength(15);
    const headers = { "grpc-encoding": "gzip" };
    expect(await call(session(), message(bad, true), headers)).toBe(String(status.INTERNAL));
    await stillServes();
  });

  it("a gzip bomb of the channel is refused before it is unpacked", {
    timeout: 60_000,
  }, async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
    const ms = await cpuOf(async () => {
      const code = await call(session(), message(bomb, true), { "grpc-encoding": "gzip" });
      expect([String(status.RESOURCE_EXHAUSTED), String(status.UNIMPLEMENTED)]).toContain(code);
    });
    expect(ms).toBeLessThan(CPU_MAX_MS);
    await stillServes();
  });

  it("brotli, which packs a hundred times tighter, is not spoken", async () => {
    const bomb = brotliCompressSync(Buffer.alloc(1024 * 1024));
    const code = await call(session(), message(bomb, true), { "grpc-encoding": "br" });
    expect(code).not.toBe("0");
    await stillServes();
  });

  it("two million empty parts in one message cost less than the wire", {
    timeout: 60_000,
  }, async () => {
    // Field 1 of a request is the hello; field 5 of it the devices, each of no bytes.
    const devices = Buffer.alloc(500_000, Buffer.from([0x2a, 0]));
    const length = Buffer.from([0xa0, 0xc2, 0x1e]);
    const bomb = message(Buffer.concat([Buffer.from([0x0a]), length, devices]));
    const ms = await cpuOf(async () => {
      expect(await call(session(), bomb, {}, DELIVER)).not.toBe("0");
    });
    expect(ms).toBeLessThan(2_000);
    expect(door.behind.opened).toHaveLength(1);
    await stillServes();
  });

  it.each([
    "/heatpool.model.v1.ModelService/CheckEligibility",
    "/heatpool.community.v1.CommunityService/GetPoolStatus",
  ])("half a megabyte of nothing to %s is not even decoded", async (path) => {
    const entries = Buffer.alloc(500_000, Buffer.from([0x2a, 0]));
    const bomb = Buffer.concat([Buffer.from([0x0a, 0xa0, 0xc2, 0x1e]), entries]);
    expect(await call(session(), message(bomb), {}, path)).toBe(String(status.INTERNAL));
    await stillServes();
  });

  it("a message that says it is 4 GiB long is refused at its first byte", async () => {
    const head = Buffer.from([0, 0xff, 0xff, 0xff, 0xff, 1]);
    expect(await call(session(), head)).toBe(String(status.RESOURCE_EXHAUSTED));
    await stillServes();
  });
});
