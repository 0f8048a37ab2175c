/**
 * Listening: addresses, keys, and what a grpc-js server is told about its limits.
 *
 * Only loopback and unix sockets may be without TLS. The least TLS version is set for the whole
 * process before a listener opens: grpc-js has no option for it.
 */
import { mkdir, rm } from "node:fs/promises";
import { connect } from "node:net";
import { dirname } from "node:path";
import {
  Server,
  ServerCredentials,
  type ServerInterceptor,
  type ServerOptions,
} from "@grpc/grpc-js";
import type { Clock } from "#core/clock.js";
import { HeatpoolError } from "#core/errors.js";
import {
  FRONT_LIMITS,
  type FrontDoor,
  type FrontLimits,
  type FrontParts,
  openFrontDoor,
} from "./front-door.js";
import { watchSessions } from "./session-pace.js";

/** Where to listen. */
export type Address =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string };

/** The server's certificate chain and private key, both PEM. */
export interface ServerIdentity {
  readonly certificate: Buffer;
  readonly key: Buffer;
}

/** Limits of the public listener. */
export interface ListenerLimits {
  readonly messageBytesMax: number;
  /** Calls at once on one connection. */
  readonly streamsMax: number;
  /** Connections are ended at this age. */
  readonly connectionAgeMaxMs: number;
  /** Ping a silent connection after this time. 0: never; keepalive costs more than a day's data. */
  readonly keepaliveMs: number;
  /** What a connection has to keep before it speaks; left out: as the contract says. */
  readonly front?: Partial<FrontLimits>;
}

/** A connection without a call is closed after this time. */
const IDLE_MAX_MS = 300_000;
/** Calls that an old connection still carries may take this long. */
const AGE_GRACE_MS = 60_000;
const KEEPALIVE_TIMEOUT_MS = 20_000;
/** MB of HTTP/2 state per connection; grpc-js lifts Node's limit unless told. */
const SESSION_MEMORY_MAX = 16;
/** sockaddr_un holds 108 bytes with the zero at its end (unix(7)). */
const SOCKET_PATH_MAX = 107;
const LOOPBACK = /^(127(\.\d{1,3}){3}|::1|localhost)$/;

/** Whether nobody but this machine can reach `address`. */
function isLocal(address: Address): boolean {
  return address.kind === "unix" || LOOPBACK.test(address.host);
}

export function createServer(limits: ListenerLimits, interceptors: ServerInterceptor[]): Server {
  return new Server({ interceptors, ...toOptions(limits) });
}

/** As grpc-js names them. */
export function toOptions(limits: ListenerLimits): ServerOptions {
  return {
    "grpc.max_receive_message_length": limits.messageBytesMax,
    "grpc.max_send_message_length": limits.messageBytesMax,
    "grpc.max_concurrent_streams": limits.streamsMax,
    "grpc.max_connection_age_ms": limits.connectionAgeMaxMs,
    "grpc.max_connection_age_grace_ms": AGE_GRACE_MS,
    "grpc.max_connection_idle_ms": IDLE_MAX_MS,
    "grpc-node.max_session_memory": SESSION_MEMORY_MAX,
    "grpc.enable_channelz": 0,
    ...(limits.keepaliveMs > 0 && {
      "grpc.keepalive_time_ms": limits.keepaliveMs,
      "grpc.keepalive_timeout_ms": KEEPALIVE_TIMEOUT_MS,
    }),
  };
}

/**
 * Opens `server` at `address`. Resolves with the port, 0 for a unix socket.
 *
 * @param identity left out: without TLS
 * @throws HeatpoolError `UNAVAILABLE` the address is taken · `CONFIG_INVALID` without TLS on an
 *   address that others can reach · `CERTIFICATE_INVALID` key and certificate do not fit
 */
export async function listen(
  server: Server,
  address: Address,
  identity: ServerIdentity | undefined,
): Promise<number> {
  demandSecured(address, identity);
  if (address.kind === "unix") await prepareSocket(address.path);
  const credentials = toCredentials(identity);
  return new Promise((resolve, reject) => {
    server.bindAsync(describe(address), credentials, (cause, port) => {
      if (cause === null) resolve(address.kind === "unix" ? 0 : port);
      else reject(notListening(address, cause));
    });
  });
}

/**
 * Opens `server` behind a front door, which keeps limits that grpc-js does not have.
 *
 * @throws HeatpoolError as `listen`
 */
export async function listenBehindFront(
  server: Server,
  address: Extract<Address, { kind: "tcp" }>,
  identity: ServerIdentity | undefined,
  { limits, clock, whoIs }: { limits: ListenerLimits; clock: Clock; whoIs?: FrontParts["whoIs"] },
): Promise<FrontDoor> {
  demandSecured(address, identity);
  // Handshakes are done when a connection gets there.
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  let front: FrontDoor | undefined;
  watchSessions(server, {
    clock,
    isUnwelcome: (socket) => front?.isUnwelcome(socket) ?? false,
    onFlood: (address) => front?.noteFlood(address),
  });
  try {
    front = await openFrontDoor({
      address,
      identity,
      whoIs,
      limits: { ...FRONT_LIMITS, ...limits.front },
      clock,
      onConnection: (socket) => injector.injectConnection(socket),
    });
    return front;
  } catch (cause) {
    if (cause instanceof HeatpoolError) throw cause;
    throw notListening(address, cause);
  }
}

function demandSecured(address: Address, identity: ServerIdentity | undefined): void {
  if (identity !== undefined || isLocal(address)) return;
  throw new HeatpoolError("CONFIG_INVALID", `${describe(address)}: not without TLS`, {
    hint: "Listen on 127.0.0.1, or run `heatpool-backend ca init` and name its files under tls.",
  });
}

/** As grpc-js names it. */
function describe(address: Address): string {
  if (address.kind === "unix") return `unix:${address.path}`;
  const host = address.host.includes(":") ? `[${address.host}]` : address.host;
  return `${host}:${address.port}`;
}

function toCredentials(identity: ServerIdentity | undefined): ServerCredentials {
  if (identity === undefined) return ServerCredentials.createInsecure();
  try {
    const pair = { private_key: identity.key, cert_chain: identity.certificate };
    return ServerCredentials.createSsl(null, [pair], false);
  } catch (cause) {
    const what = "the server's certificate and key do not fit";
    throw new HeatpoolError("CERTIFICATE_INVALID", what, { cause });
  }
}

function notListening(address: Address, cause: unknown): HeatpoolError {
  return new HeatpoolError("UNAVAILABLE", `cannot listen on ${describe(address)}`, {
    cause,
    hint: "Another program listens there, or the address is not one of this machine.",
  });
}

/** Makes room for a socket. A killed process leaves its own behind; one that answers stays. */
async function prepareSocket(path: string): Promise<void> {
  if (Buffer.byteLength(path) > SOCKET_PATH_MAX) {
    throw new HeatpoolError("CONFIG_INVALID", `${path} is too long for a unix socket`, {
      hint: `Choose a runtimeDir whose path has fewer than ${SOCKET_PATH_MAX - 12} characters.`,
    });
  }
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const isAnswered = await new Promise<boolean>((resolve) => {
    const probe = connect(path);
    probe.once("connect", () => resolve(true)).once("error", () => resolve(false));
    probe.once("close", () => resolve(false)).unref();
    probe.once("connect", () => probe.destroy());
  });
  if (!isAnswered) await rm(path, { force: true });
}
