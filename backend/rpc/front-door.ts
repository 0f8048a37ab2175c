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
import { type Alarm, createAlarms } from "./alarms.js";
import { createNetworkBook, type NetworkLimits } from "./network-book.js";

/** What a connection has to keep before anything is known about it. */
export interface FrontLimits extends NetworkLimits {
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
  // All daemons of a full network may come back twice at once, e.g. after a restart.
  newPerPrefix: { burst: 128, perSecond: 4 },
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
  /** Resolves when the last who was let in has left. */
  emptied(): Promise<void>;
  /** Closes every connection. */
  destroy(): void;
  /** Whether this connection showed a certificate that does not count, and is being sent away. */
  isUnwelcome(socket: Pick<Socket, "remoteAddress" | "remotePort">): boolean;
  /** Somebody at `address` was cut off for flooding: its network makes new connections more slowly. */
  noteFlood(address: string): void;
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
  readonly clock: Pick<Clock, "sleep" | "monotonicMs">;
  /** Takes a connection that may speak HTTP/2. */
  onConnection(socket: Socket): void;
}

/** @throws HeatpoolError `CERTIFICATE_INVALID` · what listening throws */
export async function openFrontDoor(parts: FrontParts): Promise<FrontDoor> {
  const open = new Set<Socket>();
  const { identity, limits } = parts;
  const networks = createNetworkBook(limits, parts.clock);
  const alarms = createAlarms(parts.clock);
  const guests = createGuests();
  const unwelcome = new Set<string>();
  const onUnwelcome = (socket: Socket): void => {
    const name = nameOf(socket);
    unwelcome.add(name);
    socket.once("close", () => unwelcome.delete(name));
  };
  const onConnection = (socket: Socket): void => {
    guests.add(socket);
    parts.onConnection(socket);
  };
  const enter =
    identity === undefined
      ? onConnection
      : createHandshakes({ ...parts, onConnection, onUnwelcome }, identity);
  const server = createServer({ noDelay: true }, (socket) => {
    const leave = networks.enter(prefixOf(socket.remoteAddress ?? ""));
    // One too many is closed without a word.
    if (leave === undefined) {
      socket.destroy();
      return;
    }
    const firstByte = new FirstByte(socket, alarms.monotonicMs() + limits.firstByteMs);
    open.add(socket);
    alarms.set(firstByte);
    socket.on("close", () => {
      alarms.drop(firstByte);
      open.delete(socket);
      leave();
    });
    enter(socket);
  });
  await listen(server, parts.address);
  const bound = server.address();
  return {
    port: bound === null || typeof bound === "string" ? 0 : bound.port,
    close: () => server.close(),
    emptied: guests.emptied,
    isUnwelcome: (socket) => unwelcome.has(nameOf(socket)),
    noteFlood: (address) => networks.noteFlood(prefixOf(address)),
    destroy() {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}

/** Connections that may speak. */
function createGuests(): { add(socket: Socket): void; emptied(): Promise<void> } {
  const present = new Set<Socket>();
  const waiting: (() => void)[] = [];
  return {
    add(socket) {
      present.add(socket);
      socket.once("close", () => {
        present.delete(socket);
        if (present.size === 0) for (const wake of waiting.splice(0)) wake();
      });
    },
    async emptied() {
      if (present.size === 0) return;
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
      });
    },
  };
}

const ignore = (): void => undefined;

/** Lets connections shake hands; those that did and speak HTTP/2 go on. */
function createHandshakes(
  {
    limits,
    isWelcome,
    clock,
    onConnection,
    onUnwelcome,
  }: FrontParts & { onUnwelcome(socket: Socket): void },
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
      if (isWelcome?.(socket.getPeerX509Certificate()) === false) {
        onUnwelcome(socket);
        void sendAway(socket, clock);
      }
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

function nameOf({
  remoteAddress,
  remotePort,
}: Pick<Socket, "remoteAddress" | "remotePort">): string {
  return `${remoteAddress} ${remotePort}`;
}

async function sendAway(socket: Socket, clock: Pick<Clock, "sleep">): Promise<void> {
  const closed = new AbortController();
  socket.once("close", () => closed.abort());
  await clock.sleep(UNWELCOME_MAX_MS, closed.signal);
  socket.destroy();
}

/** A connection that has said nothing when its time is over is closed. */
class FirstByte implements Alarm {
  readonly dueMs: number;
  readonly #socket: Socket;

  constructor(socket: Socket, dueMs: number) {
    this.#socket = socket;
    this.dueMs = dueMs;
  }

  ring(): void {
    if (this.#socket.bytesRead === 0) this.#socket.destroy();
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
