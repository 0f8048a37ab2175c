/**
 * How fast readings reach VictoriaMetrics: from blocks of the store to what it has taken, against
 * the best that it takes when everything was prepared before the clock starts.
 *
 * A rate is readings per CPU-second of the busier of the two processes, because both work at the
 * same time on cores of their own. The same readings every round: nothing is a new series.
 */
import { readFileSync } from "node:fs";
import { openSealed } from "#core/batch/batch-reader.js";
import { encodeBlock } from "#core/batch/block.js";
import { type ChannelTable, createChannelTable } from "#core/batch/channel-table.js";
import { createColumns } from "#core/batch/columns.js";
import { NO_PRIOR } from "#core/batch/prior.js";
import { createMemorySnapshotStore, createShelf } from "../backend/store/memory-snapshot-store.js";
import { openSeriesFeed } from "../backend/store/series-feed.js";
import type { StoredBlock } from "../backend/store/snapshot-store.js";
import { createVictoriametricsEngine } from "../backend/store/victoriametrics-engine.js";
import { addLines, createLines } from "../backend/store/victoriametrics-lines.js";
import { MACHINE_CLOCK } from "../faults/house.js";
import { type Engine, startVictoriaMetrics } from "../test/support/engine.js";
import { isPeerMissing } from "../test/support/peer.js";
import { EPOCH, installationId, MODEL } from "../test/support/pool-bed.js";
import { generate, REFERENCE_HOUSES } from "./gen.mjs";
import { METRIC_OF_CHANNEL } from "./gen-metrics.js";
import { type BenchOptions, measure, skipCase } from "./harness.js";

const STEP_MS = 60_000;
const ROWS = 60;
const HOURS = 12;
const INSTALLATIONS = 20;
const INSTALLATIONS_SHORT = 3;
/** As the feed sends. */
const SEND_BYTES = 4 * 1024 * 1024;
/** `sysconf(_SC_CLK_TCK)` of every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
const BENCH = "engines";

/** Prints a line per case. */
export async function run(options: BenchOptions): Promise<void> {
  if (isPeerMissing("victoria-metrics")) {
    skipCase(BENCH, "victoriametrics", "victoria-metrics");
    return;
  }
  const { blocks, table, readings } = makeBlocks(
    options.short ? INSTALLATIONS_SHORT : INSTALLATIONS,
  );
  const peer = await startVictoriaMetrics();
  const other = await startVictoriaMetrics();
  try {
    const bodies = toBodies(blocks, table);
    const post = poster(peer, readings);
    const baseline = {
      name: "JSON lines made before",
      round: () => post("/api/v1/import", bodies),
    };
    const common = { bench: BENCH, unit: "readings/cpu-s", better: "more", baseline } as const;
    const path = pathOf(peer, blocks, table, readings);
    const cpuSeconds = () => cpuOf(peer);
    await measure({ ...common, case: "store to VictoriaMetrics", ours: path, cpuSeconds }, options);
    await check(peer, readings);
    const text = toText(blocks, table);
    const ours = () => post("/api/v1/import/prometheus", text);
    await measure({ ...common, case: "import as Prometheus text", ours, cpuSeconds }, options);
    const native = [await exportNative(peer)];
    const postOther = poster(other, readings);
    const again = { ...baseline, round: () => postOther("/api/v1/import", bodies) };
    await measure(
      {
        ...common,
        case: "import as native blocks",
        baseline: again,
        ours: () => postOther("/api/v1/import/native", native),
        cpuSeconds: () => cpuOf(other),
      },
      options,
    );
    await check(other, readings);
  } finally {
    await peer.stop();
    await other.stop();
  }
}

