/**
 * The HTTP listener: TLS or loopback, limits on connections, headers, bodies and time, and an end
 * in order: what is in hand is answered, then the connections close.
 *
 * Network addresses do not leave this folder; here they become a share of the public answers.
 */
import { createServer as createPlain, type Server } from "node:http";
import { createServer as createSecure } from "node:https";
import { createAdaptorServer } from "@hono/node-server";
import { getConnInfo } from "@hono/node-server/conninfo";
import type { Context } from "hono";
import { type Clock, fired } from "#core/clock.js";
import { HeatpoolError } from "#core/errors.js";
import { type AppParts, createApp } from "./app.js";
import { createClientAddress } from "./client-address.js";
import { createShares } from "./shares.js";

/** What the door works with. */
export interface HttpParts extends Omit<AppParts, "nowMs" | "takePublic"> {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Left out: without TLS, on loopback only. */
  readonly identity: { readonly certificate: Buffer; readonly key: Buffer } | undefined;
  readonly clock: Clock;
  /** The network that an address belongs to. */
  prefixOf(address: string): string;
  /** Addresses and networks of proxies that say whose request they pass on. */
  readonly trustedProxies?: readonly string[];
  onListening(port: number): void;
  /** Left out: as everybody is waited for. */
  readonly patience?: Patience;
}

/** How long the other end may take, in milliseconds. */
export interface Patience {
  /** For a request's head, from the connection or the answer before. */
  readonly headersMs: number;
  /** For a request as a whole, its body included. */
  readonly requestMs: number;
  /** Connections are looked at so often; what is late is cut at the next look. */
  readonly lookMs: number;
}

const HEADERS_MAX_BYTES = 8 * 1024;
/** Ten fields are usual; each costs memory before anybody is known. */
const HEADERS_MAX = 64;
/** A head is one packet; 10 MB over a poor uplink take a while. */
const PATIENCE: Patience = { headersMs: 10_000, requestMs: 120_000, lookMs: 5_000 };
const KEEP_ALIVE_MS = 10_000;
const CONNECTIONS_MAX = 1_000;
const REQUESTS_PER_SOCKET_MAX = 1_000;
/** What is not answered then is sent again by its client. */
const SHUTDOWN_MAX_MS = 15_000;
const LOOPBACK = /^(127(\.\d{1,3}){3}|::1|localhost)$/;

/** Serves until `signal`. @throws HeatpoolError `CONFIG_INVALID`, `UNAVAILABLE` */
export async function runHttp(parts: HttpParts, signal: AbortSignal): Promise<void> {
  const { clock, host, port, identity } = parts;
  if (identity === undefined && !LOOPBACK.test(host)) {
    throw new HeatpoolError("CONFIG_INVALID", `http on ${host}: not without TLS`, {
      hint: "Set http.host to 127.0.0.1, or name certificate and key under tls.",
    });
  }
  if (parts.tokens.count === 0) {
    throw new HeatpoolError("CONFIG_INVALID", "http is on, but there is no token", {
      hint: "Make one with `heatpool-backend token create`, or take http out of the configuration.",
    });
  }
  const shares = createShares(parts.rules.publicPerMinute, () => clock.monotonicMs());
  const clientOf = createClientAddress(parts.trustedProxies ?? []);
  const app = createApp({
    ...parts,
    nowMs: () => clock.nowMs(),
    takePublic: (c) =>
      shares.take(parts.prefixOf(clientOf(addressOf(c), c.req.header("x-forwarded-for")))),
  });
  const { headersMs, requestMs, lookMs } = parts.patience ?? PATIENCE;
  const limits = {
    maxHeaderSize: HEADERS_MAX_BYTES,
    headersTimeout: headersMs,
    requestTimeout: requestMs,
    // Node looks every 30 s by itself, so that 10 s would be 40.
    connectionsCheckingInterval: lookMs,
    keepAliveTimeout: KEEP_ALIVE_MS,
  };
  const tls = identity && {
    cert: identity.certificate,
    key: identity.key,
    minVersion: "TLSv1.2" as const,
  };
  const server = createAdaptorServer(
    tls === undefined
      ? { fetch: app.fetch, createServer: createPlain, serverOptions: limits }
      : { fetch: app.fetch, createServer: createSecure, serverOptions: { ...limits, ...tls } },
  ) as Server;
  server.maxConnections = CONNECTIONS_MAX;
  server.maxHeadersCount = HEADERS_MAX;
  server.maxRequestsPerSocket = REQUESTS_PER_SOCKET_MAX;
  parts.onListening(await listen(server, host, port));
  await fired(signal);
  await end(server, clock);
}

function addressOf(c: Context): string {
  return getConnInfo(c).remote.address ?? "";
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause) => {
      const what = `cannot listen for http on ${host}:${port}`;
      const hint = "Another program listens there, or the address is not one of this machine.";
      reject(new HeatpoolError("UNAVAILABLE", what, { cause, hint }));
    });
    server.listen(port, host, () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
}

async function end(server: Server, clock: Clock): Promise<void> {
  const timer = new AbortController();
  const isClosed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  server.closeIdleConnections();
  await Promise.race([isClosed, clock.sleep(SHUTDOWN_MAX_MS, timer.signal)]);
  timer.abort();
  server.closeAllConnections();
}
