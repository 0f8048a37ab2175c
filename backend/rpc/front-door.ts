/**
 * The public listener's own socket, before grpc-js: who opens too many connections, says nothing,
 * or does not finish its handshake is gone before a session is made for it.
 *
 * grpc-js closes an idle session, but it has no session for a socket that never speaks, and waits
 * two minutes for a handshake.
 */
import type { X509Certificate } from "node:crypto";
import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import type { Clock } from "#core/clock.js";
import { HeatpoolError } from "#core/errors.js";
import { prefixOf } from "./address-prefix.js";
import { type Alarm, type Alarms, createAlarms } from "./alarms.js";

/** What a connection has to keep before anything is known about it. */
export interface FrontLimits {
  /** Connections of one /24 or /56 at once. 0: no limit. */
  readonly socketsPerPrefixMax: number;
  /** A connection that has not said anything is closed after this time. */
  readonly firstByteMs: number;
  /** A handshake that is not done is given up after this time. */
  readonly handshakeMs: number;
}

/** Time in which a caller whose certificate does not count may hear that. */
const UNWELCOME_MAX_MS = 5_000;

/** Settings that nobody needs to change. */
export const FRONT_LIMITS: FrontLimits = {
  socketsPerPrefixMax: 64,
  firstByteMs: 5_000,
  handshakeMs: 10_000,
};

/** Certificate chain and private key, both PEM. */
interface Identity {
  readonly certificate: Buffer;
  readonly key: Buffer;
}

/** An open front door. */
export interface FrontDoor {
  readonly port: number;
  /** Lets nobody in any more; who is inside stays. */
  close(): void;
  /** Closes every connection. */
  destroy(): void;
}

/** What the front door works with. */
export interface FrontParts {
  readonly address: { readonly host: string; readonly port: number };
  /** `undefined`: without TLS. */
  readonly identity: Identity | undefined;
  /**
   * Asks for the other end's certificate and judges it; left out: nobody is asked. Whose certificate
   * does not count hears so on every call, and is sent away soon.
   */
  readonly isWelcome?: ((shown: X509Certificate | undefined) => boolean) | undefined;
  readonly limits: FrontLimits;
  readonly clock: Pick<Clock, "monotonicMs" | "sleep">;
  /** Takes a connection that may speak HTTP/2. */
  onConnection(socket: Socket): void;
}

/** @throws HeatpoolError `CERTIFICATE_INVALID` · what listening throws */
export async function openFrontDoor(parts: FrontParts): Promise<FrontDoor> {
  const open = new Set<Socket>();
  const inside: Inside = { open, counts: new Map(), alarms: createAlarms(parts.clock) };
  const { identity, limits, onConnection } = parts;
  const enter = identity === undefined ? onConnection : createHandshakes(parts, identity);
  const server = createServer({ noDelay: true }, (socket) => {
    if (admit(socket, inside, limits)) enter(socket);
  });
  await listen(server, parts.address);
  const bound = server.address();
  return {
    port: bound === null || typeof bound === "string" ? 0 : bound.port,
    close: () => server.close(),
    destroy() {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}

const ignore = (): void => undefined;

/** Lets connections shake hands; those that did and speak HTTP/2 go on. */
function createHandshakes(
  { limits, isWelcome, clock, onConnection }: FrontParts,
  { certificate, key }: Identity,
): (socket: Socket) => void {
  const options = {
    cert: certificate,
    key,
    ALPNProtocols: ["h2"],
    handshakeTimeout: limits.handshakeMs,
    // The signature of the handshake is always checked. Whether the certificate counts is judged
    // by `isWelcome` and again on every call: TLS itself would call a resumed session good.
    requestCert: isWelcome !== undefined,
    rejectUnauthorized: false,
  };
  try {
    const server = createTlsServer(options, (socket) => {
      // A connection that breaks is no fault of ours, and its session learns of it.
      socket.on("error", ignore);
      if (socket.alpnProtocol !== "h2") {
        socket.destroy();
        return;
      }
      if (isWelcome?.(socket.getPeerX509Certificate()) === false) void sendAway(socket, clock);
      onConnection(socket);
    });
    // Node tells that a handshake failed or took too long, and leaves the connection open.
    server.on("tlsClientError", (_, socket) => socket.destroy());
    return (socket) => server.emit("connection", socket);
  } catch (cause) {
    const what = "the server's certificate and key do not fit";
    throw new HeatpoolError("CERTIFICATE_INVALID", what, { cause });
  }
}

async function sendAway(socket: Socket, clock: Pick<Clock, "sleep">): Promise<void> {
  const closed = new AbortController();
  socket.once("close", () => closed.abort());
  await clock.sleep(UNWELCOME_MAX_MS, closed.signal);
  socket.destroy();
}

/** Who is inside: all connections, and how many of each network. */
interface Inside {
  readonly open: Set<Socket>;
  readonly counts: Map<string, number>;
  readonly alarms: Alarms;
}

/** Counts a connection among those of its network; one too many is closed without a word. */
function admit(socket: Socket, inside: Inside, limits: FrontLimits): boolean {
  const { counts, alarms } = inside;
  const prefix = prefixOf(socket.remoteAddress ?? "");
  const others = counts.get(prefix) ?? 0;
  if (limits.socketsPerPrefixMax > 0 && others >= limits.socketsPerPrefixMax) {
    socket.destroy();
    return false;
  }
  const guest = new Guest(socket, prefix, alarms.monotonicMs() + limits.firstByteMs);
  counts.set(prefix, others + 1);
  inside.open.add(socket);
  alarms.set(guest);
  socket.on("close", () => guest.leave(inside));
  return true;
}

/** A connection inside. One that has said nothing when its time is over is closed. */
class Guest implements Alarm {
  readonly dueMs: number;
  readonly #socket: Socket;
  readonly #prefix: string;

  constructor(socket: Socket, prefix: string, dueMs: number) {
    this.#socket = socket;
    this.#prefix = prefix;
    this.dueMs = dueMs;
  }

  ring(): void {
    if (this.#socket.bytesRead === 0) this.#socket.destroy();
  }

  leave({ open, counts, alarms }: Inside): void {
    alarms.drop(this);
    open.delete(this.#socket);
    const left = (counts.get(this.#prefix) ?? 1) - 1;
    if (left > 0) counts.set(this.#prefix, left);
    else counts.delete(this.#prefix);
  }
}

function listen(server: Server, { host, port }: FrontParts["address"]): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port }, () => {
      server.off("error", reject);
      // What goes wrong with one connection must not end the process.
      server.on("error", () => undefined);
      resolve();
    });
  });
}
