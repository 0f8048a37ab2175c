/**
 * A raw Modbus TCP server that answers wrongly on demand: one fault per planned request, right
 * answers otherwise. Every register of every unit and function has a value of its own, so that an
 * answer to another request is recognised as a wrong value.
 */
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";

/** A request as it arrived. */
interface Request {
  readonly bytes: Buffer;
  readonly unitId: number;
  readonly functionCode: number;
  readonly address: number;
  readonly count: number;
}

/** What a fault does with a request; `right` is the whole right answer. */
type Fault = (socket: Socket, right: Buffer, request: Request) => void | Promise<void>;

/** How long a late answer takes; longer than the time-outs of the tests. */
const LATE_MS = 190;

/** The right content of a register, or of a bit. */
export function contentOf(functionCode: number, unitId: number, address: number): number {
  const mixed = Math.imul(address + 1, 40_503) ^ Math.imul(functionCode * 256 + unitId, 7919);
  return functionCode > 2 ? mixed & 0xffff : mixed & 1;
}

/** Every fault by its name. */
export const FAULTS = {
  "right answer": (socket, right) => send(socket, right),
  "late answer": async (socket, right) => {
    await pause(LATE_MS);
    send(socket, right);
  },
  silence: () => {},
  close: (socket) => void socket.destroy(),
  reset: (socket) => void socket.resetAndDestroy(),
  "orderly end": (socket) => void socket.end(),
  "half a frame, then close": (socket, right) => void socket.end(right.subarray(0, 11)),
  "half a frame, then silence": (socket, right) => send(socket, right.subarray(0, 11)),
  "byte by byte": async (socket, right) => {
    for (const byte of right) {
      send(socket, Buffer.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
  },
  "other transaction": (socket, right) => send(socket, patched(right, { 0: 0x7f, 1: 0x11 })),
  "transaction 0": (socket, right) => send(socket, patched(right, { 0: 0, 1: 0 })),
  "other unit": (socket, right, { unitId }) => send(socket, patched(right, { 6: unitId + 1 })),
  "other known function": (socket, right, { functionCode }) =>
    send(socket, patched(right, { 7: functionCode === 3 ? 4 : 3 })),
  "unknown function": (socket, right) => send(socket, patched(right, { 7: 0x55 })),
  "fewer registers": (socket, right) => send(socket, resized(right, -2)),
  "more registers": (socket, right) => send(socket, resized(right, 2)),
  "odd byte count": (socket, right) => send(socket, resized(right, 1)),
  "lying byte count": (socket, right) =>
    send(socket, patched(right, { 8: right.readUInt8(8) + 2 })),
  "length 0": (socket, right) => send(socket, lengthened(right, 0)),
  "length 2": (socket, right) => send(socket, lengthened(right, 2)),
  "length 255": (socket, right) => send(socket, lengthened(right, 255)),
  "length 65520": (socket, right) => send(socket, lengthened(right, 65_520)),
  "foreign protocol": (socket, right) => send(socket, patched(right, { 2: 0x12, 3: 0x34 })),
  "HTTP text": (socket) =>
    send(socket, Buffer.from("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")),
  "1 MiB of zeros": (socket) => send(socket, Buffer.alloc(1 << 20)),
  "echo of the request": (socket, _right, { bytes }) => send(socket, bytes),
  "answer and garbage": (socket, right) => send(socket, Buffer.concat([right, garbage(23)])),
  "answer and a little garbage": (socket, right) =>
    send(socket, Buffer.concat([right, garbage(3)])),
  "unsolicited frame first": (socket, right) =>
    send(socket, Buffer.concat([patched(right, { 0: 0x66, 1: 0x66 }), right])),
  "doubled answer": (socket, right) => send(socket, Buffer.concat([right, right])),
  "a flood of old answers": (socket, right) =>
    send(socket, Buffer.concat(Array(40).fill(patched(right, { 0: 0x66, 1: 0x66 })))),
  "exception 0": exception(0),
  "exception 1": exception(1),
  "exception 2": exception(2),
  "exception 3": exception(3),
  "exception 4": exception(4),
  "exception 5": exception(5),
  "exception 6": exception(6),
  "exception 7": exception(7),
  "exception 10": exception(10),
  "exception 11": exception(11),
  "exception 99": exception(99),
  "exception 255": exception(255),
  "exception of another function": (socket, right) =>
    send(socket, lengthened(patched(right, { 7: 0x90, 8: 2 }).subarray(0, 9), 3)),
  "over-long exception": (socket, right, { functionCode }) =>
    send(socket, lengthened(patched(right, { 7: functionCode | 0x80, 8: 2 }).subarray(0, 11), 5)),
} as const satisfies Record<string, Fault>;

/** Name of a fault. */
export type FaultName = keyof typeof FAULTS;

/** A running server. */
export interface FaultServer {
  readonly port: number;
  /** Answers the next requests with these faults, one each, then rightly again. */
  plan(...faults: readonly (FaultName | Fault)[]): void;
  /** Forgets what is planned and has not happened. */
  clear(): void;
  /** Every request that arrived, as bytes. */
  readonly requests: Buffer[];
  /** Connections accepted so far. */
  readonly connections: number;
  /** Most requests that were unanswered at the same time on one socket. */
  readonly inFlightMax: number;
  /** Ends every connection in an orderly way, as a device does with idle clients. */
  hangUp(): Promise<void>;
  close(): Promise<void>;
}

/** Starts on a free loopback port. */
export async function startFaultServer(): Promise<FaultServer> {
  const planned: (FaultName | Fault)[] = [];
  const requests: Buffer[] = [];
  const sockets = new Set<Socket>();
  let [connections, inFlightMax] = [0, 0];
  const server = createServer({ noDelay: true }, (socket) => {
    connections++;
    sockets.add(socket);
    let rest: Buffer = Buffer.alloc(0);
    let inFlight = 0;
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    socket.on("data", (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk]);
      while (rest.length >= 12) {
        const bytes = rest.subarray(0, 12);
        rest = rest.subarray(12);
        requests.push(bytes);
        inFlightMax = Math.max(inFlightMax, ++inFlight);
        const fault = planned.shift() ?? "right answer";
        const act = typeof fault === "function" ? fault : FAULTS[fault];
        const request = parse(bytes);
        const written = act(socket, answer(request), request);
        void Promise.resolve(written).then(() => inFlight--);
      }
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    port,
    requests,
    plan: (...faults) => void planned.push(...faults),
    clear: () => void planned.splice(0),
    get connections() {
      return connections;
    },
    get inFlightMax() {
      return inFlightMax;
    },
    async hangUp() {
      await Promise.all(
        [...sockets].map(async (socket) => {
          const closed = once(socket, "close");
          socket.end();
          await closed;
        }),
      );
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function parse(bytes: Buffer): Request {
  return {
    bytes,
    unitId: bytes.readUInt8(6),
    functionCode: bytes.readUInt8(7),
    address: bytes.readUInt16BE(8),
    count: bytes.readUInt16BE(10),
  };
}

function answer({ bytes, unitId, functionCode, address, count }: Request): Buffer {
  const values = Array.from({ length: count }, (_, index) =>
    contentOf(functionCode, unitId, address + index),
  );
  const payload = Buffer.alloc(functionCode > 2 ? count * 2 : Math.ceil(count / 8));
  values.forEach((value, index) => {
    if (functionCode > 2) payload.writeUInt16BE(value, index * 2);
    else payload[index >> 3] = (payload[index >> 3] ?? 0) | (value << (index & 7));
  });
  const head = Buffer.concat([bytes.subarray(0, 8), Buffer.of(payload.length)]);
  return lengthened(Buffer.concat([head, payload]), 3 + payload.length);
}

function exception(code: number): Fault {
  return (socket, right, { functionCode }) =>
    send(socket, lengthened(patched(right, { 7: functionCode | 0x80, 8: code }).subarray(0, 9), 3));
}

function send(socket: Socket, bytes: Buffer): void {
  if (!socket.destroyed && socket.writable) socket.write(bytes);
}

function patched(bytes: Buffer, changes: Readonly<Record<number, number>>): Buffer {
  const copy = Buffer.from(bytes);
  for (const [at, value] of Object.entries(changes)) copy.writeUInt8(value & 0xff, Number(at));
  return copy;
}

function lengthened(bytes: Buffer, length: number): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt16BE(length, 4);
  return copy;
}

/** The right frame with `by` bytes more or fewer, honest about it in length and byte count. */
function resized(right: Buffer, by: number): Buffer {
  const data = Buffer.alloc(right.length + by);
  right.copy(data, 0, 0, Math.min(right.length, data.length));
  return lengthened(patched(data, { 8: right.readUInt8(8) + by }), right.length - 6 + by);
}

function garbage(length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, index) => 0xa5 ^ (index * 7)));
}
