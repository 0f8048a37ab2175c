/**
 * The time series engine on VictoriaMetrics, one node or a cluster.
 *
 * Its 204 means that rows are in memory, not that they are kept, and not even that they were taken:
 * rows that it leaves out only move counters. So nobody is told "stored" because of it.
 */
import { HeatpoolError } from "#core/errors.js";
import type { EngineLife, SeriesCount, SeriesEngine } from "./series-engine.js";
import { addLines, createLines, SERIES_PREFIX } from "./victoriametrics-lines.js";

/** Where the engine is. */
export interface VictoriametricsPlace {
  /** e.g. `http://127.0.0.1:8428`; of a cluster the proxy before it. */
  readonly url: string;
  /** Of a cluster: `account` or `account:project`. Left out: one node. */
  readonly tenant?: string | undefined;
  /** Sent as bearer. */
  readonly token?: string | undefined;
  /** How long readings are kept: an engine that drops them earlier is refused. */
  readonly rawMonths: number;
}

const ANSWER_MAX_MS = 60_000;
/** Deleting looks at every series of an installation. */
const TRIES = 20;
const PAUSE_MS = 250;
/** Repeats have the same millisecond; a wider window would take different readings for repeats. */
const DEDUP_MS_MAX = 1_000;
const DAYS_OF_MONTH = 31;
const DAY_S = 86_400;

/** The part of an answer that is read. */
interface QueryAnswer {
  readonly data: { readonly result: readonly { readonly value: readonly [number, string] }[] };
}

/** Milliseconds of the units of a duration, as its flags are written. */
const UNIT_MS: Record<string, number> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
  y: 365 * 86_400_000,
};

/** Makes no connection yet. */
export function createVictoriametricsEngine(place: VictoriametricsPlace): SeriesEngine {
  const paths = toPaths(place.tenant);
  const ask = (path: string, init: RequestInit = {}) => request(place, path, init);
  const flush = async (): Promise<void> => {
    if (place.tenant === undefined) await ask("/internal/force_flush");
  };
  const count = async (installationId?: string): Promise<SeriesCount> => {
    // Everything that is kept, seen from a little later than now.
    const range = `[${place.rawMonths * DAYS_OF_MONTH + 3}d]`;
    const each = `count_over_time(${selector(installationId)}${range})`;
    const time = String(Math.floor(Date.now() / 1_000) + DAY_S);
    const number = async (query: string): Promise<number> => {
      const words = new URLSearchParams({ query, time, nocache: "1" });
      const answer = JSON.parse(await ask(`${paths.select}/api/v1/query?${words}`)) as QueryAnswer;
      return Number(answer.data.result[0]?.value[1] ?? 0);
    };
    return { series: await number(`count(${each})`), samples: await number(`sum(${each})`) };
  };
  return {
    life: async () => readLife(await ask("/metrics"), place),
    begin() {
      const lines = createLines();
      return {
        add: (decoded) => void addLines(lines, decoded),
        get bytes() {
          return lines.length;
        },
        async send() {
          if (lines.length === 0) return;
          // A view, not a copy: nothing is added to it any more.
          const body = lines.bytes.subarray(0, lines.length) as Uint8Array<ArrayBuffer>;
          await ask(`${paths.insert}/api/v1/import`, { method: "POST", body });
        },
      };
    },
    async settle() {
      // A snapshot holds everything that was taken before, so it is on the disk.
      const { snapshot } = JSON.parse(await ask("/snapshot/create")) as { snapshot?: string };
      if (snapshot === undefined) throw away("it makes no snapshot");
      await ask(`/snapshot/delete?snapshot=${encodeURIComponent(snapshot)}`);
    },
    async erase(installationIds) {
      if (installationIds.length === 0) return;
      // What was taken a moment ago is not found yet, and what is not found is not deleted.
      await flush();
      for (let tries = 1; ; tries++) {
        for (const id of installationIds) {
          const query = new URLSearchParams({ "match[]": selector(id) });
          await ask(`${paths.remove}/api/v1/admin/tsdb/delete_series?${query}`, { method: "POST" });
        }
        const left = await Promise.all(installationIds.map(count));
        if (left.every((one) => one.series === 0)) return;
        if (tries === TRIES) throw away("it still finds series that were deleted");
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
    },
    async compact() {
      if (place.tenant === undefined) await ask("/internal/force_merge");
    },
    async count(installationId) {
      await flush();
      return await count(installationId);
    },
  };
}

/** Paths of one node, or of the roles of a cluster (https://docs.victoriametrics.com/Cluster-VictoriaMetrics.html#url-format). */
export function toPaths(tenant: string | undefined) {
  if (tenant === undefined) return { insert: "", select: "", remove: "" };
  return {
    insert: `/insert/${tenant}/prometheus`,
    select: `/select/${tenant}/prometheus`,
    remove: `/delete/${tenant}/prometheus`,
  };
}

/** Series of an installation; without one all of ours. Inside the quotes only an id's characters come. */
function selector(installationId: string | undefined): string {
  const ours = `__name__=~"${SERIES_PREFIX}.*"`;
  if (installationId === undefined) return `{${ours}}`;
  if (!/^[0-9a-f-]{36}$/.test(installationId)) {
    throw new HeatpoolError("INVALID_ARGUMENT", "not an installation id");
  }
  return `{${ours},installation="${installationId}"}`;
}

async function request(
  { url, token }: VictoriametricsPlace,
  path: string,
  init: RequestInit,
): Promise<string> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  let response: Response;
  let text: string;
  try {
    const signal = AbortSignal.timeout(ANSWER_MAX_MS);
    response = await fetch(url.replace(/\/$/, "") + path, { ...init, headers, signal });
    text = await response.text();
  } catch (cause) {
    const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
    throw away(inner instanceof Error ? inner.message : String(inner), cause);
  }
  if (response.ok) return text;
  throw away(`${path.split("?")[0]} answered ${response.status} ${text.slice(0, 200).trim()}`);
}

