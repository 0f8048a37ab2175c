/**
 * The public listener's own socket, before grpc-js: who opens too many connections, says nothing,
 * or does not finish its handshake is gone before a session is made for it.
 *
 * grpc-js closes an idle session, but it has no session for a socket that never speaks, and waits
 * two minutes for a handshake.
 */
import type { X509Certificate } from "node:crypto";
import { createServer, type Server, type Socket } from "node:net";
import type { Clock } from "#core/clock.js";
import { guardAccept } from "./accept-gate.js";
import { prefixOf } from "./address-prefix.js";
import { type Alarm, createAlarms } from "./alarms.js";
import { createHandshakes, type Identity, nameOf } from "./handshakes.js";
import { createInstallationBook, type InstallationLimits } from "./installation-book.js";
import { createNetworkBook, type NetworkLimits } from "./network-book.js";
import { createTurnPace, type TurnPace, type TurnSize } from "./turn-pace.js";

/** What a connection has to keep before anything is known about it. */
export interface FrontLimits extends NetworkLimits {
  /** A connection that has not said anything is closed after this time. */
  readonly firstByteMs: number;
  /** A handshake that is not done is given up after this time, counted from the connection. */
  readonly handshakeMs: number;
  /** Handshakes that are begun and not done. */
  readonly handshakesMax: number;
  /** How handshakes are begun. Who showed a certificate that counts gives its piece back. */
  readonly handshakes: TurnSize;
  /** What else is done for newcomers in one turn of the event loop. */
  readonly newcomers: TurnSize;
  readonly perInstallation: InstallationLimits;
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
  // A thousand daemons that come back at once, over slow lines.
  handshakesMax: 512,
  // A handshake takes 1 to 2 ms with all that follows from it: strangers have a hundredth of a core,
  // so that less than a hundredth of all answers waits for one of them.
  // Two thousand that wait hold up to 8 KiB each.
  handshakes: { turnMs: 1, waitingMax: 2_048, pieces: { burst: 16, perSecond: 8 } },
  newcomers: { turnMs: 1, waitingMax: 4_096 },
  // One that delivers and one that asks; of a third the oldest is closed, which is the one that broke
  // without a word. Who lost its connection tries again after a second, then ever more seldom.
  perInstallation: { connectionsMax: 2, usual: { burst: 4, perSecond: 1 / 30 } },
};

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
   * Whose certificate it is; `undefined`: none that counts, and who showed it hears so on every call
   * and is sent away soon. Left out: nobody is asked for one.
   */
  readonly whoIs?: ((shown: X509Certificate | undefined) => string | undefined) | undefined;
  readonly limits: FrontLimits;
  readonly clock: Pick<Clock, "sleep" | "monotonicMs">;
  /** Takes a connection that may speak HTTP/2. */
  onConnection(socket: Socket): void;
}

/** @throws HeatpoolError `CERTIFICATE_INVALID` · what listening throws */
export async function openFrontDoor(parts: FrontParts): Promise<FrontDoor> {
  const open = new Set<Socket>();
  const { limits, clock } = parts;
  const networks = createNetworkBook(limits, clock);
  const installations = createInstallationBook(limits.perInstallation, clock);
  const alarms = createAlarms(clock);
  const turns = createTurnPace(limits.newcomers, alarms);
  const handshakes = createTurnPace(limits.handshakes, alarms);
  const guests = createGuests();
  const unwelcome = new Set<string>();
  const inTurnOf =
    (pace: TurnPace) =>
    (socket: Socket, work: () => void): void => {
      const name = prefixOf(socket.remoteAddress ?? "");
      const lane = { name, isProven: networks.isProven(name) };
      const isWaiting = pace.add(lane, () => {
        if (!socket.destroyed) work();
      });
      if (!isWaiting) socket.destroy();
    };
  const inTurn = inTurnOf(turns);
  const closeLater = (socket: Socket, ms: number, isMeant = () => true): Alarm => {
    const close = (): void => {
      if (isMeant()) socket.destroy();
    };
    const end = { dueMs: alarms.monotonicMs() + ms, ring: () => inTurn(socket, close) };
    alarms.set(end);
    return end;
  };
  const welcome = (socket: Socket, installationId: string): void => {
    socket.once("close", networks.prove(prefixOf(socket.remoteAddress ?? "")));
    if (installations.enter(installationId, socket)) handshakes.giveBack();
  };
  const sendAway = (socket: Socket): void => {
    const name = nameOf(socket);
    const end = closeLater(socket, UNWELCOME_MAX_MS);
    unwelcome.add(name);
    socket.once("close", () => {
      unwelcome.delete(name);
      alarms.drop(end);
    });
  };
  const onSecured = (socket: Socket, installationId: string | undefined): void => {
    if (installationId !== undefined) welcome(socket, installationId);
    else if (parts.whoIs !== undefined) sendAway(socket);
    guests.add(socket);
    parts.onConnection(socket);
  };
  const { identity } = parts;
  const enter =
    identity === undefined
      ? (socket: Socket) => onSecured(socket, undefined)
      : createHandshakes({
          ...parts,
          identity,
          alarms,
          inHandshakeTurn: inTurnOf(handshakes),
          inTurn,
          closeLater,
          onSecured,
        });
  /** The way out of a connection that was let in at the gate and has no socket yet. */
  let wayOut: (() => void) | undefined;
  const mayEnter = (address: string): boolean => {
    wayOut = networks.enter(prefixOf(address));
    return wayOut !== undefined;
  };
  const server = createServer({ noDelay: true }, (socket) => {
    // Where there is no gate it is asked here.
    const leave = wayOut ?? networks.enter(prefixOf(socket.remoteAddress ?? ""));
    wayOut = undefined;
    // One too many is closed without a word.
    if (leave === undefined) {
      socket.destroy();
      return;
    }
    const silence = closeLater(socket, limits.firstByteMs, () => socket.bytesRead === 0);
    open.add(socket);
    socket.on("close", () => {
      alarms.drop(silence);
      open.delete(socket);
      leave();
    });
    enter(socket);
  });
  await listen(server, parts.address);
  guardAccept(server, mayEnter);
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
