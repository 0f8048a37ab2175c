/**
 * The routes of the local door. Outside formats end here: what comes in is checked, what goes out is
 * JSON of `house.ts`, files of the page, events or Prometheus text. No answer can be framed, run
 * foreign script or be read by another origin.
 */
import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Clock } from "#core/clock.js";
import { type ErrorCode, HeatpoolError } from "#core/errors.js";
import { createEvents } from "./events.js";
import { type Asked, type Guard, type Refusal, TOKEN_HEADER } from "./guard.js";
import { readHistoryQuestion, toSeries } from "./history-answer.js";
import type { ConsentChange, House } from "./house.js";
import type { PageFiles } from "./page-files.js";
import { renderVitals } from "./prometheus.js";

/** What the routes work with. */
export interface AppDeps {
  readonly house: House;
  readonly guard: Guard;
  /** `undefined`: the owner's own token is the one for changes. */
  readonly changeToken: string | undefined;
  readonly files: PageFiles;
  readonly clock: Clock;
  addressOf(context: Context): string;
  /** Fires when the door closes. */
  readonly closing: AbortSignal;
}

const BODY_BYTES_MAX = 4096;
const ALARMS_MAX = 100;

/** Sent with every answer. No script but our own file, no style but our own, no other origin. */
const HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), geolocation=(), microphone=()",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
};

const STATUS_OF: Partial<Record<ErrorCode, ContentfulStatusCode>> = {
  INVALID_ARGUMENT: 400,
  CONSENT_MISSING: 409,
  STATE_INVALID: 409,
  NOT_FOUND: 404,
  UNAVAILABLE: 503,
  RATE_LIMITED: 503,
};

/** The routes. */
export function createApp(deps: AppDeps): Hono {
  const { house, guard, files } = deps;
  const app = new Hono();
  app.use(async (context, next) => {
    for (const [name, value] of Object.entries(HEADERS)) context.header(name, value);
    await next();
  });
  app.onError((fault, context) => answerFault(fault, context));
  app.notFound((context) => context.json({ code: "NOT_FOUND" }, 404));

  // The page itself says nothing about the house, so that it can ask for the token.
  app.get("/", (context) => servePage(deps, context, "index.html"));
  for (const name of files.names) {
    app.get(`/${name}`, (context) => servePage(deps, context, name));
  }

  const judged = (judge: (asked: Asked) => Refusal | undefined) => {
    return async (context: Context, next: () => Promise<void>) => {
      const refusal = judge(askedOf(deps, context));
      if (refusal !== undefined) return refuse(context, refusal);
      await next();
    };
  };
  const asking = judged(guard.mayAsk);
  const changing = judged(guard.mayChange);
  const api = new Hono();
  api.use(async (context, next) => {
    context.header("cache-control", "no-store");
    await next();
  });
  api.get("/session", asking, (c) => c.json({ changeToken: deps.changeToken }));
  api.get("/status", asking, (c) => c.json(house.status()));
  api.get("/devices", asking, (c) => c.json({ devices: house.devices() }));
  api.get("/now", asking, (c) => c.json(answerNow(house, c)));
  api.get("/history", asking, async (c) => c.json(await answerHistory(deps, c)));
  api.get("/sharing", asking, (c) => c.json(house.sharing()));
  api.get("/sharing/:number{[0-9]{1,9}}", asking, (c) => {
    const rows = house.sentRows(Number(c.req.param("number")));
    if (rows === undefined) throw new HeatpoolError("NOT_FOUND", "no such batch in memory");
    return c.json(rows);
  });
  api.get("/consent", asking, (c) => c.json(house.consent()));
  const limit = bodyLimit({
    maxSize: BODY_BYTES_MAX,
    onError: (c) => c.json({ code: "INVALID_ARGUMENT", message: "the body is too long" }, 413),
  });
  api.post("/consent", changing, limit, async (c) =>
    c.json(await house.changeConsent(readChange(await readJson(c)))),
  );
  api.get("/community", asking, async (c) => c.json((await house.community()) as object));
  api.get("/alarms", asking, (c) => c.json({ alarms: house.alarms.newest(ALARMS_MAX) }));
  api.get("/events", asking, createEvents(deps));
  app.route("/api/v1", api);
  app.get("/metrics", asking, async (c) => {
    const { text, contentType } = await renderVitals(house.vitals());
    return c.body(text, 200, { "content-type": contentType });
  });
  return app;
}

