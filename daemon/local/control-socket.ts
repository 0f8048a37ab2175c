/**
 * The control socket: how commands of the owner reach the running daemon. HTTP over a Unix socket
 * that only the daemon's own user and root may open; nothing on the network leads here.
 */
import { chmodSync, mkdirSync, rmSync } from "node:fs";
import {
  createServer,
  type IncomingMessage,
  type RequestOptions,
  request,
  type ServerResponse,
} from "node:http";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { Clock } from "#core/clock.js";
import { HeatpoolError, isErrorCode } from "#core/errors.js";
import type { DeadLetterAsk } from "../backlog/dead-letter-desk.js";
import type { ScorerAsk } from "../model/scorer-desk.js";

/** What is asked of the history. */
export type HistoryAsk =
  | { readonly action: "status" }
  | {
      readonly action: "rows";
      readonly deviceId: string;
      readonly fromMs: number;
      readonly toMs: number;
    };

/** What may be asked; answers become JSON. */
export interface Control {
  status(): unknown;
  backlog(): unknown;
  /** What is kept aside because it cannot be delivered, and what becomes of it. */
  rejected(ask: DeadLetterAsk): unknown;
  /** Rows of the history, and how large it is. */
  history(ask: HistoryAsk): unknown;
  /** All that the history holds, for a backup; `undefined`: none is kept. */
  historyRecords(): AsyncIterable<Uint8Array> | undefined;
  /** The consent record changed on disk. Resolves when nothing is sent or kept that may not be. */
  consentChanged(): Promise<unknown>;
  /** Becomes an installation. Resolves with its id and the recovery code. */
  enrol(wish: { address: string | undefined; claimToken: string }): Promise<unknown>;
  /** Notes that everything is to be erased, and begins. Resolves with how it stands. */
  erase(): Promise<unknown>;
  /** Resolves with a new recovery code. */
  recoveryCode(): Promise<unknown>;
  /** Everything about the owner, as lines of JSON. */
  ownData(): AsyncIterable<Uint8Array>;
  /** What the community says about this installation. */
  community(): Promise<unknown>;
  /** About alarms and the models of this house. `parse` knows their questions. */
  readonly scorer?: {
    parse(question: string): ScorerAsk | undefined;
    answer(ask: ScorerAsk): Promise<unknown>;
  };
}

const FOLDER_MODE = 0o700;
const SOCKET_MODE = 0o600;
/** A question has no body; headers of our own client stay far below. */
const HEADER_BYTES_MAX = 4096;
const REQUEST_MAX_MS = 5_000;
/** Wiping a large backlog takes its time on an SD card. */
const ANSWER_MAX_MS = 30_000;
/** An hour of a heat pump that is polled each second has 3 MB. */
const ANSWER_BYTES_MAX = 8 * 1024 * 1024;

/** What a command may ask. */
type Question =
  | "GET /status"
  | "GET /backlog"
  | `GET /history/${string}`
  | `${"GET" | "POST"} /backlog/rejected${string}`
  | "POST /consent/withdraw"
  | "POST /consent/granted"
  | "GET /community"
  | `${"GET" | "POST"} /scorer/${string}`
  | "POST /enrol"
  | "POST /privacy/erase"
  | "POST /privacy/recovery-code";

/** The questions whose answers have no bound. */
const OWN_DATA = "/privacy/export";
const HISTORY_RECORDS = "/history/records";

/** Path of the socket in the runtime directory. */
export function controlSocketPath(runtimeDir: string): string {
  return join(runtimeDir, "control.sock");
}

/**
 * Answers until `signal` fires.
 *
 * @throws HeatpoolError `STATE_INVALID` when the socket cannot be made
 */
