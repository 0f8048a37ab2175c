/**
 * The local listener: the owner's page, its API and Prometheus' metrics. On loopback unless the owner
 * gave it a token. A port that is taken costs the page, never the daemon.
 */
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { createAdaptorServer } from "@hono/node-server";
import { getConnInfo } from "@hono/node-server/conninfo";
import type { Chance, Clock } from "#core/clock.js";
import { HeatpoolError } from "#core/errors.js";
import type { Log } from "../host/log.js";
import { createApp } from "./app.js";
import { createGuard } from "./guard.js";
import type { House } from "./house.js";
import { createPageFiles } from "./page-files.js";

/** Where it listens and who may ask. */
export interface LocalConfig {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly tokenFile?: string | undefined;
  readonly hostNames: readonly string[];
}

/** What the listener works with. */
export interface LocalDeps {
  readonly config: LocalConfig;
  readonly house: House;
  /** Where the built page lies. */
  readonly pageFolder: string;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Log;
  onListening?(port: number): void;
}

const TOKEN_BYTES = 24;
/** Guessing it within the limit takes longer than the heat pump lives. */
const TOKEN_LENGTH_MIN = 16;
const CONNECTIONS_MAX = 64;
const HEADERS_MAX_BYTES = 8 * 1024;
const HEADERS_TIME_MAX_MS = 5_000;
const REQUEST_TIME_MAX_MS = 15_000;

/** @throws HeatpoolError `CONFIG_INVALID` the token file cannot be used */
export async function runLocal(deps: LocalDeps, signal: AbortSignal): Promise<void> {
  const { config, house, clock, log } = deps;
  const token = config.tokenFile === undefined ? undefined : readToken(config.tokenFile);
  const changeToken = Buffer.from(deps.chance(TOKEN_BYTES)).toString("base64url");
  const app = createApp({
    house,
    guard: createGuard({
      hostNames: [...config.hostNames, config.host],
      token,
      changeToken,
      clock,
    }),
    changeToken: token === undefined ? changeToken : undefined,
    files: createPageFiles(deps.pageFolder),
    clock,
    addressOf: (context) => getConnInfo(context).remote.address ?? "",
    closing: signal,
  });
  const server = createAdaptorServer({
    fetch: app.fetch,
    createServer,
    serverOptions: {
      maxHeaderSize: HEADERS_MAX_BYTES,
      headersTimeout: HEADERS_TIME_MAX_MS,
      requestTimeout: REQUEST_TIME_MAX_MS,
    },
  }) as Server;
  server.maxConnections = CONNECTIONS_MAX;
  try {
    const port = await listen(server, config);
    log("info", "local.listening", { port });
    deps.onListening?.(port);
  } catch (fault) {
    log("error", "local.unavailable", { port: config.port, why: String(fault) });
    return;
  }
  await new Promise<void>((resolve) => {
    const stop = () => {
      server.close(() => resolve());
      server.closeAllConnections();
    };
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
}

function readToken(path: string): string {
  let token: string;
  try {
    token = readFileSync(path, "utf8").trim();
  } catch (cause) {
    throw new HeatpoolError("CONFIG_INVALID", `local.tokenFile: ${path} cannot be read`, {
      cause,
      hint: "Make it with `openssl rand -hex 24`, readable for the daemon's user only.",
    });
  }
  if (token.length >= TOKEN_LENGTH_MIN && /^\S+$/.test(token)) return token;
  const what = `${path}: a token of at least ${TOKEN_LENGTH_MIN} characters without spaces`;
  throw new HeatpoolError("CONFIG_INVALID", `local.tokenFile: needs ${what}`);
}

function listen(server: Server, { host, port }: LocalConfig): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host.replace(/^\[|\]$/g, ""), () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
}
