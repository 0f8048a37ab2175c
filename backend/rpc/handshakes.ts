/**
 * Handshakes of TLS: begun when the first record is there and the connection's turn has come,
 * bounded in number and in time. Those that are done and speak HTTP/2 go on, again in their turn.
 */
import type { X509Certificate } from "node:crypto";
import type { Socket } from "node:net";
import { createServer as createTlsServer, type TLSSocket } from "node:tls";
import { HeatpoolError } from "#core/errors.js";
import type { Alarm, Alarms } from "./alarms.js";
import { readFirstRecord } from "./first-record.js";

/** Certificate chain and private key, both PEM. */
export interface Identity {
  readonly certificate: Buffer;
  readonly key: Buffer;
}

/** What handshakes need. */
export interface HandshakeParts {
  readonly identity: Identity;
  readonly limits: { readonly handshakeMs: number; readonly handshakesMax: number };
  /**
   * Whose certificate it is; `undefined`: none that counts, and who showed it is let in to hear so.
   * Left out: nobody is asked for one.
   */
  readonly whoIs?: ((shown: X509Certificate | undefined) => string | undefined) | undefined;
  readonly alarms: Pick<Alarms, "drop">;
  /** Closes a connection when `ms` are over, unless what is returned is dropped. */
  closeLater(socket: Socket, ms: number): Alarm;
  /** Does `work` when it is this connection's turn to begin a handshake. */
  inHandshakeTurn(socket: Socket, work: () => void): void;
  /** Does `work` when it is this connection's turn to go on. */
  inTurn(socket: Socket, work: () => void): void;
  /** Takes a connection that may speak HTTP/2, and whose it is. */
  onSecured(socket: Socket, installationId: string | undefined): void;
}

const ignore = (): void => undefined;

/** @throws HeatpoolError `CERTIFICATE_INVALID` */
export function createHandshakes(parts: HandshakeParts): (socket: Socket) => void {
  const { identity, limits } = parts;
  const pending = createPending(parts);
  const options = {
    cert: identity.certificate,
    key: identity.key,
    ALPNProtocols: ["h2"],
    handshakeTimeout: limits.handshakeMs,
    // The signature of the handshake is always checked. Whether the certificate counts is judged
    // by `whoIs` and again on every call: TLS itself would call a resumed session good.
    requestCert: parts.whoIs !== undefined,
    rejectUnauthorized: false,
  };
  const server = tryCreate(options, (socket) => {
    // A connection that breaks is no fault of ours, and its session learns of it.
    socket.on("error", ignore);
    pending.end(socket);
    if (socket.alpnProtocol !== "h2") {
      socket.destroy();
      return;
    }
    parts.inTurn(socket, () =>
      parts.onSecured(socket, parts.whoIs?.(socket.getPeerX509Certificate())),
    );
  });
  // Node tells that a handshake failed or took too long, and leaves the connection open.
  server.on("tlsClientError", (_, socket) => socket.destroy());
  return (socket) => {
    socket.on("error", ignore);
    pending.add(socket);
    readFirstRecord(socket, () =>
      parts.inHandshakeTurn(socket, () => {
        pending.begin(socket);
        server.emit("connection", socket);
      }),
    );
  };
}

function tryCreate(options: object, onSecured: (socket: TLSSocket) => void) {
  try {
    return createTlsServer(options, onSecured);
  } catch (cause) {
    const what = "the server's certificate and key do not fit";
    throw new HeatpoolError("CERTIFICATE_INVALID", what, { cause });
  }
}

/** Connections whose handshake is not done. */
interface Pending {
  add(socket: Socket): void;
  /** Where too many are begun already, the oldest makes room: it is the slowest. */
  begin(socket: Socket): void;
  end(socket: Socket): void;
}

function createPending({ limits, alarms, closeLater }: HandshakeParts): Pending {
  const all = new Map<string, { readonly socket: Socket; readonly late: Alarm }>();
  const begun = new Map<string, Socket>();
  const end = (socket: Socket): void => {
    const name = nameOf(socket);
    const known = all.get(name);
    if (known === undefined) return;
    all.delete(name);
    begun.delete(name);
    alarms.drop(known.late);
    known.socket.off("close", onClose);
  };
  function onClose(this: Socket): void {
    end(this);
  }
  return {
    add(socket) {
      all.set(nameOf(socket), { socket, late: closeLater(socket, limits.handshakeMs) });
      socket.once("close", onClose);
    },
    begin(socket) {
      for (const [name, oldest] of begun) {
        if (begun.size < limits.handshakesMax) break;
        begun.delete(name);
        oldest.destroy();
      }
      begun.set(nameOf(socket), socket);
    },
    end,
  };
}

/** The same for a connection and for TLS over it, also after its end. */
export function nameOf({
  remoteAddress,
  remotePort,
}: Pick<Socket, "remoteAddress" | "remotePort">): string {
  return `${remoteAddress} ${remotePort}`;
}
