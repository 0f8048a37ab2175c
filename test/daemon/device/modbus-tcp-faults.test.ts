/** Whatever a device answers, a reader gives its own value or a named error, and then goes on. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { HeatpoolError } from "#core/errors.js";
import type { RegisterRange } from "#core/profile/register-range.js";
import { connectModbusTcp, type ModbusTcpReader } from "../../../daemon/device/modbus-tcp.js";
import { createRandom } from "../../support/chance.js";
import {
  contentOf,
  type FaultName,
  type FaultServer,
  startFaultServer,
} from "../../support/fault-server.js";
import { LOOPBACK_RULES } from "../../support/link-rules.js";
import { createSwiftClock } from "../../support/swift-clock.js";

const RULES = { ...LOOPBACK_RULES, timeoutMs: 150 };
const FUNCTIONS = { coil: 1, discrete: 2, holding: 3, input: 4 } as const;

/** What the read that meets the fault must end with; "value": the right words all the same. */
const OUTCOMES: Record<FaultName, string> = {
  "right answer": "value",
  "late answer": "DEVICE_TIMEOUT",
  silence: "DEVICE_TIMEOUT",
  close: "DEVICE_CLOSED",
  reset: "DEVICE_CLOSED",
  "orderly end": "DEVICE_CLOSED",
  "half a frame, then close": "DEVICE_VIOLATION",
  "half a frame, then silence": "DEVICE_TIMEOUT",
  "byte by byte": "value",
  "other transaction": "DEVICE_TIMEOUT",
  "transaction 0": "DEVICE_TIMEOUT",
  "other unit": "DEVICE_VIOLATION",
  "other known function": "DEVICE_VIOLATION",
  "unknown function": "DEVICE_VIOLATION",
  "fewer registers": "DEVICE_VIOLATION",
  "more registers": "DEVICE_VIOLATION",
  "odd byte count": "DEVICE_VIOLATION",
  "lying byte count": "DEVICE_VIOLATION",
  "length 0": "DEVICE_VIOLATION",
  "length 2": "DEVICE_VIOLATION",
  "length 255": "DEVICE_VIOLATION",
  "length 65520": "DEVICE_VIOLATION",
  "foreign protocol": "DEVICE_VIOLATION",
  "HTTP text": "DEVICE_VIOLATION",
  "1 MiB of zeros": "DEVICE_VIOLATION",
  "echo of the request": "DEVICE_VIOLATION",
  "answer and garbage": "value",
  "answer and a little garbage": "value",
  "unsolicited frame first": "value",
  "doubled answer": "value",
  "a flood of old answers": "DEVICE_VIOLATION",
  "exception 0": "DEVICE_REFUSED 0",
  "exception 1": "DEVICE_REFUSED 1",
  "exception 2": "DEVICE_REFUSED 2",
  "exception 3": "DEVICE_REFUSED 3",
  "exception 4": "value",
  "exception 5": "value",
  "exception 6": "value",
  "exception 7": "DEVICE_REFUSED 7",
  "exception 10": "value",
  "exception 11": "value",
  "exception 99": "DEVICE_REFUSED 99",
  "exception 255": "DEVICE_REFUSED 255",
  "exception of another function": "DEVICE_VIOLATION",
  "over-long exception": "DEVICE_VIOLATION",
};

function expected(range: RegisterRange): number[] {
  return Array.from({ length: range.count }, (_, index) =>
    contentOf(FUNCTIONS[range.space], range.unitId, range.address + index),
  );
}

/** "value", or the error's code with the device's own exception code behind it. */
async function outcome(reader: ModbusTcpReader, range: RegisterRange): Promise<string> {
  try {
    expect(await reader.read(range)).toEqual(expected(range));
    return "value";
  } catch (error) {
    if (!(error instanceof HeatpoolError)) throw error;
    return "exceptionCode" in error ? `${error.code} ${error.exceptionCode}` : error.code;
  }
}

describe("the reader and a faulty device", () => {
  let server: FaultServer;
  let reader: ModbusTcpReader;
  beforeAll(async () => {
    server = await startFaultServer();
  });
  afterEach(() => reader.close());
  afterAll(() => server.close());

  const cases = Object.entries(OUTCOMES).flatMap(([fault, result]) =>
    (["input", "coil"] as const).map((space) => ({ fault: fault as FaultName, result, space })),
  );

  it.each(cases)(
    "$space, $fault: $result, then 20 right reads",
    async ({ fault, space, result }) => {
      reader = connectModbusTcp(
        { host: "127.0.0.1", port: server.port },
        RULES,
        createSwiftClock(),
      );
      const range = (address: number) => ({ unitId: 1, space, address, count: 24 });
      expect(await outcome(reader, range(5))).toBe("value");
      const connections = server.connections;
      server.plan(fault);
      expect(await outcome(reader, range(100))).toBe(result);
      for (let address = 200; address < 220; address++) {
        expect(await outcome(reader, range(address))).toBe("value");
      }
      expect(server.connections - connections).toBeLessThanOrEqual(1);
      expect(server.inFlightMax).toBe(1);
    },
  );

  it("three late answers, then only right values", async () => {
    reader = connectModbusTcp({ host: "127.0.0.1", port: server.port }, RULES, createSwiftClock());
    server.plan("late answer", "late answer", "late answer");
    for (let address = 0; address < 3; address++) {
      expect(await outcome(reader, { unitId: 1, space: "holding", address, count: 2 })).toBe(
        "DEVICE_TIMEOUT",
      );
    }
    for (let address = 0; address < 200; address++) {
      expect(await outcome(reader, { unitId: 1, space: "holding", address, count: 2 })).toBe(
        "value",
      );
    }
  });

  it("3,000 reads with a seeded fault in every tenth: not one wrong value", async () => {
    reader = connectModbusTcp({ host: "127.0.0.1", port: server.port }, RULES, createSwiftClock());
    const random = createRandom(11);
    const slow = /late|silence|transaction|right/;
    const faults = (Object.keys(OUTCOMES) as FaultName[]).filter((name) => !slow.test(name));
    const connections = server.connections;
    let [planted, good] = [0, 0];
    for (let turn = 0; turn < 3000; turn++) {
      if (turn % 10 === 0) {
        server.plan(faults[Math.floor(random() * faults.length)] ?? "close");
        planted++;
      }
      const space = (["input", "holding", "coil", "discrete"] as const)[turn % 4] ?? "input";
      const range = {
        unitId: turn % 3,
        space,
        address: Math.floor(random() * 5000),
        count: 1 + Math.floor(random() * 125),
      };
      if ((await outcome(reader, range)) === "value") good++;
      else expect(turn % 10).toBe(0);
    }
    expect(good).toBeGreaterThanOrEqual(3000 - planted);
    expect(server.connections - connections).toBeLessThanOrEqual(planted + 1);
  });

  it("sends function codes 1 to 4 and nothing else", () => {
    expect(server.requests.length).toBeGreaterThan(5000);
    const codes = new Set(server.requests.map((bytes) => bytes.readUInt8(7)));
    expect([...codes].sort((a, b) => a - b)).toEqual([1, 2, 3, 4]);
  });
});