export async function runControlSocket(
  deps: { path: string; control: Control; onListening?: () => void },
  signal: AbortSignal,
): Promise<void> {
  const { path, control } = deps;
  const server = createServer({ maxHeaderSize: HEADER_BYTES_MAX }, (asked, answer) => {
    void respond(control, asked, answer);
  });
  server.requestTimeout = REQUEST_MAX_MS;
  server.maxConnections = 16;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: FOLDER_MODE });
    // A socket file outlives a killed daemon; a living one holds the backlog's lock as well.
    rmSync(path, { force: true });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(path, resolve);
    });
    chmodSync(path, SOCKET_MODE);
  } catch (cause) {
    throw new HeatpoolError("STATE_INVALID", `${path}: cannot listen`, {
      cause,
      hint: "Let runtimeDir name a folder that the daemon may write to.",
    });
  }
  deps.onListening?.();
  await new Promise<void>((resolve) => {
    const stop = () => {
      server.close(() => resolve());
      server.closeAllConnections();
    };
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
  rmSync(path, { force: true });
}

async function respond(
  control: Control,
  asked: IncomingMessage,
  answer: ServerResponse,
): Promise<void> {
  const routes: Record<string, () => unknown> = {
    "GET /status": () => control.status(),
    "GET /backlog": () => control.backlog(),
    "POST /consent/withdraw": () => control.consentChanged(),
    "POST /consent/granted": () => control.consentChanged(),
    "GET /community": () => control.community(),
    "POST /privacy/erase": () => control.erase(),
    "POST /privacy/recovery-code": () => control.recoveryCode(),
    "POST /enrol": () =>
      control.enrol({
        address: textOf(asked.headers["heatpool-enrol-address"]),
        claimToken: textOf(asked.headers["heatpool-claim-token"]) ?? "",
      }),
  };
  asked.resume();
  const question = `${asked.method} ${asked.url}`;
  if (question === `GET ${OWN_DATA}`) return await sendStream(control.ownData(), answer);
  if (question === `GET ${HISTORY_RECORDS}`) {
    return await sendStream(control.historyRecords(), answer);
  }
  const letters = parseDeadLetterQuestion(question);
  const past = parseHistoryQuestion(question);
  const { scorer } = control;
  const scored = scorer?.parse(question);
  const findRoute = () => {
    if (scored !== undefined && scorer !== undefined) return () => scorer.answer(scored);
    if (letters !== undefined) return () => control.rejected(letters);
    return past === undefined ? routes[question] : () => control.history(past);
  };
  const route = findRoute();
  const send = (code: number, body: unknown) => {
    answer.writeHead(code, { "content-type": "application/json" });
    answer.end(JSON.stringify(body));
  };
  if (route === undefined) return send(404, { error: "NOT_FOUND" });
  try {
    send(200, await route());
  } catch (fault) {
    if (!(fault instanceof HeatpoolError)) return send(500, { error: String(fault) });
    const { code, message, hint } = fault;
    send(409, { code, message, hint });
  }
}

const HISTORY = /^GET \/history\/(?:(status)|rows\/([a-z0-9-]{1,32})\/(\d{1,15})\/(\d{1,15}))$/;

/** The question about the history as a request line. */
export function historyQuestion(ask: HistoryAsk): Question {
  if (ask.action === "status") return "GET /history/status";
  return `GET /history/rows/${ask.deviceId}/${ask.fromMs}/${ask.toMs}`;
}

function parseHistoryQuestion(question: string): HistoryAsk | undefined {
  const [, status, deviceId, fromMs, toMs] = HISTORY.exec(question) ?? [];
  if (status !== undefined) return { action: "status" };
  if (deviceId === undefined) return undefined;
  return { action: "rows", deviceId, fromMs: Number(fromMs), toMs: Number(toMs) };
}

/** What cannot be finished is broken off, so that nobody takes a part for the whole. */
async function sendStream(
  bytes: AsyncIterable<Uint8Array> | undefined,
  answer: ServerResponse,
): Promise<void> {
  if (bytes === undefined) {
    answer.writeHead(404).end();
    return;
  }
  try {
    answer.writeHead(200, { "content-type": "application/octet-stream" });
    await pipeline(bytes, answer);
  } catch {
    answer.destroy();
  }
}

/**
 * Everything about the owner, asked of the running daemon.
 *
 * @returns pieces of text, or `undefined` when no daemon listens
 * @throws HeatpoolError `UNAVAILABLE` it broke off
 */
export function askOwnData(path: string): Promise<AsyncIterable<Uint8Array> | undefined> {
  return askStream(path, OWN_DATA);
}

/**
 * All that the running daemon's history holds.
 *
 * @returns frames, or `undefined` when no daemon listens
 * @throws HeatpoolError `NOT_FOUND` it keeps no history · `UNAVAILABLE` it broke off
 */
export function askHistoryRecords(path: string): Promise<AsyncIterable<Uint8Array> | undefined> {
  return askStream(path, HISTORY_RECORDS);
}

async function askStream(
  path: string,
  route: string,
): Promise<AsyncIterable<Uint8Array> | undefined> {
  const asked = { socketPath: path, method: "GET", path: route, agent: false };
  const answer = await new Promise<IncomingMessage | undefined>((resolve, reject) => {
    const asking = request(asked, resolve);
    asking.once("error", (fault: NodeJS.ErrnoException) => {
      if (fault.code === "ENOENT" || fault.code === "ECONNREFUSED") resolve(undefined);
      else reject(brokenOff(fault));
    });
    asking.end();
  });
  if (answer?.statusCode === 404) {
    answer.resume();
    throw new HeatpoolError("NOT_FOUND", `the daemon has nothing at ${route}`);
  }
  return answer === undefined ? undefined : readWhole(answer);
}

async function* readWhole(answer: IncomingMessage): AsyncGenerator<Uint8Array> {
  try {
    for await (const piece of answer) yield piece as Buffer;
  } catch (cause) {
    throw brokenOff(cause);
  }
}

function brokenOff(cause: unknown): HeatpoolError {
  return new HeatpoolError("UNAVAILABLE", `daemon: the answer broke off: ${String(cause)}`, {
    cause,
    hint: "Run it as root or as the daemon's user; the daemon's log says more.",
  });
}

function textOf(header: string | string[] | undefined): string | undefined {
  return typeof header === "string" && header !== "" ? header : undefined;
}

const REJECTED = /^(GET|POST) \/backlog\/rejected(?:\/(show|replay|drop)\/(all|\d+(?:,\d+)*))?$/;

/** The question about dead letters as a request line. */
export function deadLetterQuestion(ask: DeadLetterAsk): Question {
  if (ask.action === "list") return "GET /backlog/rejected";
  if (ask.action === "show") return `GET /backlog/rejected/show/${ask.number}`;
  const numbers = ask.numbers === "all" ? ask.numbers : ask.numbers.join(",");
  return `POST /backlog/rejected/${ask.action}/${numbers}`;
}

function parseDeadLetterQuestion(question: string): DeadLetterAsk | undefined {
  const [, method, action, list] = REJECTED.exec(question) ?? [];
  if (method === undefined) return undefined;
  if (action === undefined || list === undefined) {
    return method === "GET" ? { action: "list" } : undefined;
  }
  if (action === "show") return { action, number: Number(list) };
  if (method !== "POST" || (action !== "replay" && action !== "drop")) return undefined;
  return { action, numbers: list === "all" ? list : list.split(",").map(Number) };
}

/**
 * Asks the running daemon.
 *
 * @returns its answer, or `undefined` when no daemon listens
 * @throws HeatpoolError `UNAVAILABLE` when it listens and does not answer; or what it says
 */
export async function askDaemon(
  clock: Clock,
  path: string,
  question: Question,
  headers: Record<string, string> = {},
): Promise<unknown> {
  const [method = "", route = ""] = question.split(" ");
  const late = new AbortController();
  const done = new AbortController();
  void clock.sleep(ANSWER_MAX_MS, done.signal).then(() => late.abort());
  try {
    // A connection that was kept may have been closed by the other end meanwhile.
    const own = { socketPath: path, agent: false };
    const asking = { ...own, method, path: route, headers, signal: late.signal };
    const { code, text } = await exchange(asking);
    if (code !== 200) throw toError(question, text);
    return JSON.parse(text);
  } catch (fault) {
    const code = (fault as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ECONNREFUSED") return undefined;
    if (fault instanceof HeatpoolError) throw fault;
    throw new HeatpoolError("UNAVAILABLE", `daemon: ${question}: ${String(fault)}`, {
      cause: fault,
      ...(code === "EACCES" ? { hint: "Run this as root or as the daemon's user." } : {}),
    });
  } finally {
    done.abort();
  }
}

/** What the daemon could not do, in the words in which it failed. */
function toError(question: string, text: string): HeatpoolError {
  try {
    const { code, message, hint } = JSON.parse(text) as Record<string, string | undefined>;
    if (message !== undefined && message !== "" && isErrorCode(code)) {
      return new HeatpoolError(code, message, hint === undefined ? {} : { hint });
    }
  } catch {
    // Told below: no answer of ours.
  }
  return new HeatpoolError("UNAVAILABLE", `daemon: ${question}: ${text}`);
}

function exchange(asked: RequestOptions): Promise<{ code: number; text: string }> {
  return new Promise((resolve, reject) => {
    const asking = request(asked, (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (part: string) => {
        text += part;
        if (text.length > ANSWER_BYTES_MAX) answer.destroy(new Error("answer too long"));
      });
      answer.once("error", reject);
      answer.once("end", () => resolve({ code: answer.statusCode ?? 0, text }));
    });
    asking.once("error", reject);
    asking.end();
  });
}
