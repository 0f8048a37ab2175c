/**
 * Routes of the HTTP contract. Each judges its token first, then its parameters or body, and
 * translates; what is decided is decided behind the door.
 */
import { type Context, Hono } from "hono";
import type { Metric } from "#core/measurement/metrics.js";
import type { PerformanceWindow } from "../aggregate/performance.js";
import { answerError, Refusal, refuseFaults, tooMany } from "./answers.js";
import { judgeBearer } from "./bearer.js";
import { readJson } from "./body.js";
import type { BearerTokens, HttpBehind, HttpRules, TokenHolder } from "./http.js";
import { createIntake } from "./intake.js";
import { answerFile } from "./model-file.js";
import { parseInstallationId, parseMetric, parseModel } from "./names.js";
import { parseSubmission } from "./submission.js";

/** What the routes work with. */
export interface AppParts {
  readonly behind: HttpBehind;
  readonly tokens: BearerTokens;
  readonly metrics: readonly Metric[];
  readonly rules: HttpRules;
  readonly nowMs: () => number;
  /** A name for one request in log and answer. */
  readonly makeRequestId: () => string;
  /** Takes one answer out of the network's share; the wait in milliseconds when it is used up. */
  readonly takePublic: (c: Context) => number;
  onBug(bug: unknown): void;
  /** Changes of state, for the log. */
  onEvent(event: string, facts: Readonly<Record<string, string | number>>): void;
}

const METRICS_MAX = 64;
const QUERY_CHARS_MAX = 4_096;
/** What a client may have named its request; anything else gets a name of ours. */
const REQUEST_ID = /^[\w.-]{1,64}$/;
const DAY_WINDOW = "24h";

type Path = "/api/v1/submit" | "/api/v1/model/check" | "/api/v1/model/download";

/** @internal the listener and tests serve it */
export function createApp(parts: AppParts): Hono {
  const app = new Hono();
  const { behind, tokens, nowMs } = parts;
  // A code means nothing without its profile, and by HTTP none is named.
  const metrics = parts.metrics.filter((one) => one.kind !== "code");
  const known = new Map(metrics.map((one) => [one.id, one]));
  const intake = createIntake(behind, metrics, parts.rules);
  const bearer = (c: Context): TokenHolder => judgeBearer(c.req.header("authorization"), tokens);
  const now = (): string => new Date(nowMs()).toISOString();

  app.use(async (c, next) => {
    const said = c.req.header("x-request-id") ?? "";
    c.header("X-Request-Id", REQUEST_ID.test(said) ? said : parts.makeRequestId());
    c.header("X-Content-Type-Options", "nosniff");
    c.header("Cache-Control", "no-store");
    if (c.req.url.length > QUERY_CHARS_MAX) throw new Refusal(400, "The address is too long");
    await next();
  });
  app.onError((error, c) => answerError(c, error, parts.onBug));
  app.notFound((c) => c.json({ detail: "Not Found" }, 404));

  app.get("/health", (c) => c.json({ status: "ok" }));

  app.post("/api/v1/submit" satisfies Path, async (c) => {
    const holder = bearer(c);
    const submission = parseSubmission(await readJson(c.req), (id) => known.get(id));
    const installationId = whoIs(holder, submission.installationId, behind);
    const isVerified = holder.kind === "installation";
    const processed = await intake.submit(submission, { installationId, isVerified });
    parts.onEvent("http.submitted", { records: submission.records, stored: processed });
    return c.json({ status: "success", processed });
  });

  app.get("/api/v1/model/check" satisfies Path, (c) => {
    demandShare(parts.takePublic(c));
    const id = c.req.query("installation_id");
    if (id === undefined) {
      refuseFaults([{ loc: ["query", "installation_id"], msg: "Field required", type: "missing" }]);
    }
    return c.json(checkModel(parts, parseInstallationId(id), c));
  });

  app.get("/api/v1/model/download" satisfies Path, async (c) => {
    const holder = bearer(c);
    const said = c.req.query("installation_id");
    const id = whoIs(holder, said === undefined ? undefined : parseInstallationId(said), behind);
    const model = parseModel(c.req.query("model") ?? "");
    const verdict = behind.eligibility(id, model);
    if (!verdict.eligible) throw new Refusal(403, verdict.reason);
    if (behind.isBarred(id)) throw new Refusal(403, "Certificate or consent was taken back");
    const file = behind.models.find(model);
    if (file === undefined) {
      throw new Refusal(404, behind.models.whyNone() ?? "No model has been published yet");
    }
    return answerFile(c, file, await behind.models.read(file));
  });

  app.get("/api/v1/pool/status", (c) => {
    demandShare(parts.takePublic(c));
    return c.json({ ...poolStatus(parts), timestamp: now() });
  });

  app.get("/api/v1/community/averages", (c) => {
    bearer(c);
    return c.json(averages(parts, known, c));
  });

  app.get("/api/v1/community/performance", (c) => {
    bearer(c);
    return c.json(performance(parts, c));
  });

  app.get("/api/v1/community/standing", async (c) => {
    const holder = bearer(c);
    // What one household does is told to nobody but itself.
    if (holder.kind !== "installation") {
      throw new Refusal(403, "This needs a token that belongs to one installation");
    }
    const { installationId } = holder;
    return c.json(await standing(parts, installationId, readWindow(c)));
  });

  app.get("/api/v1/status", (c) => {
    bearer(c);
    return c.json({
      status: "online",
      active_installations_30d: behind.active30d(),
      timestamp: now(),
    });
  });

  app.get("/api/v1/models", (c) => {
    bearer(c);
    const models = behind.models.list().map(({ name, filename, sizeBytes, hash, ...file }) => ({
      name,
      filename,
      size_bytes: sizeBytes,
      hash,
      modified: new Date(file.modifiedAtMs).toISOString(),
    }));
    return c.json({ models, total: models.length });
  });
  for (const { path, method } of [...app.routes].filter((one) => one.path.length > 2)) {
    app.all(path, () => {
      throw new Refusal(405, "Method Not Allowed", { Allow: method });
    });
  }
  return app;
}

