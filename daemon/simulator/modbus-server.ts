/**
 * A Modbus TCP server that behaves like a device: it answers reads, refuses writes, and has the
 * quirks that profiles declare (block limits, idle close, few connections).
 *
 * It is what `npm run demo` and `heatpool profile simulate` are read from. It serves what its image
 * says and knows nothing about heat pumps.
 *
 * Source: Modbus Messaging on TCP/IP Implementation Guide V1.0b, section 3; Modbus Application
 * Protocol V1.1b3, sections 6 and 7 (functions, exception codes).
 */
import { createServer, type Server, type Socket } from "node:net";
import type { Space } from "#core/profile/register-range.js";

/** Exception codes that a device answers with. */
export const EXCEPTION = {
  illegalFunction: 1,
  illegalAddress: 2,
  illegalValue: 3,
  /** Gateway target device failed to respond. */
  noSuchUnit: 11,
} as const;

/** Where the words come from. */
export interface RegisterImage {
  /** Words (or bits as 0 and 1) of a range, or the exception code to answer with. */
  read(range: {
    unitId: number;
    space: Space;
    address: number;
    count: number;
  }): readonly number[] | number;
}

/** How the device behaves. */
export interface Behaviour {
  /** More words than this in one request are answered with exception 3. */
  readonly blockWordsMax?: number;
  /** The same for bits. */
  readonly blockBitsMax?: number;
  /** Closes a connection that was silent for this long. */
  readonly idleCloseMs?: number;
  /** Further connections are closed at once. */
  readonly connectionsMax?: number;
  /** Waits this long before each answer. */
  readonly answerDelayMs?: number;
  /** Takes requests and answers none. */
  readonly isSilent?: boolean;
}

/** A running server. */
export interface ModbusServer {
  readonly port: number;
  /** Requests answered since the start. */
  readonly requests: number;
  /** Requests answered with an exception. */
  readonly exceptions: number;
  /** Cuts all connections and refuses new ones (`true`), or serves again (`false`). */
  setOffline(offline: boolean): void;
  close(): Promise<void>;
}

/** Greatest number of registers in one read (section 6.3). */
const WORDS_MAX = 125;
/** Greatest number of bits in one read (section 6.1). */
const BITS_MAX = 2000;
/** A request for reading is 12 bytes; what is longer than this is no Modbus. */
const BUFFER_BYTES_MAX = 512;
const SPACES: Readonly<Record<number, Space>> = {
  1: "coil",
  2: "discrete",
  3: "holding",
  4: "input",
};

/** Starts serving `image`; port 0 lets the system choose. */
export async function startModbusServer(
  image: RegisterImage,
  options: { host: string; port: number } & Behaviour,
): Promise<ModbusServer> {
  const counters = { requests: 0, exceptions: 0 };
  const sockets = new Set<Socket>();
  let offline = false;
  const server = createServer((socket) => {
    const isFull = sockets.size >= (options.connectionsMax ?? Number.POSITIVE_INFINITY);
    if (offline || isFull) return void socket.destroy();
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    serve(socket, image, options, counters);
  });
  await listen(server, options);
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : options.port;
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port,
    get requests() {
      return counters.requests;
    },
    get exceptions() {
      return counters.exceptions;
    },
    setOffline(value) {
      offline = value;
      if (value) cut();
    },
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        cut();
      }),
  };
}

function listen(server: Server, at: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(at.port, at.host, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

/** Serves one connection: whole frames only, in their order. */
function serve(
  socket: Socket,
  image: RegisterImage,
  behaviour: Behaviour,
  counters: { requests: number; exceptions: number },
): void {
  let bytes = Buffer.alloc(0);
  socket.setNoDelay(true);
  socket.on("error", () => socket.destroy());
  if (behaviour.idleCloseMs !== undefined) {
    socket.setTimeout(behaviour.idleCloseMs, () => socket.end());
  }
  socket.on("data", (chunk) => {
    bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk]);
    if (bytes.length > BUFFER_BYTES_MAX) return void socket.destroy();
    while (bytes.length >= 8) {
      const length = bytes.readUInt16BE(4);
      if (bytes.readUInt16BE(2) !== 0 || length < 2 || length > 254) return void socket.destroy();
      if (bytes.length < 6 + length) return;
      const answer = answerTo(bytes.subarray(0, 6 + length), image, behaviour);
      bytes = bytes.subarray(6 + length);
      counters.requests++;
      if (((answer[7] ?? 0) & 0x80) !== 0) counters.exceptions++;
      if (behaviour.isSilent === true) continue;
      if (behaviour.answerDelayMs === undefined) socket.write(answer);
      else setTimeout(() => socket.writable && socket.write(answer), behaviour.answerDelayMs);
    }
  });
}

/** One request frame → one answer frame. */
function answerTo(request: Buffer, image: RegisterImage, behaviour: Behaviour): Buffer {
  const functionCode = request.readUInt8(7);
  const space = SPACES[functionCode];
  if (space === undefined || request.length !== 12) {
    return exception(request, EXCEPTION.illegalFunction);
  }
  const [address, count] = [request.readUInt16BE(8), request.readUInt16BE(10)];
  const isBits = space === "coil" || space === "discrete";
  const countMax = isBits
    ? Math.min(BITS_MAX, behaviour.blockBitsMax ?? BITS_MAX)
    : Math.min(WORDS_MAX, behaviour.blockWordsMax ?? WORDS_MAX);
  if (count < 1 || count > countMax) return exception(request, EXCEPTION.illegalValue);
  if (address + count > 65536) return exception(request, EXCEPTION.illegalAddress);
  const values = image.read({ unitId: request.readUInt8(6), space, address, count });
  if (typeof values === "number") return exception(request, values);
  return frame(request, isBits ? packBits(values) : packWords(values));
}

function packWords(words: readonly number[]): Buffer {
  const body = Buffer.alloc(1 + words.length * 2);
  body.writeUInt8(words.length * 2, 0);
  words.forEach((word, i) => {
    body.writeUInt16BE(word & 0xffff, 1 + i * 2);
  });
  return body;
}

function packBits(bits: readonly number[]): Buffer {
  const body = Buffer.alloc(1 + Math.ceil(bits.length / 8));
  body.writeUInt8(body.length - 1, 0);
  bits.forEach((bit, i) => {
    const at = 1 + (i >> 3);
    if (bit !== 0) body.writeUInt8(body.readUInt8(at) | (1 << (i & 7)), at);
  });
  return body;
}

function frame(request: Buffer, body: Buffer): Buffer {
  const answer = Buffer.alloc(8 + body.length);
  request.copy(answer, 0, 0, 4);
  answer.writeUInt16BE(2 + body.length, 4);
  request.copy(answer, 6, 6, 8);
  body.copy(answer, 8);
  return answer;
}

function exception(request: Buffer, code: number): Buffer {
  const answer = frame(request, Buffer.from([code]));
  answer.writeUInt8(request.readUInt8(7) | 0x80, 7);
  return answer;
}