function away(what: string, cause?: unknown): HeatpoolError {
  return new HeatpoolError("STORE_FAILED", `victoriametrics: ${what}`, {
    cause,
    hint: "Look at VictoriaMetrics and at store.victoriametrics; readings wait until it is back.",
  });
}

/** Reads `/metrics`: whether the engine may be used, and whether it is the one from before. */
export function readLife(metrics: string, place: VictoriametricsPlace): EngineLife {
  const value = (name: string): number | undefined => {
    const line = metrics.split("\n").find((one) => one.startsWith(`${name} `));
    return line === undefined ? undefined : Number(line.slice(name.length));
  };
  const flag = (name: string) =>
    new RegExp(`^flag\\{name="${name}", value="([^"]*)"`, "m").exec(metrics)?.[1];
  const startedAt = value("process_start_time_seconds");
  if (startedAt === undefined) throw away("its /metrics do not say when it started");
  if (place.tenant === undefined) {
    demandDedup(flag("dedup\\.minScrapeInterval"));
    demandRetention(flag("retentionPeriod"), place.rawMonths);
  }
  if (/^vm_storage_is_read_only(\{[^}]*\})? 1$/m.test(metrics)) {
    throw away("it only reads: its disk is as good as full (-storage.minFreeDiskSpaceBytes)");
  }
  let rowsRefused = 0;
  for (const line of metrics.split("\n")) {
    if (/^vm_rows_(invalid|ignored)_total\{/.test(line))
      rowsRefused += Number(line.split(" ").at(-1));
  }
  const version = /^vm_app_version\{.*short_version="([^"]*)"/m.exec(metrics)?.[1];
  return { name: String(startedAt), rowsRefused, version };
}

function demandDedup(text: string | undefined): void {
  const windowMs = text === undefined ? 0 : durationMs(text);
  if (windowMs > 0 && windowMs <= DEDUP_MS_MAX) return;
  throw refusal(
    `-dedup.minScrapeInterval is ${text ?? "not set"}: what is written again would count twice`,
    "Start VictoriaMetrics with -dedup.minScrapeInterval=1ms.",
  );
}

function demandRetention(text: string | undefined, rawMonths: number): void {
  const keptMs =
    text === undefined
      ? 0
      : durationMs(/^\d+$/.test(text) ? `${Number(text) * DAYS_OF_MONTH}d` : text);
  if (keptMs >= rawMonths * DAYS_OF_MONTH * 86_400_000) return;
  throw refusal(
    `-retentionPeriod is ${text ?? "not set"}, retention.rawMonths is ${rawMonths}`,
    `Start VictoriaMetrics with -retentionPeriod=${rawMonths}, or keep readings for a shorter time.`,
  );
}

/** `1h30m`, `1ms`, `0s`, `400d` in milliseconds. */
function durationMs(text: string): number {
  let ms = 0;
  for (const [, count = "0", unit = ""] of text.matchAll(/([\d.]+)(ms|[smhdwy])/g)) {
    ms += Number(count) * (UNIT_MS[unit] ?? 0);
  }
  return ms;
}

function refusal(what: string, hint: string): HeatpoolError {
  return new HeatpoolError("CONFIG_INVALID", `victoriametrics: ${what}`, { hint });
}