function askedOf({ addressOf }: AppDeps, context: Context): Asked {
  return {
    host: context.req.header("host"),
    origin: context.req.header("origin"),
    site: context.req.header("sec-fetch-site"),
    token: context.req.header(TOKEN_HEADER) ?? bearerOf(context.req.header("authorization")),
    address: addressOf(context),
  };
}

/** Prometheus and most programs send a token in this way. */
function bearerOf(header: string | undefined): string | undefined {
  return /^bearer +(\S+)$/i.exec(header ?? "")?.[1];
}

function refuse(context: Context, refusal: Refusal): Response {
  if (refusal.status === 429) context.header("retry-after", String(refusal.retryAfterSeconds));
  return context.json({ code: "PERMISSION_DENIED", message: refusal.why }, refusal.status);
}

function answerFault(fault: Error, context: Context): Response {
  const status = fault instanceof HeatpoolError ? STATUS_OF[fault.code] : undefined;
  if (!(fault instanceof HeatpoolError) || status === undefined) {
    return context.json({ code: "INTERNAL" }, 500);
  }
  return context.json({ code: fault.code, message: fault.message, hint: fault.hint }, status);
}

async function servePage(deps: AppDeps, context: Context, name: string): Promise<Response> {
  // A page under a foreign name could be shown as somebody else's, so it is refused as well.
  const refusal = deps.guard.mayLoad(context.req.header("host"));
  if (refusal !== undefined) return refuse(context, refusal);
  const file = await deps.files.read(name);
  if (file === undefined) throw new HeatpoolError("NOT_FOUND", `${name} was not built`);
  context.header("content-type", file.type);
  context.header("cache-control", "no-cache");
  context.header("vary", "accept-encoding");
  context.header("etag", file.etag);
  if (context.req.header("if-none-match") === file.etag) return context.body(null, 304);
  const takesGzip = /\bgzip\b/.test(context.req.header("accept-encoding") ?? "");
  if (takesGzip) context.header("content-encoding", "gzip");
  return context.body(takesGzip ? file.gzipped : file.plain);
}

function answerNow(house: House, context: Context): unknown {
  const wanted = context.req.query("device");
  const ids = house.devices().map(({ deviceId }) => deviceId);
  const chosen = wanted === undefined ? ids : ids.filter((id) => id === wanted);
  if (chosen.length === 0) throw new HeatpoolError("NOT_FOUND", "no such device");
  return { devices: chosen.map((id) => house.now(id)) };
}

async function answerHistory({ house, clock }: AppDeps, context: Context): Promise<unknown> {
  const { history } = house;
  if (history === undefined) {
    throw new HeatpoolError("UNAVAILABLE", "no history is kept", {
      hint: "See history.limitMiB in the configuration, and the log.",
    });
  }
  const question = readHistoryQuestion(context.req.query(), house.devices(), clock.nowMs());
  const found = await history.buckets(question.of, question.range, question.points);
  return toSeries(question, found);
}

async function readJson(context: Context): Promise<unknown> {
  try {
    return await context.req.json();
  } catch (cause) {
    throw new HeatpoolError("INVALID_ARGUMENT", "the body is not JSON", { cause });
  }
}

function readChange(body: unknown): ConsentChange {
  const given = typeof body === "object" && body !== null ? (body as Record<string, unknown>) : {};
  const { action, locale, scopes, version } = given;
  if (action === "withdraw") return { action };
  const isGrant =
    action === "grant" &&
    (locale === "de" || locale === "en") &&
    typeof version === "number" &&
    Array.isArray(scopes) &&
    scopes.every((scope) => typeof scope === "string");
  if (!isGrant) {
    const what = "action withdraw, or grant with locale, version and scopes";
    throw new HeatpoolError("INVALID_ARGUMENT", `consent: needs ${what}`);
  }
  return { action, locale, scopes, version };
}
