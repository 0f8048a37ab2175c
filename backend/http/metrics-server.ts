/**
 * The listener for Prometheus: plain HTTP, on loopback alone, one page. Whoever is on this machine
 * may read it; it names nobody.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { HeatpoolError } from "#core/errors.js";

/** What it serves with. */
export interface MetricsParts {
  /** 0: any free one. */
  readonly port: number;
  readonly contentType: string;
  render(): Promise<string>;
  onFault(fault: unknown): void;
  onListening(port: number): void;
}

const HOST = "127.0.0.1";
/** A page of another site that resolves its name to this machine is not answered. */
const OWN_HOST = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/;
const CONNECTIONS_MAX = 16;
const REQUEST_TIME_MAX_MS = 10_000;
const HEADERS_MAX_BYTES = 8 * 1024;

/** Serves until `signal`. @throws HeatpoolError `UNAVAILABLE` the port is taken */
export async function runMetrics(parts: MetricsParts, signal: AbortSignal): Promise<void> {
  const server = createServer(
    {
      maxHeaderSize: HEADERS_MAX_BYTES,
      headersTimeout: REQUEST_TIME_MAX_MS,
      requestTimeout: REQUEST_TIME_MAX_MS,
    },
    (request, response) => {
      answer(parts, request, response).catch((fault: unknown) => {
        parts.onFault(fault);
        response.writeHead(500).end();
      });
    },
  );
  server.maxConnections = CONNECTIONS_MAX;
  parts.onListening(await listen(server, parts.port));
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  server.closeAllConnections();
  await closed;
}

async function answer(
  { contentType, render }: MetricsParts,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  // Nothing that is sent is looked at.
  request.resume();
  if (!OWN_HOST.test(request.headers.host ?? "")) return end(response, 403);
  if (request.url?.split("?")[0] !== "/metrics") return end(response, 404);
  if (request.method !== "GET") return end(response, 405, { Allow: "GET" });
  const text = await render();
  response.writeHead(200, { "Content-Type": contentType, "Cache-Control": "no-store" });
  response.end(text);
}

function end(response: ServerResponse, status: number, headers: Record<string, string> = {}): void {
  response.writeHead(status, headers).end();
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause) => {
      const what = `cannot listen for metrics on ${HOST}:${port}`;
      reject(
        new HeatpoolError("UNAVAILABLE", what, { cause, hint: "Another program listens there." }),
      );
    });
    server.listen(port, HOST, () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
}