/** Real-looking houses as a store holds them. */
function makeBlocks(installations: number) {
  const [house = { seed: 1 }] = REFERENCE_HOUSES;
  const data = generate({ ...house, days: 2 });
  const table = createChannelTable(
    data.channels.map(({ name, decimals, kind }) => ({
      metric: METRIC_OF_CHANNEL[name] ?? name,
      encoding: kind === "counter" ? "uint" : "int",
      multiplier: 1,
      decimals,
      kind,
    })),
  );
  const firstSlot = Math.floor(Date.now() / STEP_MS) - (HOURS + 1) * ROWS;
  const blocks: StoredBlock[] = [];
  for (let n = 0; n < installations; n++) {
    for (let hour = 0; hour < HOURS; hour++) {
      const columns = createColumns(table, ROWS);
      const slot = firstSlot + hour * ROWS;
      Object.assign(columns, { rows: ROWS, slot, stepMs: STEP_MS });
      columns.counts.fill(ROWS);
      const from = (n * 7 + hour * ROWS) % (data.n - ROWS);
      for (const [c, lane] of columns.lanes.entries()) {
        lane.set(data.columns[c]?.subarray(from, from + ROWS) ?? []);
      }
      const encoded = encodeBlock(columns, table, 1, NO_PRIOR);
      const readings = ROWS * table.channels.length;
      const facts = { deviceId: "heatpump", tableId: table.id, stepMs: STEP_MS, slot, rows: ROWS };
      blocks.push({
        installationId: installationId(n),
        epochId: EPOCH,
        sequence: hour + 1,
        heatpumpModel: MODEL,
        receivedAtMs: slot * STEP_MS,
        firstMs: slot * STEP_MS,
        lastMs: (slot + ROWS - 1) * STEP_MS,
        batch: { ...facts, readings, codec: 1, ...encoded },
      });
    }
  }
  return { blocks, table, readings: blocks.length * ROWS * table.channels.length };
}

/** A round of the feed: everything that the store holds, decoded, written out, sent. */
function pathOf(
  peer: Engine,
  blocks: readonly StoredBlock[],
  table: ChannelTable,
  readings: number,
): () => Promise<number> {
  const shelf = createShelf();
  shelf.tables.set("table", table);
  for (const [k, block] of blocks.entries()) {
    shelf.blocks.set(String(k).padStart(8, "0"), { block, commitNumber: k + 1 });
  }
  const engine = createVictoriametricsEngine({ url: peer.url, rawMonths: 12 });
  return async () => {
    const store = createMemorySnapshotStore({ ...shelf, records: new Map() });
    const feed = await openSeriesFeed({ store, engine, clock: MACHINE_CLOCK });
    const [before, own] = [cpuOf(peer), process.cpuUsage()];
    await feed.finish();
    await flush(peer);
    const { user, system } = process.cpuUsage(own);
    return readings / Math.max(cpuOf(peer) - before, (user + system) / 1e6);
  };
}

function poster(peer: Engine, readings: number) {
  return async (path: string, bodies: readonly Buffer[]): Promise<number> => {
    const before = cpuOf(peer);
    for (const body of bodies) {
      const { ok } = await fetch(peer.url + path, { method: "POST", body: new Uint8Array(body) });
      if (!ok) throw new Error(`${path} was refused`);
    }
    await flush(peer);
    return readings / (cpuOf(peer) - before);
  };
}

function toBodies(blocks: readonly StoredBlock[], table: ChannelTable): Buffer[] {
  const bodies: Buffer[] = [];
  let lines = createLines();
  for (const block of blocks) {
    addLines(lines, { block, table, columns: openSealed(block.batch, table) });
    if (lines.length < SEND_BYTES) continue;
    bodies.push(lines.bytes.subarray(0, lines.length));
    lines = createLines();
  }
  return [...bodies, lines.bytes.subarray(0, lines.length)];
}

/** The same readings in the text format of Prometheus, one line each. */
function toText(blocks: readonly StoredBlock[], table: ChannelTable): Buffer[] {
  return toBodies(blocks, table).map((body) => {
    const lines: string[] = [];
    for (const line of body.toString().trimEnd().split("\n")) {
      const { metric, values, timestamps } = JSON.parse(line);
      const { __name__: name, ...labels } = metric as Record<string, string>;
      const pairs = Object.entries(labels).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
      for (const [k, value] of values.entries()) {
        lines.push(`${name}{${pairs.join(",")}} ${value} ${timestamps[k]}`);
      }
    }
    return Buffer.from(`${lines.join("\n")}\n`);
  });
}

async function exportNative(peer: Engine): Promise<Buffer> {
  const query = new URLSearchParams({ "match[]": '{__name__=~"heatpump_.*"}' });
  const response = await fetch(`${peer.url}/api/v1/export/native?${query}`);
  return Buffer.from(await response.arrayBuffer());
}

async function flush(peer: Engine): Promise<void> {
  await fetch(`${peer.url}/internal/force_flush`);
}

async function check(peer: Engine, readings: number): Promise<void> {
  const engine = createVictoriametricsEngine({ url: peer.url, rawMonths: 12 });
  const { samples } = await engine.count();
  if (samples !== readings) throw new Error(`${samples} samples instead of ${readings}`);
}

function cpuOf(peer: Engine): number {
  const [, rest = ""] = readFileSync(`/proc/${peer.pid()}/stat`, "utf8").split(") ");
  const fields = rest.split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
