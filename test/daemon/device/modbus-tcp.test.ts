/** How a device is asked: one request at a time, patiently, and on one connection. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createEndpointQueue } from "../../../daemon/device/endpoint-queue.js";
import {
  connectModbusTcp,
  type LinkRules,
  type ModbusTcpReader,
} from "../../../daemon/device/modbus-tcp.js";
import { contentOf, type FaultServer, startFaultServer } from "../../support/fault-server.js";
import { LOOPBACK_RULES } from "../../support/link-rules.js";
import { freePort } from "../../support/peer.js";
import { createSwiftClock, type SwiftClock } from "../../support/swift-clock.js";

const RULES = { ...LOOPBACK_RULES, timeoutMs: 150 };
const input = (address: number, count = 2, unitId = 1) =>
  ({ unitId, space: "input", address, count }) as const;
const words = (address: number, unitId = 1) => [
  contentOf(4, unitId, address),
  contentOf(4, unitId, address + 1),
];

let server: FaultServer;
let clock: SwiftClock;
let reader: ModbusTcpReader;

beforeEach(async () => {
  server = await startFaultServer();
  clock = createSwiftClock();
});
afterEach(async () => {
  await reader.close();
  await server.close();
});

function startReader(rules: Partial<LinkRules> = {}): ModbusTcpReader {
  reader = connectModbusTcp(
    { host: "127.0.0.1", port: server.port },
    { ...RULES, ...rules },
    clock,
  );
  return reader;
}

describe("a connection that the device closes when idle", () => {
  it("is reopened silently, and the read is right", async () => {
    startReader();
    expect(await reader.read(input(1000))).toEqual(words(1000));
    clock.pass(30_000);
    await server.hangUp();
    expect(await reader.read(input(1002))).toEqual(words(1002));
    expect(server.connections).toBe(2);
    expect(reader.vitals()).toMatchObject({ idleCloses: 1, idleLimitMs: 30_000 });
  });

  it("is repeated once when the close meets the request, and is no fault", async () => {
    startReader();
    await reader.read(input(1000));
    clock.pass(30_000);
    server.plan("close");
    expect(await reader.read(input(1002))).toEqual(words(1002));
    expect(server.requests.length).toBe(3);
    clock.pass(30_000);
    server.plan("close", "close");
    // The second request goes to a fresh connection, because the limit is known: a real fault.
    await expect(reader.read(input(1004))).rejects.toMatchObject({ code: "DEVICE_CLOSED" });
  });

  it("is not waited for once its limit is known: a fresh one is opened first", async () => {
    startReader({ idleLimitMs: 20_000 });
    await reader.read(input(1000));
    clock.pass(25_000);
    await reader.read(input(1002));
    expect(server.connections).toBe(2);
    clock.pass(5000);
    await reader.read(input(1004));
    expect(server.connections).toBe(2);
  });

  it("counts as a fault right after an answer", async () => {
    startReader();
    await reader.read(input(1000));
    clock.pass(500);
    server.plan("close");
    await expect(reader.read(input(1002))).rejects.toMatchObject({ code: "DEVICE_CLOSED" });
  });
});

describe("a busy device", () => {
  it("is asked again after 0.5 s and 1 s on the same connection", async () => {
    startReader();
    server.plan("exception 6", "exception 5");
    expect(await reader.read(input(7))).toEqual(words(7));
    expect(clock.sleptMs).toEqual([500, 1000]);
    expect(server.connections).toBe(1);
  });

  it("that stays busy is reported with its own code", async () => {
    startReader();
    server.plan("exception 11", "exception 11", "exception 11");
    await expect(reader.read(input(7))).rejects.toMatchObject({
      code: "DEVICE_BUSY",
      exceptionCode: 11,
    });
    expect(server.requests.length).toBe(3);
  });

  it("is believed at once where the profile says that the code means absent", async () => {
    startReader({ absentCodes: [2, 4, 10] });
    server.plan("exception 10", "exception 4");
    await expect(reader.read(input(7))).rejects.toMatchObject({ exceptionCode: 10 });
    await expect(reader.read(input(7))).rejects.toMatchObject({ exceptionCode: 4 });
    expect(server.requests.length).toBe(2);
  });
});

describe("requests", () => {
  it("wait for each other, whatever unit they ask", async () => {
    startReader();
    const reads = Array.from({ length: 60 }, (_, index) => reader.read(input(index, 2, index % 5)));
    expect(await Promise.all(reads)).toEqual(reads.map((_, index) => words(index, index % 5)));
    expect(server.inFlightMax).toBe(1);
    expect(server.connections).toBe(1);
  });

  it("of which more than 64 wait are refused", async () => {
    startReader();
    const reads = Array.from({ length: 70 }, (_, index) => reader.read(input(index)));
    const ends = await Promise.allSettled(reads);
    expect(ends.filter((end) => end.status === "fulfilled").length).toBe(65);
    await expect(reads[69]).rejects.toMatchObject({ code: "RATE_LIMITED" });
  });

  it("keep the pause that the device needs", async () => {
    startReader({ pauseMs: 200, pauseAfterConnectMs: 150 });
    await reader.read(input(1));
    await reader.read(input(2));
    clock.pass(120);
    await reader.read(input(3));
    expect(clock.sleptMs).toEqual([150, 50, 200, 80]);
  });

  it.each([
    { ...input(0), count: 126 },
    { ...input(0), count: 0 },
    { ...input(65_535) },
    { ...input(-1) },
    { ...input(0), unitId: 256 },
    { unitId: 1, space: "coil" as const, address: 0, count: 2001 },
  ])("that no device could answer never leave: $space $address+$count", async (range) => {
    startReader();
    await expect(reader.read(range)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    expect(server.connections).toBe(0);
  });

  it("are refused in order when the reader is closed", async () => {
    startReader();
    server.plan("silence");
    const reads = [reader.read(input(1)), reader.read(input(2))];
    const ends = Promise.allSettled(reads);
    await reader.close();
    const closed = { status: "rejected", reason: { code: "DEVICE_CLOSED" } };
    expect(await ends).toMatchObject([closed, closed]);
    await expect(reader.read(input(3))).rejects.toMatchObject({ code: "DEVICE_CLOSED" });
  });
});

describe("the connection", () => {
  it("is closed after a poll where the device wants that, and opened by the next read", async () => {
    startReader();
    const last = reader.read(input(1));
    reader.hangUp();
    await last;
    expect(await reader.read(input(2))).toEqual(words(2));
    expect(server.connections).toBe(2);
  });

  it("that nobody accepts is DEVICE_UNREACHABLE", async () => {
    reader = connectModbusTcp({ host: "127.0.0.1", port: await freePort() }, RULES, clock);
    await expect(reader.read(input(1))).rejects.toMatchObject({ code: "DEVICE_UNREACHABLE" });
  });

  it("that takes longer than the connect time-out is given up", async () => {
    startReader({ connectTimeoutMs: 10 }); // the swift clock sleeps 10 ms faster than TCP connects
    await expect(reader.read(input(1))).rejects.toMatchObject({
      code: "DEVICE_UNREACHABLE",
      message: `127.0.0.1:${server.port}: no connection within 10 ms`,
    });
  });

  it("accepts answers of another unit only where the profile allows it", async () => {
    startReader({ anyUnit: true });
    server.plan("other unit");
    expect(await reader.read(input(1))).toEqual(words(1));
  });
});

describe("two devices behind one gateway", () => {
  it("share one socket and one request in flight, and it ends with the last", async () => {
    startReader();
    const gateway = createEndpointQueue(clock);
    const endpoint = { host: "127.0.0.1", port: server.port };
    const first = gateway.lease(endpoint, RULES);
    const second = gateway.lease(endpoint, { ...RULES, pauseMs: 100 });
    const both = [0, 1, 2, 3].flatMap((at) => [
      first.read(input(at, 2, 1)),
      second.read(input(at, 2, 2)),
    ]);
    expect(await Promise.all(both)).toEqual(
      [0, 1, 2, 3].flatMap((at) => [words(at, 1), words(at, 2)]),
    );
    expect([server.connections, server.inFlightMax]).toEqual([1, 1]);
    expect(clock.sleptMs).toContain(100);
    await first.close();
    await first.close();
    expect(await second.read(input(9, 2, 2))).toEqual(words(9, 2));
    await second.close();
    await expect(second.read(input(9))).rejects.toMatchObject({ code: "DEVICE_CLOSED" });
  });
});
