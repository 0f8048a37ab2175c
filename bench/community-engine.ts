/** The same questions asked of a real VictoriaMetrics that holds the readings themselves. */
import { createColumns } from "#core/batch/columns.js";
import { addLines, createLines, SERIES_PREFIX } from "../backend/store/victoriametrics-lines.js";
import { type Engine, startVictoriaMetrics } from "../test/support/engine.js";
import { fillDay, idOf, METRIC, MODEL, TABLE } from "./community-fleet.js";
import { cpuSecondsOf } from "./earlier-server.js";

const SEND_BYTES = 16 * 1024 * 1024;
const DAY_ROWS = 1_440;
const STEP_MS = 60_000;

/** Shares asked for as percentiles. */
export const SHARES = [0.05, 0.1, 0.5, 0.9, 0.95] as const;

/** What is asked: the figures of a cohort, each household with its own mean. */
export interface Figures {
  readonly count: number;
  readonly mean: number;
  readonly min: number;
  readonly max: number;
  /** In the order of `SHARES`. */
  readonly percentiles: readonly number[];
}

/** An engine that holds a day of a fleet. */
export interface FilledEngine {
  /** The question as one query of nine aggregates. */
  ask(): Promise<Figures>;
  /** The cheapest way to the same figures: three aggregates, bounds as percentiles. */
  askCheaply(): Promise<Figures>;
  /** Every installation's own mean. */
  means(): Promise<Map<string, number>>;
  cpuSeconds(): number;
  stop(): Promise<void>;
}

export async function fillEngine(installations: number, nowMs: number): Promise<FilledEngine> {
  // One thread, as we have; nothing is answered from what was asked before.
  const engine = await startVictoriaMetrics(
    ["-search.disableCache", "-search.maxQueryDuration=10m"],
    {
      ...process.env,
      GOMAXPROCS: "1",
    },
  );
  try {
    for (let n = 0; n < installations; ) n = await send(engine, n, installations, nowMs);
    await fetch(`${engine.url}/internal/force_flush`);
    await fetch(`${engine.url}/internal/force_merge`);
    const samples = await count(engine, nowMs);
    if (samples !== installations * DAY_ROWS)
      throw new Error(`the engine holds ${samples} samples`);
  } catch (cause) {
    await engine.stop();
    throw cause;
  }
  const own = `avg_over_time(${SERIES_PREFIX}${METRIC}{model="${MODEL}"}[1d])`;
  const named = (name: string, text: string) => `label_set(${text},"f","${name}")`;
  const each = SHARES.map((share) => named(`p${share}`, `quantile(${share},${own})`));
  const plain = ["avg", "min", "max", "count"].map((name) => named(name, `${name}(${own})`));
  const all = `union(${[...plain, ...each].join(",")})`;
  const shares = [0, ...SHARES, 1].join(",");
  const cheap = `union(${named("avg", `avg(${own})`)},${named("count", `count(${own})`)},quantiles("f",${shares},${own}))`;
  return {
    ask: async () => readFigures(await query(engine, all, nowMs), "min", "max", "p"),
    askCheaply: async () => readFigures(await query(engine, cheap, nowMs), "0", "1", ""),
    async means() {
      const found = await query(engine, own, nowMs);
      return new Map(
        found.map(({ metric, value }) => [metric.installation ?? "", Number(value[1])]),
      );
    },
    cpuSeconds: () => cpuSecondsOf(engine.pid()),
    stop: () => engine.stop(),
  };
}

/** Sends some installations from the `from`-th on, by the product's own writer. Resolves with the next. */
async function send(engine: Engine, from: number, to: number, nowMs: number): Promise<number> {
  const columns = createColumns(TABLE, DAY_ROWS);
  const lines = createLines();
  let n = from;
  for (; n < to && lines.length < SEND_BYTES; n++) {
    const batch = { deviceId: "heatpump" };
    const block = { installationId: idOf(n), heatpumpModel: MODEL, batch };
    addLines(lines, { block, table: TABLE, columns: fillDay(columns, n, nowMs) });
  }
  const body = new Uint8Array(lines.bytes.subarray(0, lines.length));
  const { ok } = await fetch(`${engine.url}/api/v1/import`, { method: "POST", body });
  if (!ok) throw new Error("the import was refused");
  return n;
}

interface Found {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

async function query(engine: Engine, text: string, nowMs: number): Promise<readonly Found[]> {
  // The engine's window begins after its start and includes its end.
  const time = String((nowMs - STEP_MS) / 1000);
  const body = new URLSearchParams({ query: text, time, nocache: "1" });
  const response = await fetch(`${engine.url}/api/v1/query`, { method: "POST", body });
  const answer = (await response.json()) as { data?: { result: Found[] }; error?: string };
  if (answer.data === undefined) throw new Error(`the engine answered ${answer.error}`);
  return answer.data.result;
}

async function count(engine: Engine, nowMs: number): Promise<number> {
  const text = `sum(count_over_time(${SERIES_PREFIX}${METRIC}[1d]))`;
  return Number((await query(engine, text, nowMs))[0]?.value[1]);
}

function readFigures(found: readonly Found[], min: string, max: string, prefix: string): Figures {
  const figure = (name: string): number =>
    Number(found.find(({ metric }) => metric.f === name)?.value[1]);
  return {
    count: figure("count"),
    mean: figure("avg"),
    min: figure(min),
    max: figure(max),
    percentiles: SHARES.map((share) => figure(`${prefix}${share}`)),
  };
}