/** Whose data it is: the token's installation, or with a shared token the one that is said. */
function whoIs(holder: TokenHolder, said: string | undefined, behind: HttpBehind): string {
  if (holder.kind === "installation") {
    if (said !== undefined && said !== holder.installationId) {
      throw new Refusal(403, "This token belongs to another installation");
    }
    return holder.installationId;
  }
  if (said === undefined) {
    refuseFaults([{ loc: ["body", "installation_id"], msg: "Field required", type: "missing" }]);
  }
  if (behind.isEnrolled(said)) {
    throw new Refusal(403, "This installation has keys of its own; use a token made for it");
  }
  return said;
}

function demandShare(waitMs: number): void {
  if (waitMs > 0) throw tooMany(waitMs);
}

function checkModel(parts: AppParts, id: string, c: Context) {
  const { behind } = parts;
  const model = parseModel(c.req.query("model") ?? "");
  const { eligible, reason, reasonDe } = behind.eligibility(id, model);
  const hash = behind.models.find(model)?.hash;
  const current = c.req.query("current_hash")?.toLowerCase();
  return {
    eligible,
    reason,
    reason_de: reasonDe,
    model_available: hash !== undefined,
    model_hash: hash ?? null,
    hash: hash ?? null,
    update_available: eligible && hash !== undefined && hash !== current,
    data_pool: poolStatus(parts),
  };
}

function poolStatus({ behind }: AppParts) {
  const pool = behind.community.poolStatus();
  return {
    total_installations: pool.totalInstallations,
    total_data_points: pool.totalReadings,
    models_available: pool.modelsAvailable,
    data_sufficient: pool.dataSufficient,
    message: pool.message,
    message_de: pool.messageDe,
  };
}

const WINDOWS: readonly PerformanceWindow[] = ["24h", "7d", "30d", "365d"];

function readWindow(c: Context): PerformanceWindow {
  const said = c.req.query("window") ?? "30d";
  const window = WINDOWS.find((one) => one === said);
  if (window === undefined) throw new Refusal(400, `Invalid window (one of ${WINDOWS.join(", ")})`);
  return window;
}

function performance({ behind }: AppParts, c: Context) {
  const said = c.req.query("model");
  if (said === undefined) {
    refuseFaults([{ loc: ["query", "model"], msg: "Field required", type: "missing" }]);
  }
  const found = behind.efficiency.figures(parseModel(said), readWindow(c));
  const figures = found.figures.map(({ p10, p90, ...one }) => ({
    ...one,
    p10: p10 ?? null,
    p90: p90 ?? null,
  }));
  return { model: found.heatpumpModel, window: found.window, figures };
}

async function standing({ behind }: AppParts, installationId: string, window: PerformanceWindow) {
  const found = await behind.efficiency.standing(installationId, window);
  return {
    window,
    ranks: found.ranks.map((one) => ({
      quantity: one.quantity,
      unit: one.unit,
      model: one.heatpumpModel,
      value: one.value,
      better_than_percent: one.betterThanPercent ?? null,
      installations: one.installations ?? null,
    })),
    badges: found.badges.map(({ id, title, text }) => ({
      id,
      title: title.en,
      title_de: title.de,
      text: text.en,
      text_de: text.de,
    })),
  };
}

/** `min` and `max` are robust percentiles, never one household's value. */
function averages({ behind }: AppParts, known: ReadonlyMap<string, Metric>, c: Context) {
  const said = c.req.query("model");
  if (said === undefined) {
    refuseFaults([{ loc: ["query", "model"], msg: "Field required", type: "missing" }]);
  }
  const model = parseModel(said);
  const names = (c.req.query("metrics") ?? "").split(",").filter((name) => name.trim() !== "");
  if (names.length > METRICS_MAX) throw new Refusal(400, `More than ${METRICS_MAX} metrics`);
  const asked = names.map(parseMetric);
  const wanted = asked.filter((name) => known.has(name));
  const hasOnlyUnknown = asked.length > 0 && wanted.length === 0;
  const found = behind.community.averages(model, wanted);
  const metrics = Object.fromEntries(
    (hasOnlyUnknown ? [] : found.metrics).map(({ metric, mean, p10, p90 }) => [
      metric,
      { avg: mean, min: p10 ?? null, max: p90 ?? null },
    ]),
  );
  return { model, window: DAY_WINDOW, metrics, sample_size: found.installations };
}
